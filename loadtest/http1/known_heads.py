"""Heads that came before, so that the same bytes are not parsed again.

Parsing a head takes as long as all else that a reader does for a small document, and most heads of a target differ from
the one before only once a second (Date). Where every head differs, as with a request id, little is lost: comparing ends
at the first byte that differs.
"""

from __future__ import annotations

from typing import Final

from loadtest.http1.head import Head

MOST_KNOWN_HEADS: Final = 8
"""A target has few that come again, such as one of 200 and one of 304, and readers may read at several addresses."""
LONGEST_KNOWN_HEAD: Final = 4096
"""Longer ones are parsed."""


class KnownHeads:
    """The last few, of one connection or of several: final heads that began the answer to a request other than HEAD."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: tuple[tuple[bytes, Head], ...] = ()

    def find(self, room: bytearray, filled: int) -> tuple[bytes, Head] | None:
        """The known head at the beginning of ``room``, which is filled up to ``filled``; None if there is none.

        A head ends with its first empty line, so an answer that begins with a known head has that head.
        """
        for known in self._known:
            if room.startswith(known[0], 0, filled):
                return known
        return None

    def keep(self, spelled: bytes, head: Head) -> None:
        """Keep a complete head, which must not be changed from now on."""
        if len(spelled) <= LONGEST_KNOWN_HEAD:
            self._known = ((spelled, head), *self._known[: MOST_KNOWN_HEADS - 1])
