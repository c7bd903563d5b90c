"""One frame's computation: colour, network, resampling."""
