"""How good a picture is, in numbers with a published protocol."""
