"""Consistency windows: how each write became visible, and how likely a read is fresh so long after a write.

Everything is measured from the acknowledgement of a write i (``0`` below), over reads of a known version. ::

    write i    ├────────┤0
    read             ├────┤ of i        first_visible: its return (before 0 when a read was quicker than the writer)
    read                  ├───┤ of i-1  stale
    read                       ├──┤ of i-1   stale; the latest such call is last_stale
    read                               ├──┤ of i   the next read that could tell; its distance is the resolution

A read is stale with respect to i when its own version was over before write i was called and it was called after 0. The
window ends at the *last* stale read, not at the first fresh one (Bermbach and Tai 2011). It is censored when no read
was called after its end: then it may be longer.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special

from loadtest import units
from loadtest.checks.atomic_reads import level
from loadtest.checks.fresh_reads import staleness
from loadtest.checks.timeline import Timeline, timeline
from loadtest.measurements import Consistency, ConsistencyWindow, KStaleness, VisibilityPoint
from loadtest.measures.quantiles import distribution
from loadtest.recorded_run.history import Column, History
from loadtest.records import NEVER_RETURNED

CONFIDENCE: Final = 0.95
MOST_WINDOWS: Final = 2_000
MOST_K: Final = 20
MOST_PAIRS: Final = 20_000_000
_POINTS_A_DECADE: Final = 6
LEAST_READS_A_POINT: Final = 30
_SHORTEST_NS: Final = 1_000_000
_LONGEST_NS: Final = 3_600 * 10**9


def measure_consistency(history: History) -> Consistency:
    """How long readers saw the old version."""
    times = history.once(timeline)
    writes = _Writes(history, times)
    stale = np.flatnonzero(times.behind)
    low, high = staleness(history, times, stale)
    worst = int(np.argmax(low)) if len(stale) else -1
    reads = int(np.count_nonzero(times.legitimate & (times.acknowledged_before >= 2)))
    _, upper = binomial_interval(len(stale), reads) if reads else (None, None)
    share = round(len(stale) / reads, 9) if reads else None
    kept, note = _kept(writes)
    return Consistency(
        level=level(history),
        writes=len(writes.acked_ns),
        censored=int(np.count_nonzero(writes.censored)),
        windows=tuple(writes.row(place, history.origin_ns) for place in kept),
        windows_note=note,
        first_visible=distribution(writes.first_visible_ns[writes.seen]),
        last_stale=distribution(writes.last_stale_ns[writes.was_stale]),
        longest_window_ns=int(writes.last_stale_ns.max()) if writes.was_stale.any() else None,
        resolution=distribution(writes.resolution_ns[~writes.censored]),
        reads=reads,
        stale_reads=len(stale),
        stale_share=share,
        stale_share_upper=upper,
        stale_text=_share_text(len(stale), reads),
        staleness_low_ns=int(low[worst]) if len(stale) else None,
        staleness_high_ns=int(high[worst]) if len(stale) else None,
        k_staleness=_k_staleness(times.behind[stale]),
        visibility=_visibility(history, times, writes),
    )


class _Writes:
    """Columns by acknowledged write after version 0."""

    def __init__(self, history: History, times: Timeline) -> None:
        reads = history.reads
        called_of_reads = reads.called_ns[times.legitimate]
        stale = np.flatnonzero(times.behind)
        self.version = times.acknowledged[1:]
        self.acked_ns = times.acknowledged_returned_ns[1:]
        self.put_ns = self.acked_ns - times.acknowledged_called_ns[1:]
        self.stale_called = reads.called_ns[stale]  # rising
        self.stale_from = times.superseded_by[times.version[stale]]  # first acknowledged write it did not see

        earliest = np.minimum.accumulate(times.first_read_ns[::-1])[::-1][self.version]
        self.seen = earliest != NEVER_RETURNED
        self.first_visible_ns = np.where(self.seen, earliest - self.acked_ns, 0)

        # A read is stale with respect to every acknowledged write from the first that it did not see up to its call.
        latest = np.full(len(times.acknowledged) + 1, -1, dtype=np.int64)
        np.maximum.at(latest, self.stale_from, self.stale_called)
        latest_stale = np.maximum.accumulate(latest)[1:-1]
        self.was_stale = latest_stale > self.acked_ns
        self.last_stale_ns = np.where(self.was_stale, latest_stale - self.acked_ns, 0)

        end = self.acked_ns + self.last_stale_ns
        following = np.searchsorted(called_of_reads, end, side="right")
        self.censored = following == len(called_of_reads)
        next_called = np.append(called_of_reads, 0)[following]
        self.resolution_ns = np.where(self.censored, 0, next_called - end)

        change = np.zeros(len(times.acknowledged) + 1, dtype=np.int64)
        np.add.at(change, self.stale_from, 1)
        np.add.at(change, self.stale_from + times.behind[stale], -1)
        self.stale_reads = np.cumsum(change)[1:-1]

    def row(self, place: int, origin_ns: int) -> ConsistencyWindow:
        """One write's window, for the summary."""
        return ConsistencyWindow(
            version=int(self.version[place]),
            acked_at_ns=int(self.acked_ns[place]) - origin_ns,
            put_ns=int(self.put_ns[place]),
            first_visible_ns=int(self.first_visible_ns[place]) if self.seen[place] else None,
            last_stale_ns=int(self.last_stale_ns[place]) if self.was_stale[place] else None,
            resolution_ns=None if self.censored[place] else int(self.resolution_ns[place]),
            stale_reads=int(self.stale_reads[place]),
            censored=bool(self.censored[place]),
        )


