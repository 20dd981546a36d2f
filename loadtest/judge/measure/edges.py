"""Reads that were due at the edge of a window, as far as the clock of their worker tells: in it, or beyond.

They are left out (:func:`loadtest.judge.measure.populations.window_of`). When they are many, what is left of a window
is its middle, and a run does not pass on that.
"""

from __future__ import annotations

import numpy as np

from loadtest import units
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT
from loadtest.judge.measure.populations import successful
from loadtest.run.history.history import Column, History


def at_the_edge(history: History, start_ns: Column, end_ns: Column, remedy: str) -> list[str]:
    """Why a PASS is not earned where many reads of a worker are left out, as the end of a sentence.

    ``start_ns`` and ``end_ns`` are those of the windows, which rise and do not overlap.
    """
    reads = history.reads
    if not reads.known_to_a_bound or not len(start_ns):
        return []
    place = np.searchsorted(start_ns, reads.scheduled_ns, side="right") - 1
    within = history.once(successful) & (place >= 0) & (reads.scheduled_ns < end_ns[place])
    left_out = within & (reads.scheduled_ns + reads.widening_ns >= end_ns[place])
    workers = int(reads.worker.max()) + 1
    due, lost = (np.bincount(reads.worker[chosen], minlength=workers) for chosen in (within, left_out))
    share = lost / np.maximum(due, 1)
    worker = int(np.argmax(share))
    if share[worker] <= MOST_LEFT_OUT:
        return []
    return [
        f"{units.share(float(share[worker]))} of the reads of worker {worker + 1} may have been due in another window, "
        f"as its clock is known to a bound only: {remedy}"
    ]
