"""From photographs and films to batches."""
