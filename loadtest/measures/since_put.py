"""Response time by the time since the last PUT was sent: do reads suffer during a PUT, or from what it leaves behind?

Only reads that were due in writing windows. For finding the cause of a slowdown; nothing is judged by it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest.measurements import SincePut
from loadtest.measures.quantiles import PER_MILLE, groups, of_sorted
from loadtest.recorded_run.history import Flags, History

BINS: Final = 20
LEAST_READS: Final = 100
"""Bins in which p99 would be the slowest read are put together with the next ones."""


def since_put(history: History, writing: Flags) -> tuple[SincePut, ...]:
    """p50 and p99 of the response time of the ``writing`` reads, by the time from a PUT's call to when a read was due.

    The axis ends at the usual time between two PUTs: later reads waited for one that came late.
    """
    called = history.writes.called_ns[1:]
    if len(called) < 2 or not writing.any():
        return ()
    due = history.reads.scheduled_ns[writing]
    took = history.reads.returned_ns[writing] - due
    last = np.searchsorted(called, due, side="right") - 1
    horizon = int(np.median(np.diff(called)))
    if horizon < BINS:
        return ()
    edges = np.linspace(0, horizon, BINS + 1).astype(np.int64)
    since = np.where(last >= 0, due - called[np.maximum(last, 0)], -1)
    place = np.where((since >= 0) & (since < horizon), np.searchsorted(edges, since, side="right") - 1, -1)
    members = groups(place, BINS)
    points, start, held = [], 0, members[0][:0]
    for number, own in enumerate(members):
        held = np.concatenate([held, own])
        if len(held) >= LEAST_READS:
            rising = np.sort(took[held])
            points.append(
                SincePut(
                    from_ns=int(edges[start]),
                    to_ns=int(edges[number + 1]),
                    reads=len(held),
                    p50_ns=of_sorted(rising, PER_MILLE["p50"]),
                    p99_ns=of_sorted(rising, PER_MILLE["p99"]),
                )
            )
            start, held = number + 1, own[:0]
    return tuple(points)
