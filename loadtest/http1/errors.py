"""What can be wrong with an answer. Any other failure is an OSError of the operating system."""

from __future__ import annotations

import errno


class MalformedError(Exception):
    """The bytes are no HTTP/1.1 answer. RFC 9112."""


class TooLargeError(Exception):
    """The answer is larger than the limit; the rest of it is not received."""


class HeadTooLargeError(TooLargeError):
    """Its head is larger than the limit."""


class BodyTooLargeError(TooLargeError):
    """Its body is larger than the limit."""


def cut(where: str) -> ConnectionResetError:
    """The connection ended before the answer did."""
    return ConnectionResetError(errno.ECONNRESET, f"the connection was cut {where}")
