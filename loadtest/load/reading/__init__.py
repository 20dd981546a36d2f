"""Readers: when a read is due, its connection, what it asks, and how it is recorded."""