def _kept(writes: _Writes) -> tuple[Column, str]:
    """Which windows go into the summary: all, or evenly spaced ones with the longest among them."""
    count = len(writes.acked_ns)
    if count <= MOST_WINDOWS:
        return np.arange(count), ""
    even = np.linspace(0, count - 1, MOST_WINDOWS - 10).astype(np.int64)
    longest = np.argsort(-writes.last_stale_ns, kind="stable")[:10]
    kept = np.unique(np.concatenate([even, longest]))
    note = (
        f"{len(kept):,} of {count:,} writes are listed, evenly spaced, and the ten longest windows; "
        "all of them are in the other figures."
    )
    return kept, note


def _k_staleness(behind: Column) -> tuple[KStaleness, ...]:
    """Stale reads by k; those of more than MOST_K - 1 writes are put together under MOST_K."""
    counts = np.bincount(np.minimum(behind, MOST_K), minlength=1)
    return tuple(KStaleness(k, int(reads)) for k, reads in enumerate(counts) if k and reads)


def binomial_interval(found: int, tries: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share; one-sided where nothing, or everything, was found.

    Nothing found in n gives an upper end of 1 - 0.05^(1/n), about 3/n.
    """
    tail = (1 - CONFIDENCE) / (1 if found in (0, tries) else 2)
    low = float(special.betaincinv(found, tries - found + 1, tail)) if found else 0.0
    high = float(special.betainccinv(found + 1, tries - found, tail)) if found < tries else 1.0
    return round(low, 9), round(high, 9)


def _share_text(found: int, tries: int) -> str:
    if not found:
        return units.none_in(tries)
    low, high = binomial_interval(found, tries)
    return f"{units.share(found / tries)} ({units.interval(units.share(low), units.share(high))})"


def _visibility(history: History, times: Timeline, writes: _Writes) -> tuple[VisibilityPoint, ...]:
    """The visibility curve, up to the longest window or to the usual time between two writes."""
    acked = writes.acked_ns
    if not len(acked) or not times.legitimate.any():
        return ()
    between = int(np.median(np.diff(acked))) if len(acked) > 1 else 0
    horizon = min(_LONGEST_NS, max(10 * _SHORTEST_NS, between, int(writes.last_stale_ns.max() * 1.2)))
    edges = _edges(horizon)
    called = history.reads.called_ns[times.legitimate]
    step = _thinning(writes, horizon)
    total = np.zeros(len(edges) - 1, dtype=np.int64)
    stale = np.zeros(len(edges) - 1, dtype=np.int64)
    for place in range(0, len(acked), step):
        total += np.diff(np.searchsorted(called, acked[place] + edges, side="right"))
        first, last = np.searchsorted(writes.stale_called, (acked[place], acked[place] + horizon), side="right")
        if first < last:
            of_this = writes.stale_from[first:last] <= place + 1
            after = writes.stale_called[first:last][of_this] - acked[place]
            stale += np.diff(np.searchsorted(after, edges, side="right"))
    return _points(edges, total, stale)


def _points(edges: Column, total: Column, stale: Column) -> tuple[VisibilityPoint, ...]:
    """One point a bin; bins of few reads are put together with the next ones, for they would say nothing."""
    points = []
    start = reads = old = 0
    for place in range(len(total)):
        reads, old = reads + int(total[place]), old + int(stale[place])
        if reads >= LEAST_READS_A_POINT or (reads and place == len(total) - 1):
            points.append(_point(int(edges[start]), int(edges[place + 1]), reads, reads - old))
            start, reads, old = place + 1, 0, 0
    return tuple(points)


def _edges(horizon: int) -> Column:
    decades = np.log10(horizon / _SHORTEST_NS)
    points = max(2, int(np.ceil(decades * _POINTS_A_DECADE)) + 1)
    return np.concatenate([[0], np.unique(np.rint(np.geomspace(_SHORTEST_NS, horizon, points)).astype(np.int64))])


def _thinning(writes: _Writes, horizon: int) -> int:
    """Every how many writes the curve looks at one, so that always-stale runs stay quick to judge."""
    pairs = np.searchsorted(writes.stale_called, writes.acked_ns + horizon) - np.searchsorted(
        writes.stale_called, writes.acked_ns
    )
    return max(1, -(-int(pairs.sum()) // MOST_PAIRS), -(-len(writes.acked_ns) // (10 * MOST_WINDOWS)))


def _point(from_ns: int, to_ns: int, reads: int, fresh: int) -> VisibilityPoint:
    low, high = binomial_interval(fresh, reads)
    return VisibilityPoint(from_ns, to_ns, reads, fresh, round(fresh / reads, 9), low, high)
