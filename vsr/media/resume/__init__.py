"""What a killed run leaves, and the next one needs."""
