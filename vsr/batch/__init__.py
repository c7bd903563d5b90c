"""Many films on many workers: which, where to, in which order, and what is finished already."""
