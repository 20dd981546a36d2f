"""The model of a series of runs between its changes: a level, correlated noise, and outliers.

Runs of one build do not scatter independently: a machine that was busy yesterday is often busy today. So the noise is
an AR(1) process (each value keeps the share ``phi`` of what the one before was off by) with an unknown ``phi``. Methods
that take such noise for independent find change points where there are none.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from loadtest.run.history.history import Column

PHIS: Final = tuple(place / 10 for place in range(10))
"""The shares that are considered, 0 to 0.9; with 1 there would be no level."""
MAD_TO_DEVIATION: Final = 1.4826
"""Standard deviation of a normal distribution, divided by its median absolute deviation."""
_NEIGHBOURS: Final = 5
_MOST_DEVIATIONS: Final = 3.75


def without_outliers(levels: Any, floor: float) -> Any:
    """``levels`` with values far from their neighbours pulled in (a Hampel filter over five runs).

    Five runs preserve a step that three runs show, also at the end of the series, and nothing that one or two runs
    show. ``floor`` is the least deviation that is assumed, as most runs may be equal. The last axis is the series.
    """
    count = levels.shape[-1]
    starts = np.clip(np.arange(count) - _NEIGHBOURS // 2, 0, count - _NEIGHBOURS)
    typical = np.median(levels[..., starts[:, None] + np.arange(_NEIGHBOURS)], axis=-1)
    off = levels - typical
    deviation = MAD_TO_DEVIATION * np.median(np.abs(off), axis=-1, keepdims=True)
    most = _MOST_DEVIATIONS * np.maximum(deviation, floor)
    return typical + np.clip(off, -most, most)


def whitened(columns: Any, phi: float) -> Any:
    """``columns`` (one a series; the first axis is the run), filtered so that their noise is independent."""
    white = columns.copy()
    white[1:] -= phi * columns[:-1]
    white[0] *= np.sqrt(1 - phi * phi)
    return white


def run_deviations(levels: Column, own: Column) -> Column:
    """The relative deviation of each run: its ``own`` (NaN: not known), and what it does not show itself.

    The latter is what neighbours differ by beyond their own deviations. Only proportions matter: a run with half the
    windows weighs less, but every run weighs something.
    """
    known = own[np.isfinite(own)]
    if not len(known) or not np.any(known > 0):
        return np.ones(len(levels))
    filled = np.where(np.isfinite(own), own, np.max(known))
    steps = np.diff(levels)
    between = (MAD_TO_DEVIATION * float(np.median(np.abs(steps)))) ** 2 / 2
    typical = float(np.median(filled)) ** 2
    beyond = max(between - typical, between / 4, typical / 100)
    deviations: Column = np.sqrt(beyond + filled**2)
    middle = float(np.median(deviations))
    return deviations / middle if middle > 0 else np.ones(len(levels))  # squares of the smallest numbers are 0
