"""Acknowledged writes that no read ever returned: overtaken before one could, or lost. ::

    time       ───────────────────────────────────────────────────▶
    write 4    ├──────┤                                             acknowledged
    read                 ├───┤ of 3                                 called after that, answered before the next write
    write 5                        ├──────┤
    read                                      ├───┤ of 5            and nobody ever got 4: lost

A version is *lost, or not visible until the next write*, if no read returned it although a newer one was returned, and
a read that was called after its acknowledgement and returned before the next write was called got an older one. That
read is stale as well, but this finding says more: the version was not late, it never came.

It was *overtaken* if no read returned it although a newer one was returned, and no read in between could have told: the
next write came too soon. That says nothing against the target.

If no read had returned the version, or a newer one, when the run ended, it is neither: it may still have been on its
way, and its consistency window is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loadtest.judge.order.timeline import timeline
from loadtest.run.history.blocks import each_block, places, rising_run
from loadtest.run.history.history import Column, Flags, History
from loadtest.run.records import NEVER_RETURNED, WriteOutcome

NONE = -1


@dataclass(frozen=True, eq=False)
class Unseen:
    """By version, rising. ``shown_by`` is, for each of the ``lost``, the last read that shows that it was not there."""

    tried: int  # acknowledged writes after the first for which a read came in time to tell
    overtaken: Column
    lost: Column
    shown_by: Column
    next_write: Column  # the version of the write after each of the ``lost``


def unseen(history: History) -> Unseen:
    """The acknowledged writes after the first that no read returned, though a newer one was returned."""
    times, writes = history.once(timeline), history.writes
    versions = times.acknowledged[1:]
    issued = np.flatnonzero(writes.outcome != WriteOutcome.REFUSED)
    following = np.append(issued, NONE)[np.searchsorted(issued, versions, side="right")]
    until = np.where(following == NONE, NEVER_RETURNED, writes.called_ns[following])

    _, asked = _last_before(history, times.legitimate, until)
    in_time = asked > writes.returned_ns[versions]
    earliest_from = np.append(np.minimum.accumulate(times.first_read_ns[::-1])[::-1], NEVER_RETURNED)
    never = (times.first_read_ns[versions] == NEVER_RETURNED) & times.published_once[versions]
    passed_over = never & (earliest_from[versions + 1] != NEVER_RETURNED)

    stale, asked = _last_before(history, times.behind > 0, until)
    shown = asked > writes.returned_ns[versions]
    lost = passed_over & shown
    return Unseen(
        int(np.count_nonzero(in_time)), versions[passed_over & ~shown], versions[lost], stale[lost], following[lost]
    )


def _last_before(history: History, among: Flags, until: Column) -> tuple[Column, Column]:
    """Of the reads ``among`` that had returned before each of ``until`` (rising), the one called last, and its call.

    Where there is none, both are ``NONE``.
    """
    latest = np.full(len(until) + 1, NONE, dtype=np.int64)  # reads are numbered in order of call

    def of_block(block: slice) -> tuple[Column, Column]:
        reads = np.flatnonzero(among[block]) + block.start
        if not len(reads):
            return reads, reads
        returned = history.reads.returned_ns[rising_run(reads)]
        after = places(until, returned, "right")  # the first that it returned before
        last = np.append(np.flatnonzero(np.diff(after)), len(after) - 1)
        return after[last], reads[last]

    for after, reads in each_block(len(among), of_block):
        np.maximum.at(latest, after, reads)
    last: Column = np.maximum.accumulate(latest[:-1])
    called = np.full(len(until), NONE, dtype=np.int64)
    called[last != NONE] = history.reads.called_ns[last[last != NONE]]
    return last, called
