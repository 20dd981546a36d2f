"""Which document an ETag names: the rule of the load test (``loadtest.run.etags.versions_named``), for a few documents.

A target may make ETags of its own, but may not contradict itself or the store: an ETag that came with one document, or
that the store gave in answer to its PUT, must not come with another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from loadtest.probe.judging import DEVIATES, FAIL, PASS
from loadtest.probe.model import Finding
from loadtest.run.records import opaque

_LONGEST_BY_CHANCE: Final = 12
"""As in the load test: ETags as short may be two counters with the same value by chance."""


@dataclass(frozen=True)
class Named:
    """A document, the ETags that came with it, in order, and the one in the answer to its PUT."""

    body: bytes
    came: tuple[str | None, ...]
    told: str | None = None

    @property
    def digest(self) -> str:
        """S3's ETag of it, where S3 does not encrypt."""
        return hashlib.md5(self.body, usedforsecurity=False).hexdigest()

    @property
    def came_opaque(self) -> set[str]:
        """The opaque parts of the ETags that came with it."""
        return {opaque(etag) for etag in self.came if etag is not None}

    @property
    def told_opaque(self) -> str | None:
        """The opaque part of the ETag in the answer to its PUT."""
        return None if self.told is None else opaque(self.told)


def names_of(documents: list[Named]) -> Finding:
    """Whether each document came with an ETag that names it and no other; all of them have different bytes."""
    told_etags = {document.told_opaque for document in documents if document.told_opaque}
    by_chance = all(len(tag) <= _LONGEST_BY_CHANCE for tag in told_etags) and not any(
        document.told_opaque in document.came_opaque for document in documents
    )
    for document in documents:
        if None in document.came:
            return Finding(FAIL, "200 without ETag: readers have nothing to validate with")
        for other in documents:
            names = other.came_opaque | {other.digest}
            if other.told_opaque and not by_chance:
                names.add(other.told_opaque)
            if other.body != document.body and (shared := names & document.came_opaque):
                return Finding(FAIL, f"other bytes under the ETag of another document: {min(shared)}")
        changes = sum(one != other for one, other in pairwise(document.came))
        if changes > 1:
            return Finding(FAIL, f"one document under ETags by turns: {', '.join(map(str, document.came))}")
    own = next((each for each in documents if each.told_opaque and each.came_opaque != {each.told_opaque}), None)
    if own is not None:
        return Finding(DEVIATES, f"ETag: {own.came[-1]}, another than the store's {own.told}")
    if not told_etags:
        return Finding(PASS, "another ETag for each document; the store names none")
    return Finding(PASS, "another ETag for each document, the one that S3 acknowledged")
