"""The stage cache of API Gateway: answers of the integration, kept for a time to live and keyed as the stack says.

Follows "Cache settings for REST APIs in API Gateway": GET only, answers up to 1,048,576 bytes, keyed by the path and by
the integration's cache key parameters and by nothing else. Whatever the integration answers is kept, errors and 304s
too: a 304 that was kept without If-None-Match in the key goes to readers who sent no condition. Whether AWS keeps 304s
out of its cache is not known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Final

from loadtest.sandbox.gateway.responses import GatewayAnswer

LARGEST_CACHED: Final = 1_048_576
"""Bytes of the largest answer that is kept."""
MOST_ENTRIES: Final = 10_000
"""Beyond it the oldest is dropped, since readers may send any number of validators."""


class ResponseCache:
    """Answers by key, each with the time at which it came from the integration (seconds)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[Hashable, tuple[float, GatewayAnswer]] = {}

    def find(self, key: Hashable, ttl: float) -> GatewayAnswer | None:
        """The answer kept under ``key`` if it is younger than ``ttl`` seconds."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock() - entry[0] >= ttl:
            del self._entries[key]
            return None
        return entry[1]

    def keep(self, key: Hashable, answer: GatewayAnswer) -> None:
        """Keep ``answer`` from now on, unless it is too large."""
        if len(answer.body) > LARGEST_CACHED:
            return
        self._entries.pop(key, None)
        self._entries[key] = (self._clock(), answer)
        if len(self._entries) > MOST_ENTRIES:
            del self._entries[next(iter(self._entries))]

    def forget(self, key: Hashable) -> None:
        """Drop one entry (``Cache-Control: max-age=0``)."""
        self._entries.pop(key, None)
