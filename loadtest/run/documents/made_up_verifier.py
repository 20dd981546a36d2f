"""The kind of documents that are made up: those of one run, and what tells for each body which of them it is."""

from __future__ import annotations

from typing import Final

from loadtest.run.documents.kind import Identity
from loadtest.run.documents.made_up import LARGEST_KEPT, how_rewritten, identify, render
from loadtest.run.etag_digests import is_digest
from loadtest.run.records import NO_VERSION, ReadOutcome

MADE_UP: Final = "made-up"
_MOST_BROKEN_BODIES: Final = 64


class MadeUp:
    """Documents that are made up for one run, all of one size."""

    def __init__(self, run: str, size: int) -> None:
        self._run = run
        self._size = size

    @property
    def largest(self) -> int:
        return self._size

    @property
    def count(self) -> int | None:
        return None

    def render(self, version: int) -> bytes:
        return render(self._run, version, self._size)

    def verifier(self) -> Verifier:
        return Verifier(self._run, self._size)


class Verifier:
    """Tells what a body is, for one run. Bodies seen before cost one memory comparison.

    Keeps the bodies of the last few versions; with replicas that lag, readers go back and forth between them. Of bodies
    that are not whole it keeps the last few too: an error page is mostly the same.
    """

    def __init__(self, run: str, size: int, keep: int = 8) -> None:
        self._run = run
        self._size = size
        self._keep = max(1, min(keep, 32 * 1024 * 1024 // size))
        self._whole: dict[bytes, tuple[bytes, Identity]] = {}
        self._latest: tuple[bytes, Identity] = (b"", Identity(ReadOutcome.TRUNCATED, NO_VERSION))
        self._broken: dict[tuple[bytes, str | None], Identity] = {}
        self._etags_are_digests = False
        self._rewritten = (b"", "")

    @property
    def latest_body(self) -> bytes:
        """The last whole document that was identified; empty before the first one."""
        return self._latest[0]

    @property
    def latest_identity(self) -> Identity:
        """What ``latest_body`` is."""
        return self._latest[1]

    def identify(self, body: bytes, etag: str | None = None) -> Identity:
        """The identity of ``body``, which came with status 200 and this ETag."""
        latest = self._latest
        if body == latest[0]:
            return latest[1]
        header = body[:160]
        known = self._whole.get(header)
        if known is None or known[0] != body:
            known = (body, self._broken.get((body, etag)) or self._told(body, etag))
            if known[1].outcome is not ReadOutcome.WHOLE:
                return known[1]
            self._etags_are_digests = is_digest(etag, body)
            self._whole[header] = known
            if len(self._whole) > self._keep:
                del self._whole[next(iter(self._whole))]
        self._latest = known
        return known[1]

    def how_rewritten(self, body: bytes) -> str:
        """What was done to a document that turned out to be rewritten, in a few words; the last answer is kept."""
        if body != self._rewritten[0]:
            self._rewritten = (body, how_rewritten(body, self._run, self._size))
        return self._rewritten[1]

    def _told(self, body: bytes, etag: str | None) -> Identity:
        """The identity of a body that was not seen before, or is not known any more."""
        identity = identify(body, self._run, self._size)
        if identity.outcome is ReadOutcome.UNRECOGNISED and self._etags_are_digests and is_digest(etag, body):
            identity = Identity(ReadOutcome.FOREIGN, NO_VERSION)
        if identity.outcome is not ReadOutcome.WHOLE and len(body) <= LARGEST_KEPT:
            self._broken[body, etag] = identity
            if len(self._broken) > _MOST_BROKEN_BODIES:
                del self._broken[next(iter(self._broken))]
        return identity
