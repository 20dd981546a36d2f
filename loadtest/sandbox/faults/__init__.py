"""Faults of known size, injected on demand: the positive controls of the analysis. One family a file."""
