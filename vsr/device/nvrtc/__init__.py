"""Kernels for CUDA, as text, and what joins and compiles it through CuPy."""
