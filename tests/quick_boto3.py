"""boto3 for tests: what it knows of AWS, a megabyte of JSON, is read once a process instead of once a session."""

import functools

import botocore.session


def read_once() -> None:
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
