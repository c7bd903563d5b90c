"""A run: its folder, its steps, and how it resumes."""
