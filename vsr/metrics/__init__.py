"""How good an image is, in numbers with a published protocol."""
