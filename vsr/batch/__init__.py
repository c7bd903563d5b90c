"""Many films on many workers: which ones, where to, in what order, and what is already finished."""
