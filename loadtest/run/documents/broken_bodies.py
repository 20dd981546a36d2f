"""What the last few bodies that are not whole turned out to be: an error page mostly comes again."""

from __future__ import annotations

from typing import Final

from loadtest.run.documents.kind import Identity

LARGEST_KEPT: Final = 512 * 1024
_MOST_KEPT: Final = 64


class BrokenBodies:
    """The identities of bodies, by body and ETag."""

    def __init__(self) -> None:
        self._identities: dict[tuple[bytes, str | None], Identity] = {}

    def __len__(self) -> int:
        return len(self._identities)

    def identity(self, body: bytes, etag: str | None) -> Identity | None:
        return self._identities.get((body, etag))

    def keep(self, body: bytes, etag: str | None, identity: Identity) -> None:
        """Keep it, unless the body is large; the oldest one makes room."""
        if len(body) > LARGEST_KEPT:
            return
        self._identities[body, etag] = identity
        if len(self._identities) > _MOST_KEPT:
            del self._identities[next(iter(self._identities))]
