"""Pages that show a result beside its source, before or after the long run."""
