"""One upscale: planned, then run."""
