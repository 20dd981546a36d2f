"""The document of a run that never writes: the one that was there before, and what other bodies are.

Its owner may replace it while the run goes on. A new document of theirs has another ETag than the one that is there. So
a body under the known ETag, or without one where documents have one, is broken, whatever it looks like.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, Final

from loadtest.run.documents.broken_bodies import BrokenBodies
from loadtest.run.documents.etags_of_ours import EtagsOfOurs
from loadtest.run.documents.kind import Identity
from loadtest.run.documents.stamps import maker_of
from loadtest.run.etags.etag_digests import is_digest
from loadtest.run.records import NO_VERSION, ReadOutcome

STANDING: Final = "standing"


class Standing:
    """The one document of a run that never writes."""

    def __init__(self, document: bytes) -> None:
        self._document = document
        self.largest = len(document)
        self.count: int | None = 1

    def render(self, version: int) -> bytes | None:
        return self._document if version == 0 else None

    def verifier(self) -> StandingVerifier:
        return StandingVerifier(self._document)


class StandingVerifier:
    """Identifies bodies in a run whose only version is ``document``."""

    def __init__(self, document: bytes) -> None:
        self._document = document
        # Before the first answer no body is the last one: that answer's ETag has to be learned.
        empty = ReadOutcome.TRUNCATED if document else ReadOutcome.WHOLE
        self.latest_body, self.latest_identity = b"", Identity(empty, NO_VERSION if document else 0)
        self._broken = BrokenBodies()
        self._etags = EtagsOfOurs()

    def identify(self, body: bytes, etag: str | None = None) -> Identity:
        if body == self._document:
            if self._etags.keep(etag, body, 0):
                self._broken.forget()
            self.latest_body, self.latest_identity = body, Identity(ReadOutcome.WHOLE, 0)
            return self.latest_identity
        identity = self._broken.identity(body, etag)
        if identity is None:
            identity = self._identified(body, etag)
            self._broken.keep(body, etag, identity)
        return identity

    def _identified(self, body: bytes, etag: str | None) -> Identity:
        if is_digest(etag, body):
            return Identity(ReadOutcome.FOREIGN, NO_VERSION)  # the store itself holds it
        outcome = self._what_is_wrong(body)
        if outcome is ReadOutcome.FOREIGN and not maker_of(body) and self._etags.are_of_ours(etag):
            outcome = ReadOutcome.UNRECOGNISED
        elif outcome is ReadOutcome.UNRECOGNISED and self._etags.say_that_somebody_wrote(body, etag):
            outcome = ReadOutcome.FOREIGN
        return Identity(outcome, NO_VERSION)

    def how_rewritten(self, body: bytes) -> str:
        return "a byte-order mark was put in front" if body.startswith(b"\xef\xbb\xbf") else "spelled anew"

    @cached_property
    def _parsed_document(self) -> Any:
        return _parsed(self._document)

    def _what_is_wrong(self, body: bytes) -> ReadOutcome:
        if self._document.startswith(body):
            return ReadOutcome.TRUNCATED
        if maker_of(body):
            return ReadOutcome.FOREIGN
        ours = self._parsed_document
        if ours is None:
            return ReadOutcome.UNRECOGNISED
        theirs = _parsed(body.removeprefix(b"\xef\xbb\xbf"))
        if theirs == ours:
            return ReadOutcome.REWRITTEN
        same_kind = isinstance(theirs, list) and isinstance(ours, list)
        if isinstance(theirs, dict) and isinstance(ours, dict):
            same_kind = bool(theirs.keys() & ours.keys())
        if same_kind:
            return ReadOutcome.FOREIGN  # a document like this one with other contents: somebody has changed it
        return ReadOutcome.CORRUPT if len(body) == len(self._document) else ReadOutcome.UNRECOGNISED


def _parsed(body: bytes) -> Any:
    """``body`` parsed as JSON; None when it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
