"""When a PUT was in flight, and which reads met one.

Two questions that are easily confused. A read *overlaps* a PUT when the two intervals share a moment; a slow read
overlaps more PUTs for being slow, so overlapping reads are slower even where PUTs do no harm. A read was *due during* a
PUT when the PUT was in flight at the moment the read was due: that does not depend on how long the read then took, so
only this one is used to compare latencies.
"""

from __future__ import annotations

import numpy as np

from loadtest.recorded_run.blocks import in_blocks
from loadtest.recorded_run.history import Column, Flags, History
from loadtest.records import WriteOutcome


def flight_ends(history: History) -> Column:
    """When each PUT was over for the writer. One of unknown outcome is taken to last until the next one was called."""
    writes = history.writes
    following = np.append(writes.called_ns[1:], np.iinfo(np.int64).max)
    return np.where(writes.outcome == WriteOutcome.UNKNOWN, following, writes.returned_ns)


def overlaps_put(history: History, from_ns: Column, to_ns: Column) -> Flags:
    """Which of the closed intervals share a moment with a PUT in flight."""
    ends = history.once(flight_ends)
    called = np.append(history.writes.called_ns, np.iinfo(np.int64).max)
    first = np.searchsorted(ends, from_ns, side="left")
    met: Flags = called[first] <= to_ns
    return met


def puts_within(history: History, from_ns: Column, to_ns: Column) -> Column:
    """How many PUTs share a moment with each of the closed intervals."""
    first = np.searchsorted(history.once(flight_ends), from_ns, side="left")
    last = np.searchsorted(history.writes.called_ns, to_ns, side="right")
    met: Column = np.maximum(last - first, 0)
    return met


def overlapping_reads(history: History) -> Flags:
    """Reads that overlap a PUT."""
    reads = history.reads
    return in_blocks(
        len(reads),
        np.bool_,
        lambda block: overlaps_put(history, reads.called_ns[block], reads.returned_ns[block]),
    )


def due_during_put(history: History) -> Flags:
    """Reads that were due while a PUT was in flight."""
    due = history.reads.scheduled_ns
    return in_blocks(len(due), np.bool_, lambda block: overlaps_put(history, due[block], due[block]))
