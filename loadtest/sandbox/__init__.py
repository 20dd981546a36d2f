"""A stand-in for AWS on loopback: S3 and IAM by moto, the API Gateway by this package, faults of known size on demand.

It is not AWS. It answers as AWS is documented or recorded to answer, and where that is not established it takes the
reading that is harder on the stack.
"""
