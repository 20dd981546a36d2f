"""Estimates and intervals; they know nothing of reads."""
