"""What is trained, as values: networks, stages, schedules."""
