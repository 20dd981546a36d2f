"""Compares a body that has something of a document in it, byte by byte, with the versions it may be made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from loadtest.run.records import ReadOutcome

_LEAST_FOREIGN_BYTES: Final = 8
"""Bytes that must differ from one version before a mix of many pieces is called torn. Fewer may be flipped ones."""
_LEAST_FOREIGN_OF_TWO: Final = 2
"""The same where the body begins as one version and ends as another."""
_ALIKE: Final = 0.5
_LEAST_ALIKE: Final = 16

_Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class _Likeness(NamedTuple):
    """How much of a body is like a version: at its beginning, at its end, and byte for byte."""

    beginning: int
    end: int
    same: np.ndarray[Any, np.dtype[np.bool_]]


def made_of(body: bytes, versions: Sequence[bytes]) -> ReadOutcome | None:
    """Torn or corrupt if a body is like any of these versions, else None. It is no version, and no start of one."""
    received = _bytes_of(body)
    likenesses = [_likeness(received, _bytes_of(version)) for version in versions]
    if not likenesses:
        return None
    least_foreign = min(int((~like.same).sum()) for like in likenesses)
    of_one = any(like.beginning + like.end >= len(body) for like in likenesses)  # a piece is missing, or there twice
    of_two = max(like.beginning for like in likenesses) + max(like.end for like in likenesses) >= len(body)
    if of_two and not of_one and least_foreign >= _LEAST_FOREIGN_OF_TWO:
        return ReadOutcome.TORN
    explained = np.logical_or.reduce([like.same for like in likenesses])
    if explained.all() and least_foreign >= _LEAST_FOREIGN_BYTES:
        return ReadOutcome.TORN
    alike = max(max(like.beginning + like.end, int(like.same.sum())) for like in likenesses)
    return ReadOutcome.CORRUPT if alike >= max(_LEAST_ALIKE, _ALIKE * len(body)) else None


def share_of_cuts_seen(one: bytes, other: bytes) -> float:
    """Of all places where a mix of two documents may be cut, the share at which the mix differs from both."""
    first, second = _bytes_of(one), _bytes_of(other)
    common, longest = min(len(one), len(other)), max(len(one), len(other))
    different = np.flatnonzero(first[:common] != second[:common])
    if len(one) != len(other):
        start = int(different[0]) if len(different) else common
        return (longest - 1 - start) / longest
    return (int(different[-1]) - int(different[0])) / longest if len(different) else 0.0


def _bytes_of(text: bytes) -> _Bytes:
    return np.frombuffer(text, dtype=np.uint8)


def _likeness(received: _Bytes, version: _Bytes) -> _Likeness:
    common = min(len(received), len(version))
    same = np.zeros(len(received), dtype=np.bool_)
    same[:common] = received[:common] == version[:common]
    end = received[len(received) - common :] == version[len(version) - common :]
    return _Likeness(_run_of_true(same), _run_of_true(end[::-1]), same)


def _run_of_true(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """How many are true before the first false one."""
    if not len(flags):
        return 0
    first = int(np.argmin(flags))
    return len(flags) if flags[first] else first
