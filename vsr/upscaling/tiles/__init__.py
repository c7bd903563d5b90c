"""A frame in tiles, and those that did not change."""
