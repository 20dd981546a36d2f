"""boto3 for tests: what it knows of AWS, a megabyte of JSON, is read once a process instead of once a session.

Nor is it worked out anew for each session which names of events have been changed since.
"""

import functools

import botocore.hooks
import botocore.session


def read_once() -> None:
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    remembering = botocore.hooks.EventAliaser(None)._alias_event_name
    botocore.hooks.EventAliaser._alias_event_name = staticmethod(remembering)
