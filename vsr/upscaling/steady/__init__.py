"""What the network draws, held to its objects from frame to frame."""
