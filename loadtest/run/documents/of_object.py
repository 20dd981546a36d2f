"""The documents of one object, in a run that has several: those of every other one are told apart from its own.

Versions are those of the run (:mod:`loadtest.run.history.objects`).
"""

from __future__ import annotations

from loadtest.run.documents.kind import BodyVerifier, Documents, Identity
from loadtest.run.records import NO_VERSION, ReadOutcome


class OfObject:
    """The documents of a run, as the readers of one of its objects tell them."""

    def __init__(self, documents: Documents, number: int, objects: int) -> None:
        self._documents = documents
        self._number = number
        self._objects = objects
        self.largest, self.count = documents.largest, documents.count

    def render(self, version: int) -> bytes | None:
        return self._documents.render(version)

    def verifier(self) -> BodyVerifier:
        return OfObjectVerifier(self._documents.verifier(), self._number, self._objects)


class OfObjectVerifier:
    """Tells what a body is; a whole document that was written to another object is none of this one."""

    def __init__(self, verifier: BodyVerifier, number: int, objects: int) -> None:
        self._verifier = verifier
        self._number = number
        self._objects = objects

    @property
    def latest_body(self) -> bytes:
        return self._verifier.latest_body

    @property
    def latest_identity(self) -> Identity:
        return self._told(self._verifier.latest_identity)

    def identify(self, body: bytes, etag: str | None = None) -> Identity:
        return self._told(self._verifier.identify(body, etag))

    def how_rewritten(self, body: bytes) -> str:
        return self._verifier.how_rewritten(body)

    def _told(self, found: Identity) -> Identity:
        if found.version < 0 or found.version % self._objects == self._number:
            return found
        return Identity(ReadOutcome.OTHER_OBJECT, NO_VERSION)
