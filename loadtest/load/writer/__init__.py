"""The background writer, a process of its own, and the side of its parent."""
