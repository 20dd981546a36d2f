"""How stale a read was, as an interval, and which reads may have been stale though nothing proves it."""

from __future__ import annotations

import numpy as np

from loadtest.judge.order.timeline import Timeline, timeline
from loadtest.run.history.blocks import each_block
from loadtest.run.history.history import Column, History
from loadtest.run.history.objects import history_of_object
from loadtest.run.records import UNDECIDED_VERSION, UNSEEN_VERSION


def staleness(history: History, times: Timeline, stale: Column) -> tuple[Column, Column]:
    """The least and the greatest possible staleness of each of the ``stale`` reads, in ns."""
    superseding = times.superseded_by[times.version[stale]]
    low = history.reads.called_ns[stale] - times.acknowledged_returned_ns[superseding]
    high = history.reads.returned_ns[stale] - times.acknowledged_called_ns[superseding]
    return low, high


def perhaps_stale(history: History) -> int:
    """How many reads may have been stale, beside those that were: for all that clocks and HEADs show.

    A read of a worker with another clock was called up to its widening later than is known, and a version of somebody
    else may have been there since the last HEAD that did not see it. Reads of a document that no HEAD put in its place
    may be old, too.
    """
    if not (history.info.is_watched or history.reads.known_to_a_bound):
        return 0
    if history.info.objects:
        return sum(perhaps_stale(history_of_object(history, number)) for number in range(len(history.info.objects)))
    times, reads = history.once(timeline), history.reads
    there = times.acknowledged_called_ns if history.info.is_watched else times.acknowledged_returned_ns
    replaced = np.append(there, np.iinfo(np.int64).max)

    def of_block(block: slice) -> int:
        fresh = times.legitimate[block] & (times.behind[block] == 0)
        called = reads.called_ns[block] + reads.widening_ns[block]
        perhaps = fresh & (replaced[times.superseded_by[times.version[block]]] < called)
        perhaps |= (reads.version[block] == UNDECIDED_VERSION) | (reads.version[block] == UNSEEN_VERSION)
        return int(np.count_nonzero(perhaps))

    return sum(each_block(len(reads), of_block))
