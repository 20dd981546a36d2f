"""Is there one order of all reads and writes? Decided exactly, by zones (Gibbons and Korach 1997; Golab et al. 2011).

In such an order all operations of one version stand together: first its write, then the reads that returned it, and no
other write between them. So only two moments of a version matter: ``first_end``, when the first of its operations
returned, and ``last_call``, when the last of them was called. ::

    version 1   ├──w──┤  ├─r─┤                  first_end ◆        last_call ◆
                      ◆  ◆                      forward zone (◆ first_end, then ◆ last_call): 1 must be there in between
    version 2      ├──────w──────┤
                   ◆             ◆              backward zone (◆ last_call, then ◆ first_end): 2 may come anywhere in it

Two versions A and B are in *conflict* if A's first_end is before B's last_call and B's first_end before A's last_call:
then an operation of A precedes one of B, and one of B precedes one of A, so neither version can stand wholly before the
other. There is an order of everything exactly if no two versions are in conflict and no read returned before its own
write was called (that is a phantom, and left out here).

The *size* of a conflict is the smaller of the two differences: for how long the earlier version was still read after it
must have been over. The conflicts larger than a bound are those of zones whose first_end is later by that bound.

A write whose outcome is unknown never returned; if no read returned its version, it may never have taken effect, and
constrains nothing. A refused write did not happen. As everywhere, equal times overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from loadtest.judge.evidence import missing_records, too_little
from loadtest.judge.order.timeline import timeline
from loadtest.judge.watch_evidence import somebody_else
from loadtest.run.history.blocks import each_block
from loadtest.run.history.history import Column, Flags, History
from loadtest.run.records import NEVER_RETURNED, WriteOutcome

NOBODY: Final = -1


@dataclass(frozen=True, eq=False)
class Zones:
    """Columns by version."""

    first_end_ns: Column
    last_call_ns: Column
    constrains: Flags  # versions that were written, and were seen or acknowledged

    def conflicts(self, beyond_ns: int = 0, leaving_out: Flags | None = None) -> dict[int, int]:
        """Each version with a conflict larger than ``beyond_ns``, and one version that it conflicts with so."""
        versions = np.flatnonzero(self.constrains if leaving_out is None else self.constrains & ~leaving_out)
        partner = partners(self.first_end_ns[versions] + beyond_ns, self.last_call_ns[versions])
        conflicting = np.flatnonzero(partner != NOBODY)
        return dict(zip(versions[conflicting].tolist(), versions[partner[conflicting]].tolist(), strict=True))


def zones(history: History) -> Zones:
    times, writes = history.once(timeline), history.writes
    first_end = times.over_ns
    last_call = writes.called_ns.copy()
    called = history.reads.called_ns

    def last_in_block(block: slice) -> tuple[Column, Column]:
        right = times.legitimate[block]
        version, when = times.version[block], called[block]
        if not right.all():
            version, when = version[right], when[right]
        if not len(version):
            return version, when
        least = int(version.min())
        last = np.full(int(version.max()) - least + 1, NOBODY, dtype=np.int64)
        last[version - least] = when  # reads are in order of call, so the last call of each version stays
        seen = np.flatnonzero(last != NOBODY)
        return seen + least, last[seen]

    for version, last in each_block(len(called), last_in_block):
        last_call[version] = np.maximum(last_call[version], last)
    constrains = (writes.outcome != WriteOutcome.REFUSED) & (first_end != NEVER_RETURNED) & times.published_once
    return Zones(first_end, last_call, constrains)


def partners(first_end: Column, last_call: Column) -> Column:
    """For each zone, by place, another one that it is in conflict with, or NOBODY.

    Of two conflicting zones at least one is forward. So forward zones are sorted by first_end, and every zone looks, of
    those that began before its last_call, for the one that reaches furthest.
    """
    forward = np.flatnonzero(first_end < last_call)
    forward = forward[np.argsort(first_end[forward], kind="stable")]
    partner = np.full(len(first_end), NOBODY, dtype=np.int64)
    if not len(forward):
        return partner
    begins, reaches = first_end[forward], np.maximum.accumulate(last_call[forward])
    furthest = forward[_places_of_maximum(last_call[forward], reaches)]

    backward = np.flatnonzero(first_end >= last_call)
    before = np.searchsorted(begins, last_call[backward], side="left")
    inside = (before > 0) & (reaches[before - 1] > first_end[backward])
    partner[backward[inside]] = furthest[before[inside] - 1]
    _make_mutual(partner, furthest[before[inside] - 1], backward[inside])

    overlaps_earlier = np.append(False, reaches[:-1] > begins[1:])
    later, earlier = forward[overlaps_earlier], furthest[np.flatnonzero(overlaps_earlier) - 1]
    partner[later] = earlier
    _make_mutual(partner, earlier, later)
    return partner


def _places_of_maximum(values: Column, running: Column) -> Column:
    """Where the running maximum was first reached."""
    new = np.append(True, running[1:] > running[:-1])
    places: Column = np.maximum.accumulate(np.where(new, np.arange(len(values)), 0))
    return places


def _make_mutual(partner: Column, zones_: Column, others: Column) -> None:
    """Conflicts are mutual: give each of ``zones_`` its other one as a partner, if it has none yet."""
    alone = partner[zones_] == NOBODY
    partner[zones_[alone]] = others[alone]


Level = Literal["atomic", "regular", "neither", "unknown"]


def consistency_level(history: History) -> Level:
    """The level that the run showed, whatever staleness is tolerated."""
    times = history.once(timeline)
    if times.phantom.any() or times.behind.any():
        return "neither"
    if somebody_else(history) or missing_records(history):
        return "unknown"
    if history.once(zones).conflicts():
        return "regular"
    return "unknown" if too_little(history, int(np.count_nonzero(times.legitimate)), "reads") else "atomic"
