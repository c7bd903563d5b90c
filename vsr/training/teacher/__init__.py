"""Another network makes the targets of a prepared set."""
