"""Folders of films and images."""
