"""What can be wrong with an answer. Anything else that fails is an OSError, as the operating system told it."""

from __future__ import annotations

import errno


class MalformedError(Exception):
    """The bytes that came are no answer as HTTP/1.1 has it. RFC 9112."""


class TooLargeError(Exception):
    """The answer is larger than any that is wanted; it is not received to its end."""


class HeadTooLargeError(TooLargeError):
    """Its head is."""


class BodyTooLargeError(TooLargeError):
    """Its body is."""


def cut(where: str) -> ConnectionResetError:
    """The connection ended before the answer did."""
    return ConnectionResetError(errno.ECONNRESET, f"the connection was cut {where}")
