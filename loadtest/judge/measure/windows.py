"""Consistency windows: how each write became visible, and how likely a read is fresh by the time since a write.

Everything is measured from the acknowledgement of a write i (``0`` below), over reads of a known version. ::

    write i    ├────────┤0
    read             ├────┤ of i        first_visible: its return (before 0 when a read was quicker than the writer)
    read                  ├───┤ of i-1  stale
    read                       ├──┤ of i-1   stale; the latest such call is last_stale
    read                               ├──┤ of i   the next read that could tell; its distance is the resolution

A read is stale with respect to i when its own version was over before write i was called and it was called after 0. The
window ends at the *last* stale read, not at the first fresh one (Bermbach and Tai 2011). It is censored when no read
was called after its end: then it may be longer, and is in no quantile.

A version that no read ever returned was never visible and has no first_visible, whether or not the next one was seen.
It was overtaken before a read could see it, or lost (:mod:`loadtest.judge.order.unseen`).
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from loadtest import units
from loadtest.judge.measure.visibility import visibility
from loadtest.judge.order.staleness import staleness
from loadtest.judge.order.timeline import Timeline, stale_reads, timeline
from loadtest.judge.order.unseen import unseen
from loadtest.judge.order.zones import consistency_level
from loadtest.judge.statistics.intervals import binomial_interval, clustered_interval
from loadtest.judge.statistics.quantiles import distribution
from loadtest.run.history.blocks import each_block
from loadtest.run.history.history import Column, History
from loadtest.run.records import NEVER_RETURNED
from loadtest.summary.versions import Consistency, ConsistencyWindow, KStaleness

MOST_WINDOWS: Final = 2_000
MOST_K: Final = 20
_UNSEEN: Final[tuple[Literal["", "overtaken", "lost"], ...]] = ("", "overtaken", "lost")


def measure_consistency(history: History) -> Consistency:
    """How long readers saw the old version."""
    times = history.once(timeline)
    writes = _Writes(history, times)
    stale = history.once(stale_reads)
    low, high = staleness(history, times, stale)
    reads = int(np.count_nonzero(times.legitimate & (times.acknowledged_before >= 2)))
    stale_after, reads_after = _stale_by_write(times, stale, len(writes.acked_ns))
    interval = None
    if reads:
        interval = clustered_interval(stale_after, reads_after) if len(stale) else binomial_interval(0, reads)
    followed = writes.was_stale & ~writes.censored
    share = round(len(stale) / reads, 9) if reads else None
    kept, note = _kept(writes)
    return Consistency(
        level=consistency_level(history),
        writes=len(writes.acked_ns),
        censored=int(np.count_nonzero(writes.censored)),
        windows=tuple(writes.row(place, history.origin_ns) for place in kept),
        windows_note=note,
        first_visible=distribution(writes.first_visible_ns[writes.seen]),
        last_stale=distribution(writes.last_stale_ns[followed]),
        longest_window_ns=int(writes.last_stale_ns.max()) if writes.was_stale.any() else None,
        resolution=distribution(writes.resolution_ns[~writes.censored]),
        reads=reads,
        stale_reads=len(stale),
        stale_share=share,
        stale_share_upper=interval[1] if interval else None,
        stale_text=_share_text(len(stale), reads, interval, int(np.count_nonzero(reads_after))),
        staleness_low_ns=int(low.max()) if len(stale) else None,
        staleness_high_ns=int(high.max()) if len(stale) else None,
        k_staleness=_k_staleness(times.behind[stale]),
        visibility=visibility(
            writes.called_of_reads,
            writes.acked_ns,
            writes.stale_called,
            writes.stale_from,
            int(writes.last_stale_ns.max(initial=0)),
        ),
        cut_off=int(np.count_nonzero(writes.was_stale & writes.censored)),
        lost=int(np.count_nonzero(writes.unseen == 2)),
        overtaken=int(np.count_nonzero(writes.unseen == 1)),
    )


class _Writes:
    """Columns by acknowledged write after version 0."""

    def __init__(self, history: History, times: Timeline) -> None:
        reads = history.reads
        called = reads.called_ns
        self.called_of_reads = called if times.legitimate.all() else np.compress(times.legitimate, called)
        stale = history.once(stale_reads)
        self.version = times.acknowledged[1:]
        self.acked_ns = times.acknowledged_returned_ns[1:]
        self.put_ns = self.acked_ns - times.acknowledged_called_ns[1:]
        self.stale_called = reads.called_ns[stale]  # rising
        self.stale_from = times.superseded_by[times.version[stale]]  # first acknowledged write it did not see

        earliest = np.minimum.accumulate(times.first_read_ns[::-1])[::-1][self.version]
        self.seen = times.first_read_ns[self.version] != NEVER_RETURNED  # a read of a newer version does not count
        self.first_visible_ns = np.where(self.seen, earliest - self.acked_ns, 0)

        # A read is stale with respect to every acknowledged write from the first that it did not see up to its call.
        latest = np.full(len(times.acknowledged) + 1, -1, dtype=np.int64)
        np.maximum.at(latest, self.stale_from, self.stale_called)
        latest_stale = np.maximum.accumulate(latest)[1:-1]
        self.was_stale = latest_stale > self.acked_ns
        self.last_stale_ns = np.where(self.was_stale, latest_stale - self.acked_ns, 0)

        end = self.acked_ns + self.last_stale_ns
        following = np.searchsorted(self.called_of_reads, end, side="right")
        self.censored = following == len(self.called_of_reads)
        followed = ~self.censored
        self.resolution_ns = np.zeros(len(end), dtype=np.int64)
        self.resolution_ns[followed] = self.called_of_reads[following[followed]] - end[followed]

        never = history.once(unseen)
        self.unseen = np.isin(self.version, never.lost) * 2 + np.isin(self.version, never.overtaken)

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
            unseen=_UNSEEN[int(self.unseen[place])],
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
    """Stale reads by k; all with a larger k are counted under MOST_K."""
    counts = np.bincount(np.minimum(behind, MOST_K), minlength=1)
    return tuple(KStaleness(k, int(reads)) for k, reads in enumerate(counts) if k and reads)


def _stale_by_write(times: Timeline, stale: Column, writes: int) -> tuple[Column, Column]:
    """Stale reads, and reads that could have been stale, by the acknowledged write that they came after."""
    after = np.zeros(writes, dtype=np.int64)

    def of_block(block: slice) -> tuple[int, Column]:
        before = times.acknowledged_before[block]
        before = before[times.legitimate[block] & (before >= 2)] - 2
        least = int(before.min(initial=writes))
        return least, np.bincount(before - least)

    for least, counts in each_block(len(times.legitimate), of_block):
        after[least : least + len(counts)] += counts
    return np.bincount(times.acknowledged_before[stale] - 2, minlength=writes), after


def _share_text(stale: int, reads: int, interval: tuple[float, float] | None, writes: int) -> str:
    if not stale or interval is None:
        return units.none_in(reads)
    if writes < 2:
        return f"{units.share(stale / reads)} (of one write, so without an interval)"
    low, high = (units.share(end) for end in interval)
    return f"{units.share(stale / reads)} ({units.interval(low, high)}, over {writes:,} writes)"
