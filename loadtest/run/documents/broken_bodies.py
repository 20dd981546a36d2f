"""What the last few bodies that are not whole turned out to be: an error page mostly comes again."""

from __future__ import annotations

import hashlib
from typing import Final

from loadtest.run.documents.kind import Identity

_MOST_KEPT: Final = 64


class BrokenBodies:
    """The identities of bodies, by digest and ETag: to know a large body again takes far less than to identify it.

    They rest on the ETags of whole documents that were known by then, so they are forgotten when a new one is.
    """

    def __init__(self) -> None:
        self._identities: dict[tuple[bytes, str | None], Identity] = {}

    def __len__(self) -> int:
        return len(self._identities)

    def identity(self, body: bytes, etag: str | None) -> Identity | None:
        return self._identities.get((hashlib.sha256(body).digest(), etag))

    def keep(self, body: bytes, etag: str | None, identity: Identity) -> None:
        """Keep it; the oldest one makes room."""
        self._identities[hashlib.sha256(body).digest(), etag] = identity
        if len(self._identities) > _MOST_KEPT:
            del self._identities[next(iter(self._identities))]

    def forget(self) -> None:
        self._identities.clear()
