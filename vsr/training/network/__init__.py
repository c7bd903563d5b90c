"""How a network starts, and the forms it is trained in."""
