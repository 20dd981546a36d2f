"""What the gateway makes of a request and of what S3 answers, as the stack describes it."""
