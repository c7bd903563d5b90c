"""Upscale frames that are in memory: numpy arrays and torch tensors."""
