"""Files that a crash does not spoil: locks, names that mean completeness, and a full disk."""
