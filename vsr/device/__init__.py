"""Where the arithmetic runs: CPU or CUDA."""
