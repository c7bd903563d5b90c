"""The networks, and the files that hold their weights."""
