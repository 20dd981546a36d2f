"""Response time around PUTs: do they catch reads under way, delay those due meanwhile, or leave something behind?

Only reads that were due in writing windows. For finding the cause of a slowdown; nothing is judged by it. A read that
was due shortly before a PUT, and is slow, may have met that PUT: so it is shown before it, and not long after the one
before. ::

    PUT            ├─────┤                          ├─────┤
    reads    ├────────────┤   ├──┤   ├──┤     ├────────────┤
             -             +      +            -             (sign of the time from the sending of the PUT)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest.judge.measure.flights import due_during_put, overlapping_reads
from loadtest.judge.statistics.quantiles import PER_MILLE, groups, of_sorted
from loadtest.run.history import Column, Flags, History
from loadtest.summary.speed import SincePut, SlowestReads

BINS: Final = 20
"""Bins from a PUT to the usual time of the next one."""
LEAST_READS: Final = 100
"""Bins in which p99 would be the slowest read are put together with the next ones."""


def since_put(history: History, writing: Flags, p99_ns: int | None) -> tuple[SincePut, ...]:
    """p50 and p99 of the response time of the ``writing`` reads, by the time from a PUT's call to when a read was due.

    ``p99_ns``: that of their response times.

    The axis ends at the usual time between two PUTs, and begins before a PUT by the p99 of the response times: so long
    before, a slow read is still under way when the PUT is sent.
    """
    called = history.writes.called_ns[1:]
    if len(called) < 2 or not writing.any():
        return ()
    due = history.reads.scheduled_ns[writing]
    took = history.reads.returned_ns[writing] - due
    width = int(np.median(np.diff(called))) // BINS
    if width < 1 or p99_ns is None:
        return ()
    before = min(BINS // 2, -(-max(1, p99_ns) // width))
    following = np.searchsorted(called, due, side="right")
    never = np.iinfo(np.int64).max // 2
    until = np.append(called, never)[following] - due
    since = np.where(following > 0, due - called[np.maximum(following - 1, 0)], never)
    at = np.where(until <= before * width, -until, since)
    place = np.where(at < BINS * width, at // width + before, -1)
    return _points(groups(place, before + BINS), took, before, width)


def _points(members: list[Column], took: Column, before: int, width: int) -> tuple[SincePut, ...]:
    """One point a bin, of at least LEAST_READS; none goes from before a PUT to after it."""
    points, start, held = [], 0, members[0][:0]
    for number, own in enumerate(members):
        held = np.concatenate([held, own])
        at_put = number + 1 == before
        if len(held) >= LEAST_READS:
            rising = np.sort(took[held])
            points.append(
                SincePut(
                    from_ns=(start - before) * width,
                    to_ns=(number + 1 - before) * width,
                    reads=len(held),
                    p50_ns=of_sorted(rising, PER_MILLE["p50"]),
                    p99_ns=of_sorted(rising, PER_MILLE["p99"]),
                )
            )
        if at_put or len(held) >= LEAST_READS:
            start, held = number + 1, own[:0]
    return tuple(points)


def slowest_reads(history: History, writing: Flags, p99_ns: int | None) -> SlowestReads | None:
    """How many of the ``writing`` reads from ``p99_ns`` on met a PUT; None when there were too few reads, or no PUT."""
    if p99_ns is None or len(history.writes) < 2:
        return None
    place = np.flatnonzero(writing)
    took = history.reads.returned_ns[place] - history.reads.scheduled_ns[place]
    overlapping, due = history.once(overlapping_reads)[place], history.once(due_during_put)[place]
    slow = took >= p99_ns
    return SlowestReads(
        count=int(np.count_nonzero(slow)),
        overlapping=int(np.count_nonzero(slow & overlapping)),
        due_during=int(np.count_nonzero(slow & due)),
        overlapping_share_of_all=round(float(overlapping.mean()), 9),
    )
