"""The state of the objects that the gateway reads: every version with the time at which it took effect.

The history is what makes lag possible: a replica that lags by 300 ms is the same history read 300 ms earlier.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from loadtest.sandbox.store.cors_rule import CorsRule

LEAST_KEPT_NS: Final = 2_000_000_000
"""Versions that have been superseded for longer than this, and than any lag in use, are forgotten."""
MOST_ETAGS: Final = 100_000
"""The most ETags of the past that are remembered."""
FEWEST_KEPT: Final = 3
"""The versions that are kept however old they are, for faults that mix versions."""


@dataclass(frozen=True, slots=True, eq=False)
class S3Answer:
    """One answer of S3 to the gateway. ``headers`` by lower-case name.

    ``memo`` is where plans keep what they make from this answer, for most reads get the same one.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def with_body(self, body: bytes) -> S3Answer:
        """The same answer with another body, which its Content-Length fits."""
        return S3Answer(self.status, {**self.headers, "content-length": str(len(body))}, body)


@dataclass(frozen=True, slots=True, eq=False)
class ObjectVersion:
    """One version of an object. ``etag`` with its quotes; ``last_modified`` in whole seconds, as HTTP dates have it."""

    body: bytes
    etag: str
    last_modified: int
    headers: dict[str, str]
    whole: S3Answer
    not_modified: S3Answer


def object_version(body: bytes, etag: str, last_modified: float, headers: dict[str, str]) -> ObjectVersion:
    """A version whose stored ``headers`` (lower-case: content-type, cache-control, …) S3 returns with each GET."""
    seconds = int(last_modified)
    validators = {"etag": etag, "last-modified": formatdate(seconds, usegmt=True)}
    stored = {"content-type": "binary/octet-stream", **headers}
    whole = S3Answer(200, {**stored, **validators, "accept-ranges": "bytes", "content-length": str(len(body))}, body)
    repeated = {name: value for name, value in stored.items() if name in ("cache-control", "expires")}
    return ObjectVersion(body, etag, seconds, stored, whole, S3Answer(304, {**repeated, **validators}, b""))


class StoredObject:
    """One key of one bucket, and its past. ``None`` as a version means that there was no object."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._times: list[int] = []
        self._versions: list[ObjectVersion | None] = []
        self._etags: dict[str, int] = {}
        self.current: ObjectVersion | None = None
        self.kept_ns = LEAST_KEPT_NS
        self.published = 0
        """How many times it was published or removed."""

    def publish(self, version: ObjectVersion | None) -> None:
        """Make this the object from now on; ``None`` removes it."""
        now = self._clock()
        self._times.append(now)
        self._versions.append(version)
        self.current = version
        self.published += 1
        if version is not None:
            self._etags.pop(version.etag, None)
            self._etags[version.etag] = self.published
            if len(self._etags) > MOST_ETAGS:
                del self._etags[next(iter(self._etags))]
        # One more is kept: the version that was in force at the horizon began before it.
        forgotten = min(bisect_right(self._times, now - self.kept_ns) - 1, len(self._times) - FEWEST_KEPT)
        if forgotten > 0:
            del self._times[:forgotten], self._versions[:forgotten]

    def as_of(self, lag_ns: int) -> ObjectVersion | None:
        """The version that was in force ``lag_ns`` ago; ``None`` before the first."""
        index = bisect_right(self._times, self._clock() - lag_ns) - 1
        return self._versions[index] if index >= 0 else None

    def before(self, version: ObjectVersion) -> ObjectVersion | None:
        """The last version before ``version`` whose bytes differ from it, if it is still known."""
        older = self._versions[: self._versions.index(version)] if version in self._versions else self._versions
        return next((past for past in reversed(older) if past is not None and past.body != version.body), None)

    def knows_as_older(self, etag: str, version: ObjectVersion) -> bool:
        """Whether ``etag`` names a version that was published before ``version``, however long ago."""
        return self._etags.get(etag, self.published) < self._etags.get(version.etag, 0)


class ObjectStore:
    """The objects that the gateway integrates with, by bucket and key."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self.cors: dict[str, tuple[CorsRule, ...]] = {}
        """CORS rules by bucket."""
        self._objects: dict[tuple[str, str], StoredObject] = {}
        self._kept_ns = LEAST_KEPT_NS

    def track(self, bucket: str, key: str) -> StoredObject:
        """The object's history, which begins now if it was not tracked before."""
        stored = self._objects.setdefault((bucket, key), StoredObject(self._clock))
        stored.kept_ns = self._kept_ns
        return stored

    def tracked(self, bucket: str, key: str) -> StoredObject | None:
        """The object's history if the gateway integrates with it."""
        return self._objects.get((bucket, key))

    def tracked_in(self, bucket: str) -> list[str]:
        return [key for held, key in self._objects if held == bucket]

    def described(self) -> list[dict[str, Any]]:
        """What is stored, for people: bucket, key, ETag and size; None for what is missing."""
        return [
            {
                "bucket": bucket,
                "key": key,
                "etag": stored.current.etag if stored.current else None,
                "bytes": len(stored.current.body) if stored.current else None,
                "published": stored.published,
            }
            for (bucket, key), stored in self._objects.items()
        ]

    def present(self) -> list[tuple[str, str, int]]:
        """Bucket, key and size of the objects that exist."""
        return [
            (bucket, key, len(stored.current.body))
            for (bucket, key), stored in self._objects.items()
            if stored.current is not None
        ]

    def keep(self, duration_ns: int) -> None:
        """Remember superseded versions for at least this long."""
        self._kept_ns = max(duration_ns, LEAST_KEPT_NS)
        for stored in self._objects.values():
            stored.kept_ns = self._kept_ns
