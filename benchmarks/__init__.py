"""Speed and accuracy, measured side by side in one run: ``python -m benchmarks`` (``make bench``) prints every table."""
