"""Which operation preceded which, as columns that the checks share.

Intervals are closed, and a read or write may take effect at any moment of its interval. ``a`` precedes ``b`` only if
``a.returned < b.called``: equal times overlap, and nothing is ever concluded from an overlap. ::

    time  ─────────────────────────────────────────────────────────▶
    w1         ├────────┤
    w2                        ├────────┤
    read                          ├──┤            overlaps w2: may return 1 or 2
    read                                ├──┤      called before w2 returned: may return 1 or 2
    read                                     ├──┤ called after w2 returned: must not return 1

**Which reads count.** A *versioned* read is a 200 with a whole document (also one whose ETag header names another
version: its body is what the reader got), or a 304 to a condition: a read of what its reader held. It is *legitimate*
unless it is a phantom: its version was never written, was refused, or was called only after the read had returned.
Errors, torn and foreign documents say nothing about versions.

**When a write was over.** A write whose outcome is unknown may take effect at any later time, so it never returned. But
a read that returned its version proves that it had taken effect by then. ``over_ns[v]`` is the earlier of the write's
return and the return of the first read of v. It is conservative: v certainly took effect at or before it.

**What superseded it.** Writes are called one after the other, so every write called after ``over_ns[v]`` took effect
after v did. ``superseded_by[v]`` is the first acknowledged one of them, as a place in the list of acknowledged writes.
``newer_seen_ns[v]`` is when a read of any of them (acknowledged or not) first returned.

**Watched writes** are those of somebody else, known from HEADs (:mod:`loadtest.run.observed`). Their intervals may
overlap, but their order is known, so the next acknowledged version always supersedes an acknowledged one. Reads of a
document that was published more than once prove neither when it came nor what came before
(:func:`published_once`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from loadtest.run.history.blocks import each_block, flagged, in_blocks, places
from loadtest.run.history.history import Column, Flags, History, Reads, Writes, one_of
from loadtest.run.records import NEVER_RETURNED, ReadOutcome, WriteOutcome, opaque
from loadtest.run.settings import NO_WRITER

VERSIONED: Final = (
    ReadOutcome.WHOLE,
    ReadOutcome.NOT_MODIFIED,
    ReadOutcome.ETAG_MISMATCH,
    ReadOutcome.NOT_MODIFIED_WITH_BODY,
)
"""Outcomes that can name a version; a 304 with a body is a fault, and is still a 304."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """Columns by read (``legitimate`` to ``acknowledged_before``), by version, and by acknowledged write."""

    phantom: Flags
    legitimate: Flags
    version: Column  # of each read; 0 where it is not legitimate
    behind: Column  # k: acknowledged writes that a read should have seen and did not; 0 = fresh
    acknowledged_before: Column  # how many acknowledged writes returned before a read was called

    over_ns: Column
    first_read_ns: Column  # when a read of the version first returned; NEVER_RETURNED: none did
    superseded_by: Column
    newer_seen_ns: Column
    newer_called_ns: Column  # when the first version written after it was called; NEVER_RETURNED: none was
    published_once: Flags

    acknowledged: Column  # version of each acknowledged write
    acknowledged_called_ns: Column
    acknowledged_returned_ns: Column


def timeline(history: History) -> Timeline:
    """The timeline of a run; ``history.once(timeline)`` makes it once."""
    reads, writes = history.reads, history.writes
    count = len(reads)
    phantom, legitimate = np.empty(count, dtype=np.bool_), np.empty(count, dtype=np.bool_)
    version = np.empty(count, dtype=np.int32)
    first_read = np.full(len(writes), NEVER_RETURNED, dtype=np.int64)
    once = published_once(history)
    all_once = bool(once.all())

    def of_block(block: slice) -> tuple[int, Column]:
        """Fill in a block; when each version from the least in it was first read in it."""
        named, right = _versioned(reads, writes, block)
        phantom[block], legitimate[block] = named & ~right, right
        version[block] = np.where(right, reads.version[block], 0)
        own, returned = version[block], reads.returned_ns[block]
        if not all_once:
            right = right & once[version[block]]
        if not right.all():
            own, returned = own[right], returned[right]
        if not len(own):
            return 0, first_read[:0]
        least = int(own.min())
        first = np.full(int(own.max()) - least + 1, NEVER_RETURNED, dtype=np.int64)
        np.minimum.at(first, own - least, returned)
        return least, first

    for least, first in each_block(count, of_block):
        np.minimum(first_read[least : least + len(first)], first, out=first_read[least : least + len(first)])
    over = np.minimum(writes.returned_ns, first_read)

    acknowledged = np.flatnonzero(writes.acknowledged)
    if history.info.settings.writer == NO_WRITER:  # the order is known, but not when any of them took effect
        acknowledged = acknowledged[:1]
    called, returned = writes.called_ns[acknowledged], writes.returned_ns[acknowledged]
    superseded_by = np.searchsorted(called, over, side="right").astype(np.int32)
    if history.info.is_watched:
        superseded_by[acknowledged] = np.arange(1, len(acknowledged) + 1)
    before = in_blocks(count, np.int32, lambda block: places(returned, reads.called_ns[block]))
    behind = in_blocks(
        count, np.int32, lambda block: np.maximum(before[block] - superseded_by[version[block]], 0) * legitimate[block]
    )
    following = _following(history, over)
    return Timeline(
        phantom=phantom,
        legitimate=legitimate,
        version=version,
        behind=behind,
        acknowledged_before=before,
        over_ns=over,
        first_read_ns=first_read,
        superseded_by=superseded_by,
        newer_seen_ns=_newer_seen(following, first_read, once),
        newer_called_ns=np.append(writes.called_ns, NEVER_RETURNED)[following],
        published_once=once,
        acknowledged=acknowledged,
        acknowledged_called_ns=called,
        acknowledged_returned_ns=returned,
    )


def stale_reads(history: History) -> Column:
    """The reads that are behind, by number."""
    behind = history.once(timeline).behind
    return flagged(len(behind), lambda block: behind[block])


def _versioned(reads: Reads, writes: Writes, block: slice) -> tuple[Flags, Flags]:
    """Which reads of a block name a version, and which of these are no phantoms."""
    named: Flags = one_of(reads.outcome[block], VERSIONED) & (reads.version[block] >= 0)
    written = named & (reads.version[block] < len(writes))
    version = np.where(written, reads.version[block], 0)
    happened = (writes.outcome != WriteOutcome.REFUSED.value)[version]
    return named, written & happened & (reads.returned_ns[block] >= writes.called_ns[version])


def _following(history: History, over: Column) -> Column:
    """The first version that was written after each was over; the number of versions where none was."""
    following = np.searchsorted(history.writes.called_ns, over, side="right")
    if history.info.is_watched:
        own = np.flatnonzero(history.writes.acknowledged)
        following[own] = own + 1
    return following


def _newer_seen(following: Column, first_read: Column, once: Flags) -> Column:
    """When a read first returned a version written after; never, for a document that was published again."""
    earliest_from = np.append(np.minimum.accumulate(first_read[::-1])[::-1], NEVER_RETURNED)
    return np.where(once, earliest_from[following], NEVER_RETURNED)


def published_once(history: History) -> Flags:
    """By version: whether its document was published as that version only, so that a read of it proves its order.

    A run that makes its own documents publishes each once. Somebody else may publish the same document again (A, B, A).
    A read of it then counts as the latest version that it can have been. So no fresh read is called stale, but the read
    proves nothing about what came later.
    """
    count = len(history.writes)
    if not history.info.is_watched:
        return np.ones(count, dtype=np.bool_)
    tags = [opaque(etag) for etag in history.writes.etag]
    times = Counter(tags)
    return np.array([times[tag] == 1 for tag in tags], dtype=np.bool_)
