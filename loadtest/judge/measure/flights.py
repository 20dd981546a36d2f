"""When a PUT was in flight, and which reads met one.

Two things that are easily confused. A read *overlaps* a PUT when the two intervals share a moment. A slow read overlaps
more PUTs because it is slow, so overlapping reads are slower even where PUTs do no harm. A read was *due during* a PUT
when the PUT was in flight at the moment the read was due. That does not depend on how long the read then took, so only
this one is used to compare latencies.

A PUT that was refused did not replace anything, so it does not count.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest.run.history.blocks import in_blocks, places
from loadtest.run.history.history import Column, Flags, History
from loadtest.run.records import WriteOutcome

_PLACES: Final = 8
_MOST_WORKERS: Final = 2**16


def flights(history: History) -> tuple[Column, Column, Column]:
    """Version, call and end of each PUT that was not refused.

    A PUT of unknown outcome may take effect at any later time, but it was certainly in flight only until its client
    gave it up; if that was not recorded, only at the moment of its call.
    """
    writes = history.writes
    gave_up = np.maximum(writes.gave_up_ns, writes.called_ns)
    ends = np.where(writes.outcome == WriteOutcome.UNKNOWN, gave_up, writes.returned_ns)
    version = np.flatnonzero(writes.outcome != WriteOutcome.REFUSED)
    return version, writes.called_ns[version], ends[version]


def overlaps_put(history: History, from_ns: Column, to_ns: Column) -> Flags:
    """Which of the closed intervals share a moment with a PUT in flight."""
    _, called, ends = history.once(flights)
    first = places(ends, from_ns)
    met: Flags = np.append(called, np.iinfo(np.int64).max)[first] <= to_ns
    return met


def puts_within(history: History, from_ns: Column, to_ns: Column) -> Column:
    """How many PUTs share a moment with each of the closed intervals."""
    _, called, ends = history.once(flights)
    first = np.searchsorted(ends, from_ns, side="left")
    last = np.searchsorted(called, to_ns, side="right")
    met: Column = np.maximum(last - first, 0)
    return met


def overlapping_reads(history: History) -> Flags:
    reads = history.reads
    return in_blocks(
        len(reads), np.bool_, lambda block: overlaps_put(history, reads.called_ns[block], reads.returned_ns[block])
    )


def overlaps_at_least(history: History, among: Flags) -> int:
    """How many of the reads ``among`` overlapped a PUT, at least.

    The interval of a read of a worker with another clock holds the true one; where in it that lies is not known, but is
    the same for all reads of the worker. So they are counted for several places, and the fewest are certain.
    """
    reads = history.reads
    if not reads.known_to_a_bound:
        return int(np.count_nonzero(among & history.once(overlapping_reads)))
    chosen = np.flatnonzero(among)
    worker, called, returned = reads.worker[chosen], reads.called_ns[chosen], reads.own_returned(chosen)
    fewest = np.full(_MOST_WORKERS, len(chosen))
    for place in range(_PLACES + 1):
        later = reads.widening_ns[chosen] * place // _PLACES
        met = overlaps_put(history, called + later, returned + later)
        fewest = np.minimum(fewest, np.bincount(worker[met], minlength=_MOST_WORKERS))
    return int(fewest.sum())


def due_during_put(history: History) -> Flags:
    due = history.reads.scheduled_ns
    return in_blocks(len(due), np.bool_, lambda block: overlaps_put(history, due[block], due[block]))
