"""The object and its versions, and what S3 answers to a conditional GET and to an origin."""
