"""A file as frames in order, and what its first frames say."""
