"""The consistency level: whether the object was atomic, regular or neither in this run."""

from __future__ import annotations

from typing import Literal

import numpy as np

from loadtest.judge.evidence import missing_records, too_little
from loadtest.judge.order.timeline import timeline
from loadtest.judge.order.zones import zones
from loadtest.judge.watch_evidence import somebody_else
from loadtest.run.history import History

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
