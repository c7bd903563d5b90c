"""Recordings within one file: where clocks restart, and how times continue."""
