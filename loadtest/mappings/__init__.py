"""``python -m loadtest mappings``: the ways to map the gateway's request, probed and measured side by side."""
