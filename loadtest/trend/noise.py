"""What a series of runs is taken for between its changes: a level, noise that is like its neighbours', and outliers.

Runs of one build do not lie at random about their level: a machine that was busy yesterday is often busy today. So the
noise is an AR(1) process (each value keeps the share ``phi`` of what the one before was off by), and ``phi`` is not
known. Taking such noise for independent is what makes change points out of nothing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from loadtest.run.history import Column

PHIS: Final = tuple(place / 10 for place in range(10))
"""The shares that are considered, 0 to 0.9; at 1 no level would exist."""
_NEIGHBOURS: Final = 5
_MOST_DEVIATIONS: Final = 3.75
_MAD_TO_DEVIATION: Final = 1.4826


def without_outliers(levels: Any, floor: float) -> Any:
    """``levels`` with what lies far from its neighbours drawn in (a Hampel filter over five runs).

    ``floor`` is the least deviation that runs are taken to have, for where most of them are equal.

    Five hold a step that three runs show, at the end of the series too, and nothing that one or two runs show. The
    last axis is the series.
    """
    count = levels.shape[-1]
    starts = np.clip(np.arange(count) - _NEIGHBOURS // 2, 0, count - _NEIGHBOURS)
    typical = np.median(levels[..., starts[:, None] + np.arange(_NEIGHBOURS)], axis=-1)
    off = levels - typical
    deviation = _MAD_TO_DEVIATION * np.median(np.abs(off), axis=-1, keepdims=True)
    most = _MOST_DEVIATIONS * np.maximum(deviation, floor)
    return typical + np.clip(off, -most, most)


def whitened(columns: Any, phi: float) -> Any:
    """``columns`` (one a series, the first axis is the run) as the noise would make them independent."""
    white = columns.copy()
    white[1:] -= phi * columns[:-1]
    white[0] *= np.sqrt(1 - phi * phi)
    return white


def run_deviations(levels: Column, own: Column) -> Column:
    """How much each run is off by: what it says of itself (``own``, NaN where it says nothing) and what it does not.

    The part that no run says of itself is what the neighbours differ by beyond their own deviations. Only the
    proportions count: a run of half the windows weighs less, and none weighs nothing.
    """
    known = own[np.isfinite(own)]
    if not len(known) or not np.any(known > 0):
        return np.ones(len(levels))
    filled = np.where(np.isfinite(own), own, np.max(known))
    steps = np.diff(levels)
    between = (_MAD_TO_DEVIATION * float(np.median(np.abs(steps)))) ** 2 / 2
    typical = float(np.median(filled)) ** 2
    beyond = max(between - typical, between / 4, typical / 100)
    deviations: Column = np.sqrt(beyond + filled**2)
    return deviations / float(np.median(deviations))
