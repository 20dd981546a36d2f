"""What the writer says to the process that started it: one JSON object a line, and no line without an end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

MOST_LINE_BYTES: Final = 256 * 1024
"""A helper for credentials, or a library, may print whatever it likes; an event is some hundred bytes long."""


class EndlessLineError(Exception):
    """A line is longer than any event."""


def events_of(output: BinaryIO) -> Iterator[dict[str, Any]]:
    """Each event, until the writer ends; lines that are not events are skipped.

    Raises:
        EndlessLineError: what comes is no line any more.
    """
    while line := output.readline(MOST_LINE_BYTES + 1):
        if len(line) > MOST_LINE_BYTES:
            raise EndlessLineError
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event
