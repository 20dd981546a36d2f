"""Documents that somebody else publishes. Their bytes are not known beforehand, so each new body gets a number.

What a body is (whole or not, and which version) is decided when the run is sealed, from what a watcher saw of the store
and from all ETags together (:mod:`loadtest.run.observed`). Here a body is only compared with the ones before it: it may
be the beginning of one of them, or pieces of two.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from loadtest.run.documents.kind import Identity
from loadtest.run.documents.rewriting import looks_like_json
from loadtest.run.etags.etag_digests import md5_of
from loadtest.run.records import NO_VERSION, ReadOutcome

OBSERVED: Final = "observed"
_KEPT_BODIES: Final = 16
_MOST_KEPT_BYTES: Final = 32 * 1024 * 1024
_MOST_BODIES: Final = 100_000
"""Different bodies in one process. A target that answers every read with another body is not numbered beyond this."""
_COMPARED_WITH: Final = 6
_OF_THE_LAST: Final = 3


class Observed:
    """The documents of a run that only watches."""

    def __init__(self, size: int) -> None:
        self.largest = size
        self.count: int | None = None

    def render(self, version: int) -> bytes | None:
        return None

    def verifier(self) -> ObservedVerifier:
        return ObservedVerifier()


class ObservedVerifier:
    """Numbers the bodies of one process, from 0. A body that came before costs a memory comparison.

    For now every body counts as whole, with its number in place of the version.
    """

    def __init__(self) -> None:
        self.tell: Callable[[dict[str, Any]], None] = lambda said: None
        """Called with the facts of each new body, before any read can name it."""
        self._numbers: dict[bytes, int] = {}
        self._by_digest: dict[bytes, int] = {}
        self._came_again: set[int] = set()
        nobodys = secrets.token_bytes(32)  # an empty body may be somebody's document
        self.latest_body, self.latest_identity = nobodys, Identity(ReadOutcome.CORRUPT, NO_VERSION)

    def identify(self, body: bytes, etag: str | None = None) -> Identity:
        """The number of ``body`` as its version. Never raises."""
        number = self._numbers.get(body)
        if number is None:
            digest = hashlib.sha256(body).digest()
            number = self._by_digest.get(digest)
            if number is None:
                if len(self._by_digest) >= _MOST_BODIES:
                    return Identity(ReadOutcome.UNRECOGNISED, NO_VERSION)
                number = self._by_digest[digest] = len(self._by_digest)
                self._tell(number, body, digest)
            else:
                self._came_again.add(number)
            self._numbers[body] = number
            self._forget()
        else:
            self._came_again.add(number)
        self.latest_body, self.latest_identity = body, Identity(ReadOutcome.WHOLE, number)
        return self.latest_identity

    def how_rewritten(self, body: bytes) -> str:
        return ""

    def _tell(self, number: int, body: bytes, digest: bytes) -> None:
        known = [*self._kept(again=True)[-_COMPARED_WITH:], *self._kept(again=False)[-_OF_THE_LAST:]]
        self.tell(
            {
                "body": number,
                "sha256": digest.hex(),
                "md5": md5_of(body),
                "bytes": len(body),
                "json": looks_like_json(body),
                "said": _beside(body, known),
            }
        )
        for other in known:  # a mix of two documents may come before the second of them does
            if (outcome := _beside(other, [*(one for one in known if one is not other), body])) is not None:
                self.tell({"body": self._numbers[other], "said": outcome})

    def _kept(self, *, again: bool) -> list[bytes]:
        """The bodies that came again after another one, as documents do, or those that did not, as most broken ones."""
        return [body for body, number in self._numbers.items() if (number in self._came_again) is again]

    def _forget(self) -> None:
        """Keep the bodies that came last, as far as there is room, and those that came again before others."""
        total = sum(map(len, self._numbers))
        while len(self._numbers) > 1 and (len(self._numbers) > _KEPT_BODIES or total > _MOST_KEPT_BYTES):
            total -= len(oldest := next(iter(self._kept(again=False)[:-1] or self._numbers)))
            del self._numbers[oldest]


def _beside(body: bytes, known: list[bytes]) -> int | None:
    """The outcome of ``body`` compared with known bodies, should it turn out not to be whole."""
    if any(len(body) < len(one) and one.startswith(body) for one in known):
        return int(ReadOutcome.TRUNCATED)
    starts = [_alike(len(body), partial(_begin_alike, body, one)) for one in known]
    ends = [_alike(len(body), partial(_end_alike, body, one)) for one in known]
    for place, start in enumerate(starts):
        if any(other != place and start and end and start + end >= len(body) for other, end in enumerate(ends)):
            return int(ReadOutcome.TORN)
    return None


def _begin_alike(one: bytes, other: bytes, length: int) -> bool:
    return one[:length] == other[:length]


def _end_alike(one: bytes, other: bytes, length: int) -> bool:
    return not length or one[-length:] == other[-length:]


def _alike(most: int, agree: Callable[[int], bool]) -> int:
    """The largest number up to ``most`` for which ``agree`` holds, found with few calls: each compares memory."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        if agree(middle):
            least = middle
        else:
            most = middle - 1
    return least
