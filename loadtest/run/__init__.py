"""A recorded run: its directory checked against its checksums and loaded as a History that is known to be valid."""
