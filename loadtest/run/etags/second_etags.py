"""Reads of one version that came with several ETags: which of them got the second one, and who asked with the first.

One change from X to Y is no fault, because a site may be deployed anew. X, then Y, then X again is one: see
:mod:`loadtest.run.etags.versions_named`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from loadtest.run.records import ReadOutcome

Array = np.ndarray[Any, np.dtype[Any]]
NO_TAG: Final = -1


@dataclass(frozen=True, eq=False)
class TaggedReads:
    """The columns of reads that matter for ETags. ``tag`` and ``sent_tag`` number opaque parts; ``NO_TAG`` is none."""

    called_ns: Array
    returned_ns: Array
    version: Array  # of the document in the body; of the document that the reader held, for a 304
    outcome: Array
    tag: Array
    sent_tag: Array
    held: Array  # version of the document that the reader held when it asked; NO_VERSION where it is not known


def second_etags(reads: TaggedReads, named: Array) -> Array:
    """Reads, by number, that got an ETag of their version while it had another one, before or after."""
    whole, _, ends = _of_several_tags(reads, named)
    starts = np.append(0, ends[:-1])[: len(ends)]
    second = [_seconds_of(reads, whole[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return np.concatenate(second) if second else np.zeros(0, dtype=np.int64)


def _seconds_of(reads: TaggedReads, of_version: Array) -> Array:
    """The reads of one version with a rarer ETag, if that and the usual one were in use by turns."""
    tags, counts = np.unique(reads.tag[of_version], return_counts=True)
    usual = of_version[reads.tag[of_version] == tags[np.argmax(counts)]]
    rarer = of_version[reads.tag[of_version] != tags[np.argmax(counts)]]
    called, returned = reads.called_ns, reads.returned_ns
    numbers, number = np.unique(reads.tag[rarer], return_inverse=True)
    inside = (called[rarer] > returned[usual].min()) & (returned[rarer] < called[usual].max())
    by_turns = np.bincount(number[inside], minlength=len(numbers)) > 0

    first, last = np.full(len(numbers), np.iinfo(np.int64).max), np.zeros(len(numbers), dtype=np.int64)
    np.minimum.at(first, number, returned[rarer])
    np.maximum.at(last, number, called[rarer])
    by_call = usual[np.argsort(called[usual], kind="stable")]
    soonest = np.append(np.minimum.accumulate(returned[by_call][::-1])[::-1], np.iinfo(np.int64).max)
    by_turns |= soonest[np.searchsorted(called[by_call], first, side="right")] < last
    second: Array = rarer[by_turns[number]]
    return second


def after_the_change(reads: TaggedReads, named: Array, sent: Array) -> Array:
    """Reads, by number, that asked with the first ETag of their version and got the second, if ETags changed once.

    There are none if no single moment explains every change of the run.
    """
    whole, several, ends = _of_several_tags(reads, named)
    starts = np.append(0, ends[:-1])[: len(ends)]
    begins, until = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    none = np.zeros(0, dtype=np.int64)
    after_change = [none]
    for version, start, end in zip(several.tolist(), starts.tolist(), ends.tolist(), strict=True):
        of_version = whole[start:end]
        tags, first = np.unique(reads.tag[of_version], return_inverse=True)
        answered = [of_version[first == place] for place in range(len(tags))]
        answered.sort(key=lambda of_tag: int(reads.returned_ns[of_tag].min()))
        if len(tags) > 2:
            return none
        before, after = answered
        begins = max(begins, int(reads.called_ns[before].max()))
        until = min(until, int(reads.returned_ns[after].min()))
        asked_with_first = (sent[after] == version) & (reads.sent_tag[after] == reads.tag[before[0]])
        after_change.append(after[asked_with_first])
    return np.concatenate(after_change) if begins <= until else none


def _of_several_tags(reads: TaggedReads, named: Array) -> tuple[Array, Array, Array]:
    """The reads of versions that came with several tags, sorted by version; these versions; and where each ends."""
    whole = whole_with_tag(reads)
    whole = whole[named[reads.tag[whole]] == reads.version[whole]]
    own = np.unique((reads.version[whole].astype(np.int64) << 32) | reads.tag[whole].astype(np.int64))
    versions, times = np.unique(own >> 32, return_counts=True)
    several = versions[times > 1]
    whole = whole[np.isin(reads.version[whole], several)]
    whole = whole[np.argsort(reads.version[whole], kind="stable")]
    return whole, several, np.searchsorted(reads.version[whole], several, side="right")


def whole_with_tag(reads: TaggedReads) -> Array:
    return np.flatnonzero((reads.outcome == ReadOutcome.WHOLE) & (reads.tag != NO_TAG) & (reads.version >= 0))
