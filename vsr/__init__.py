"""Upscale real video with neural networks, without damaging anything."""
