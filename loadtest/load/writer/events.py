"""The events that a writer or watcher sends to its parent: one JSON object a line, of limited length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from loadtest.run.records import WriteOutcome

MOST_LINE_BYTES: Final = 256 * 1024
"""An event has some hundred bytes. A helper for credentials, or a library, may print more."""


class EndlessLineError(Exception):
    """A line that is longer than any event."""


def events_of(output: BinaryIO) -> Iterator[dict[str, Any]]:
    """Each event, until the output ends. Lines that are not events are skipped."""
    while line := output.readline(MOST_LINE_BYTES + 1):
        if len(line) > MOST_LINE_BYTES:
            raise EndlessLineError
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event


@dataclass(frozen=True)
class Put:
    """A PUT and what became of it."""

    version: int
    called_ns: int
    returned_ns: int
    outcome: WriteOutcome
    bytes: int
    etag: str
    error: str

    @property
    def milliseconds(self) -> float:
        """Service time, as Locust counts it."""
        return (self.returned_ns - self.called_ns) / 1e6
