"""What happens before a run begins, and what earlier runs have left."""
