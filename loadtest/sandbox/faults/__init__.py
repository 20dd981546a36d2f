"""Faults of known size, injected on demand. They are the positive controls of the analysis. One family a file."""
