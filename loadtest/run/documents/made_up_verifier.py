"""The documents that are made up for a run, and the verifier that finds out which of them a body is."""

from __future__ import annotations

from typing import Final

from loadtest.run.documents.broken_bodies import BrokenBodies
from loadtest.run.documents.etags_of_ours import EtagsOfOurs
from loadtest.run.documents.kind import Identity
from loadtest.run.documents.made_up import how_rewritten, identify, render
from loadtest.run.records import NO_VERSION, ReadOutcome

MADE_UP: Final = "made-up"


class MadeUp:
    """Documents that are made up for one run, all of one size."""

    def __init__(self, run: str, size: int) -> None:
        self._run = run
        self.largest = size
        self.count: int | None = None

    def render(self, version: int) -> bytes:
        return render(self._run, version, self.largest)

    def verifier(self) -> Verifier:
        return Verifier(self._run, self.largest)


class Verifier:
    """Identifies bodies for one run. A body that came before costs one memory comparison.

    It keeps the bodies of the last few versions, because readers go back and forth between them where replicas lag, and
    the last few bodies that are not whole.
    """

    def __init__(self, run: str, size: int, keep: int = 8) -> None:
        self._run = run
        self._size = size
        self._keep = max(1, min(keep, 32 * 1024 * 1024 // size))
        self._whole: dict[bytes, tuple[bytes, Identity]] = {}
        self.latest_body, self.latest_identity = b"", Identity(ReadOutcome.TRUNCATED, NO_VERSION)
        self._broken = BrokenBodies()
        self._etags = EtagsOfOurs()
        self._rewritten = (b"", "")

    def identify(self, body: bytes, etag: str | None = None) -> Identity:
        if body == self.latest_body:
            return self.latest_identity
        header = body[:160]
        known = self._whole.get(header)
        if known is None or known[0] != body:
            known = (body, self._broken.identity(body, etag) or self._identified(body, etag))
            if known[1].outcome is not ReadOutcome.WHOLE:
                return known[1]
            if self._etags.keep(etag, body, known[1].version):
                self._broken.forget()
            self._whole[header] = known
            if len(self._whole) > self._keep:
                del self._whole[next(iter(self._whole))]
        self.latest_body, self.latest_identity = known
        return self.latest_identity

    def how_rewritten(self, body: bytes) -> str:
        if body != self._rewritten[0]:
            self._rewritten = (body, how_rewritten(body, self._run, self._size))
        return self._rewritten[1]

    def _identified(self, body: bytes, etag: str | None) -> Identity:
        """The identity of a body that is new, or not kept any more."""
        identity = identify(body, self._run, self._size)
        if identity.outcome is ReadOutcome.UNRECOGNISED and (
            self._etags.prove_that_the_store_holds(body, etag) or self._etags.say_that_somebody_wrote(body, etag)
        ):
            identity = Identity(ReadOutcome.FOREIGN, NO_VERSION)
        if identity.outcome is not ReadOutcome.WHOLE:
            self._broken.keep(body, etag, identity)
        return identity
