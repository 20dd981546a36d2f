"""Which version an ETag names."""
