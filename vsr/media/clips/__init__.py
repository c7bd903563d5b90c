"""Clips that are made: for demos, benchmarks and degradations."""
