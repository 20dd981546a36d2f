"""The visibility curve: how likely a read is fresh, by the time from the acknowledgement to its start.

Bins are spaced evenly on a logarithmic axis, and finer around the longest consistency window. One of them ends exactly
at the last stale read, so that no later bin mixes stale reads with fresh ones.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest.judge.statistics.intervals import clustered_interval
from loadtest.run.history.blocks import side_by_side
from loadtest.run.history.history import Column
from loadtest.summary.versions import VisibilityPoint

LEAST_READS_A_POINT: Final = 30
MOST_PAIRS: Final = 20_000_000
MOST_WRITES: Final = 20_000
_WRITES_AT_ONCE: Final = 2_000
_POINTS_A_DECADE: Final = 6
_SHORTEST_NS: Final = 1_000_000
_LONGEST_NS: Final = 3_600 * 10**9
_NEAR_THE_END: Final = np.array([0.75, 0.8, 0.85, 0.9, 0.94, 0.97, 1.0, 1.03, 1.06, 1.1])
"""Ends of bins around the longest consistency window, as shares of it."""


def visibility(
    called_ns: Column, acked_ns: Column, stale_called_ns: Column, stale_from: Column, longest_ns: int
) -> tuple[VisibilityPoint, ...]:
    """The curve, up to the longest window or to the usual time between two writes.

    ``called_ns`` (rising): reads of a known version. ``acked_ns``: acknowledged writes. ``stale_called_ns`` (rising)
    and ``stale_from``: the stale reads, and the first acknowledged write (from 1) that each did not see.
    """
    if not len(acked_ns) or not len(called_ns):
        return ()
    between = int(np.median(np.diff(acked_ns))) if len(acked_ns) > 1 else 0
    horizon = min(_LONGEST_NS, max(10 * _SHORTEST_NS, between, int(longest_ns * 1.2)))
    edges = _edges(horizon, longest_ns)
    places = range(0, len(acked_ns), _thinning(stale_called_ns, acked_ns, horizon))
    total = np.zeros((len(places), len(edges) - 1), dtype=np.int64)
    stale = np.zeros_like(total)

    def count(block: slice) -> None:
        chosen = acked_ns[:: places.step][block]
        total[block] = np.diff(np.searchsorted(called_ns, chosen[:, None] + edges, side="right"))

    parts = (slice(start, start + _WRITES_AT_ONCE) for start in range(0, len(places), _WRITES_AT_ONCE))
    side_by_side(count, parts, len(called_ns))
    for row, place in enumerate(places if len(stale_called_ns) else ()):
        first, last = np.searchsorted(stale_called_ns, (acked_ns[place], acked_ns[place] + horizon), side="right")
        if first < last:
            of_this = stale_from[first:last] <= place + 1
            after = stale_called_ns[first:last][of_this] - acked_ns[place]
            stale[row] = np.diff(np.searchsorted(after, edges, side="right"))
    return _points(edges, total, stale, longest_ns)


def _points(edges: Column, total: Column, stale: Column, longest: int) -> tuple[VisibilityPoint, ...]:
    """One point a bin. Bins of few reads would say nothing, so they are merged with the next ones.

    They are never merged across the last stale read, or fresh reads would look stale.
    """
    points, start, bins = [], 0, total.shape[1]
    for place in range(bins):
        reads = int(total[:, start : place + 1].sum())
        ends_here = place == bins - 1 or edges[place + 1] == longest
        if reads >= LEAST_READS_A_POINT or (reads and ends_here):
            tries, old = total[:, start : place + 1].sum(axis=1), stale[:, start : place + 1].sum(axis=1)
            points.append(_point(int(edges[start]), int(edges[place + 1]), tries, tries - old))
            start = place + 1
    return tuple(points)


def _point(from_ns: int, to_ns: int, tries: Column, fresh: Column) -> VisibilityPoint:
    """One point, of reads counted by write."""
    low, high = clustered_interval(fresh, tries)
    reads, fresh_reads = int(tries.sum()), int(fresh.sum())
    return VisibilityPoint(from_ns, to_ns, reads, fresh_reads, round(fresh_reads / reads, 9), low, high)


def _edges(horizon: int, longest: int) -> Column:
    decades = np.log10(horizon / _SHORTEST_NS)
    points = max(2, int(np.ceil(decades * _POINTS_A_DECADE)) + 1)
    even = np.rint(np.geomspace(_SHORTEST_NS, horizon, points)).astype(np.int64)
    near = np.rint(longest * _NEAR_THE_END).astype(np.int64)
    near = near[(near > 0) & (near < horizon)]
    if len(near):  # no bin may span the moment after which nothing was stale
        even = even[(even < near[0]) | (even > near[-1])]
    return np.unique(np.concatenate([[0], even, near, [horizon]]))


def _thinning(stale_called_ns: Column, acked_ns: Column, horizon: int) -> int:
    """The curve looks at one of so many writes, so that runs in which every read is stale are still judged quickly."""
    pairs = np.searchsorted(stale_called_ns, acked_ns + horizon) - np.searchsorted(stale_called_ns, acked_ns)
    return max(1, -(-int(pairs.sum()) // MOST_PAIRS), -(-len(acked_ns) // MOST_WRITES))
