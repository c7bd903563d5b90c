"""What runs a pass on a device: the CPU and CUDA engines."""
