"""Runs over time: what changed, by how much, and with which run and commit. ``python -m loadtest trend RUN…``."""
