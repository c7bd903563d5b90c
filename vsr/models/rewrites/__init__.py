"""Networks rewritten to the same function, or nearly, that run faster."""
