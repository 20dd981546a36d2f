"""What a process records while a run goes on, and that it is there."""
