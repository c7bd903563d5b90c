"""Find and decode presets and pipelines."""
