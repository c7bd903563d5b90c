"""Networks of architectures that others wrote, through the library spandrel."""
