"""``vsr probe``: what is in a file, and what an upscale would do with it."""
