"""Still images, 8 and 16 bits deep."""
