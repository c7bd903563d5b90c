"""What becomes of everything that is not the main video."""
