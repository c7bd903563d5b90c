"""Segments, and the file made of them: written, joined, verified."""
