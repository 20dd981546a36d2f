"""A stand-in for AWS on loopback: S3 and IAM by moto, the API Gateway by this package, faults of known size on demand.

It is not AWS. It answers as AWS is documented or was recorded to answer; where that is not known, it does what is
harder for the stack.
"""
