"""Speed and accuracy, measured side by side in one run: ``make bench`` prints every table."""
