"""Heads that came before, and what they say: the same bytes say the same, and are not parsed again.

To parse a head takes as long as all else that a reader does for a small document, and of one target most heads differ
from the one before only when a second is over (Date). Where every head is another, as with a number for each request,
little is lost: comparing ends at the first byte that differs.
"""

from __future__ import annotations

from typing import Final

from loadtest.http1.head import Head

MOST_KNOWN_HEADS: Final = 4
"""A target has few that come again and again, as one of 200 and one of 304."""
LONGEST_KNOWN_HEAD: Final = 4096
"""Longer ones are parsed: what hundreds of connections keep must not add up."""


class KnownHeads:
    """The last few of one connection: final heads, with which an answer began, of requests whose answer has a body."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: tuple[tuple[bytes, Head], ...] = ()

    def find(self, room: bytearray, filled: int) -> tuple[bytes, Head] | None:
        """The head that the answer in ``room``, which ends at ``filled`` so far, begins with; None if it is another.

        A head ends with its first empty line, so what begins with one has no other.
        """
        for known in self._known:
            if room.startswith(known[0], 0, filled):
                return known
        return None

    def keep(self, spelled: bytes, head: Head) -> None:
        """Keep a head that is complete; it is not to be changed any more."""
        if len(spelled) <= LONGEST_KNOWN_HEAD:
            self._known = ((spelled, head), *self._known[: MOST_KNOWN_HEADS - 1])
