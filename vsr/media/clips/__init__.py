"""Clips that are made: as compression leaves them, as browsers play them, and a drawn one."""
