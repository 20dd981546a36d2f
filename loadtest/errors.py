"""What a user is told in one sentence instead of a traceback."""

from __future__ import annotations


class UsageError(Exception):
    """Something that the user gave cannot be used. The text is one sentence: what was received, and what to do."""


class RunError(Exception):
    """A recorded run cannot be judged. The text is one sentence: what is wrong, where, and what to do."""
