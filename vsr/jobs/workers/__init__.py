"""Films as tasks over workers."""
