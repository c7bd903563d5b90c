"""What several commands share: options, values, reports."""
