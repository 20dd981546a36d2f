"""Reads that were due at the edge of a window, as far as the clock of their worker tells: in it, or beyond.

They are left out (:func:`loadtest.judge.measure.latency.window_of`). When they are many, what is left of a window is
its middle, and a run does not pass on that.
"""

from __future__ import annotations

import numpy as np

from loadtest import units
from loadtest.judge.measure.latency import successful, window_of
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT
from loadtest.run.history import History


def at_the_edge(history: History) -> list[str]:
    """Why a PASS is not earned where many reads of a worker are left out, as the end of a sentence."""
    reads, windows = history.reads, history.windows
    if not reads.known_to_a_bound or not len(windows):
        return []
    place = np.searchsorted(windows.start_ns, reads.scheduled_ns, side="right") - 1
    within = history.once(successful) & (place >= 0) & (reads.scheduled_ns < windows.end_ns[place])
    left_out = within & (history.once(window_of) < 0)
    due, lost = (np.bincount(reads.worker[chosen], minlength=1) for chosen in (within, left_out))
    lost = np.append(lost, np.zeros(len(due) - len(lost), dtype=lost.dtype))
    share = lost / np.maximum(due, 1)
    worker = int(np.argmax(share))
    if share[worker] <= MOST_LEFT_OUT:
        return []
    return [
        f"{units.share(float(share[worker]))} of the reads of worker {worker + 1} may have been due in another window, for "
        "its clock is known to a bound only: make --window longer"
    ]
