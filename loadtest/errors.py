"""What a user is told in one sentence instead of a traceback."""

from __future__ import annotations

from typing import Final

EXIT_USAGE: Final = 2
"""Wrong usage or configuration."""
EXIT_INTERRUPTED: Final = 130
"""Stopped with Ctrl-C before there was anything to say, as shells have it."""


class UsageError(Exception):
    """Something that the user gave cannot be used. The text is one sentence: what was received, and what to do.

    Whatever takes what a user gave may raise it, also where no docstring says so; the command line prints it.
    """


class RunError(UsageError):
    """A recorded run cannot be judged. The text is one sentence: what is wrong, where, and what to do."""
