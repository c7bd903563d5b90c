"""What happens to a picture on its way to a viewer."""
