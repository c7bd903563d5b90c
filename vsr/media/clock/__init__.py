"""Times as numbers: time bases, and clocks that wrap."""
