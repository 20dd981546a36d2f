"""How much larger is one run's latency than another's: an estimate and a 95 % interval, from the windows of each.

The unit is the window, never the request. For two series of logarithms of a window's quantile, the estimate is Hodges
and Lehmann's shift between two samples: the median of all differences (Hollander, Wolfe and Chicken, *Nonparametric
Statistical Methods*, section 4.2), with the interval that belongs to the Mann-Whitney test. That interval assumes that
windows are independent, which they are not: a machine drifts, and two runs are made at two points of that drift. So the
interval is widened, in quadrature, by

- **drift that the runs show** (:mod:`loadtest.compare.drift`);
- **what no window of a run can show**: whatever is settled when a process starts and then stays (placement,
  connections, memory). Two runs cannot reveal it; ``run_noise`` is its standard deviation, as a share of the latency.

``benchmarks/compare_simulation.py`` shows false alarms and coverage with and without the widening.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np

from loadtest.judge.statistics.distributions import normal_quantile
from loadtest.judge.statistics.signed_rank import CONFIDENCE, Shift, thinned
from loadtest.run.history.history import Column

LEAST_WINDOWS: Final = 4
"""With 4 windows in each run the widest Mann-Whitney interval covers 97 %; with 3 only 90 %."""
MOST_WINDOWS: Final = 1_000
_EXACT_UP_TO: Final = 1_600
_Z: Final = normal_quantile((1 + CONFIDENCE) / 2)


def shift_between(base: Column, new: Column, extra_deviation: float = 0.0) -> Shift | None:
    """The shift from ``base`` to ``new``; None when either has too few values.

    ``extra_deviation`` is a standard deviation of the shift that the values themselves do not show.
    """
    before, after = thinned(base, MOST_WINDOWS), thinned(new, MOST_WINDOWS)
    if min(len(before), len(after)) < LEAST_WINDOWS:
        return None
    differences = np.sort((after[:, None] - before[None, :]).ravel())
    place = critical_place(len(before), len(after))
    center = float(np.median(differences))
    low, high = float(differences[place - 1]), float(differences[-place])
    extra = _Z * extra_deviation
    return Shift(center, center - math.hypot(center - low, extra), center + math.hypot(high - center, extra))


def critical_place(first: int, second: int) -> int:
    """Which difference from either end (from 1) ends the interval, for samples of these sizes."""
    tail = (1 - CONFIDENCE) / 2
    if first * second > _EXACT_UP_TO:
        deviation = math.sqrt(first * second * (first + second + 1) / 12)
        return max(1, math.floor(first * second / 2 - _Z * deviation))
    return max(1, int(np.searchsorted(np.cumsum(_chances(first, second)), tail, side="right")))


@cache
def _chances(first: int, second: int) -> Column:
    """P(U = u) for u = 0 … first · second when nothing has changed: is the largest value of the one or the other?"""
    above: list[Column] = [np.ones(1) for _ in range(second + 1)]  # none of the first sample
    for one in range(1, first + 1):
        row: list[Column] = [np.ones(1)]
        for other in range(1, second + 1):
            chances = np.zeros(one * other + 1)
            chances[: one * (other - 1) + 1] = row[other - 1] * (other / (one + other))
            chances[other:] += above[other] * (one / (one + other))
            row.append(chances)
        above = row
    return above[second]


def ratio_of(base: Shift, new: Shift) -> Shift:
    """The change between two independent estimates, each with its own interval (logarithms).

    The method of variance estimates recovery: each end lies as far out as the two nearer ends do together (Zou and
    Donner 2008, "Construction of confidence limits about effect measures").
    """
    center = new.center - base.center
    low = center - math.hypot(new.center - new.low, base.high - base.center)
    return Shift(center, low, center + math.hypot(new.high - new.center, base.center - base.low))
