"""Faults of bodies: answers that are not the bytes of any one version. Content-Length always says what is sent."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from loadtest.sandbox.faults.base import ObjectRead, ShareFault
from loadtest.sandbox.store.objects import S3Answer

_ASCII: Final = re.compile(rb"[\x00-\x7f]")
_EDGE: Final = 0.1
"""Cuts stay this far from the ends, as a share of the bytes that differ: each version must have its part in a mix."""


class _BodyFault(ShareFault):
    """Changes the body of a share of the 200 answers."""

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        if answer.status != 200 or not answer.body or not self.drawn():
            return answer
        body = self.changed(read, answer.body)
        return answer if body is None else answer.with_body(body)

    def changed(self, read: ObjectRead, body: bytes) -> bytes | None:
        """Another body; None leaves it as it is."""
        raise NotImplementedError


class Torn(_BodyFault):
    """Mixes of two versions."""

    name = "torn"
    help = (
        "share of 200 answers that begin as one version and end as another (the one read and the one before it, in "
        "either order), cut at a random byte among those that differ; none before there are two versions"
    )

    def changed(self, read: ObjectRead, body: bytes) -> bytes | None:
        older = read.stored.before(read.version) if read.version else None
        if older is None:
            return None
        first, last = differing_range(body, older.body)
        margin = int((last - first) * _EDGE)
        cut = self.random.randint(first + 1 + margin, max(first + 1 + margin, last - margin))
        begins, ends = (body, older.body) if self.random.random() < 0.5 else (older.body, body)
        mixed = begins[:cut] + ends[cut:]
        return mixed if mixed not in (body, older.body) else None


class Truncate(_BodyFault):
    """Bodies cut short, with a Content-Length that fits."""

    name = "truncate"
    help = (
        "share of 200 answers that are cut short at a random byte (from the first on, so perhaps empty), with a "
        "Content-Length that fits what is sent; for one that does not see reset-rate"
    )

    def changed(self, read: ObjectRead, body: bytes) -> bytes | None:
        cut = self.random.randrange(len(body))
        while cut and body[cut] & 0xC0 == 0x80:
            cut -= 1
        return body[:cut]


class Corrupt(_BodyFault):
    """One wrong byte."""

    name = "corrupt"
    help = "share of 200 answers with one byte, at a random place, replaced by another"

    def changed(self, read: ObjectRead, body: bytes) -> bytes | None:
        start = self.random.randrange(len(body))
        # The gateway would replace a lone byte of a longer character by three.
        match = _ASCII.search(body, start) or _ASCII.search(body)
        if match is None:
            return None
        other = b"y" if match[0] == b"x" else b"x"
        return body[: match.start()] + other + body[match.end() :]


def differing_range(one: bytes, other: bytes) -> tuple[int, int]:
    """Indexes of the first and the last byte at which two different bodies differ; a missing byte differs."""
    shorter, longer = min(len(one), len(other)), max(len(one), len(other))
    first = _first(shorter, lambda index: one[: index + 1] != other[: index + 1])
    if len(one) != len(other):
        return first, longer - 1
    return first, shorter - 1 - _first(
        shorter, lambda index: one[shorter - 1 - index :] != other[shorter - 1 - index :]
    )


def _first(length: int, holds: Callable[[int], bool]) -> int:
    """The smallest index for which ``holds``, which then holds for all larger ones; ``length`` if there is none."""
    return bisect_left(range(length), True, key=holds)
