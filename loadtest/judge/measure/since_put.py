"""Response time around PUTs: do they catch reads under way, delay those due meanwhile, or leave something behind?

It helps to find the cause of a slowdown; nothing is judged by it. Only reads that were due in writing windows count. A
slow read that was due shortly before a PUT may have met that PUT, so it is shown as before it, and not as long after
the PUT before that. ::

    PUT            ├─────┤                          ├─────┤
    reads    ├────────────┤   ├──┤   ├──┤     ├────────────┤
             -             +      +            -             (sign of the time from the sending of the PUT)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest.judge.measure.flights import due_during_put, flights, overlapping_reads
from loadtest.judge.statistics.by_group import by_group
from loadtest.judge.statistics.quantiles import PER_MILLE, selected
from loadtest.run.history.blocks import each_block, in_blocks, places
from loadtest.run.history.history import Column, Flags, History
from loadtest.summary.speed import SincePut, SlowestReads

BINS: Final = 20
"""Bins from a PUT to the usual time of the next one."""
LEAST_READS: Final = 100
"""Bins with fewer reads are merged with the next ones, as their p99 would be the slowest read."""


def since_put(history: History, writing: Flags, took_ns: Column, p99_ns: int | None) -> tuple[SincePut, ...]:
    """p50 and p99 of the response time of the ``writing`` reads, by the time from a PUT's call to when a read was due.

    ``took_ns``: the response times of all reads; ``p99_ns``: that of the ``writing`` ones.

    The axis ends at the usual time between two PUTs. It begins before a PUT by the p99 of the response times: a slow
    read that was due so long before is still under way when the PUT is sent.
    """
    versions, called, _ = history.once(flights)
    called = called[versions > 0]
    if len(called) < 2 or not writing.any():
        return ()
    width = int(np.median(np.diff(called))) // BINS
    if width < 1 or p99_ns is None:
        return ()
    before = min(BINS // 2, -(-max(1, p99_ns) // width))
    never = np.iinfo(np.int64).max // 2
    next_called = np.append(called, never)

    def bin_of(block: slice) -> Column:
        due = history.reads.scheduled_ns[block]
        following = places(called, due, "right")
        until = next_called[following] - due
        since = np.where(following > 0, due - called[np.maximum(following - 1, 0)], never)
        at = np.where(until <= before * width, -until, since)
        return np.where(writing[block] & (at < BINS * width), at // width + before, -1)

    place = in_blocks(len(writing), np.int16, bin_of)
    (members,) = by_group(place, before + BINS, lambda block: took_ns[block])
    return _points(members, before, width)


def _points(took: list[Column], before: int, width: int) -> tuple[SincePut, ...]:
    """One point a bin of at least LEAST_READS, that ``took`` so long; none goes from before a PUT to after it."""
    points, start, held = [], 0, took[0][:0]
    for number, own in enumerate(took):
        held = np.concatenate([held, own])
        at_put = number + 1 == before
        if len(held) >= LEAST_READS:
            p50, p99 = selected(held, (PER_MILLE["p50"], PER_MILLE["p99"]))
            points.append(
                SincePut(
                    from_ns=(start - before) * width,
                    to_ns=(number + 1 - before) * width,
                    reads=len(held),
                    p50_ns=p50,
                    p99_ns=p99,
                )
            )
        if at_put or len(held) >= LEAST_READS:
            start, held = number + 1, own[:0]
    return tuple(points)


def slowest_reads(history: History, writing: Flags, took_ns: Column, p99_ns: int | None) -> SlowestReads | None:
    """How many of the ``writing`` reads from ``p99_ns`` on met a PUT; None when there were too few reads, or no PUT."""
    if p99_ns is None or len(history.writes) < 2:
        return None
    overlapping, due = history.once(overlapping_reads), history.once(due_during_put)

    def of_block(block: slice) -> tuple[int, ...]:
        chosen = writing[block]
        slow = chosen & (took_ns[block] >= p99_ns)
        counted = (slow, slow & overlapping[block], slow & due[block], chosen & overlapping[block], chosen)
        return tuple(int(np.count_nonzero(flags)) for flags in counted)

    slow, met, during, met_of_all, count = np.sum(each_block(len(writing), of_block), axis=0).tolist()
    return SlowestReads(slow, met, during, overlapping_share_of_all=round(met_of_all / count, 9))
