"""The measurement: Locust readers and a background writer, their recorded history, and what it proves."""
