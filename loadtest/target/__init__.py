"""Where to read and to write: finding it, trying it, keeping what is there, and the one S3 client."""
