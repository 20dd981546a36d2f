"""Hodges and Lehmann's estimate of a shift, with the confidence interval that belongs to Wilcoxon's signed-rank test.

For n paired differences: the median of all n (n + 1) / 2 averages of two of them, and two order statistics of these
averages as the ends of the interval (Hollander, Wolfe and Chicken, *Nonparametric Statistical Methods*, section 3.3).
It assumes that the differences are symmetric about the shift, not that they are normal; an outlier moves it little.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from loadtest.judge.statistics.distributions import normal_quantile, student_quantile
from loadtest.judge.statistics.spending import Tails
from loadtest.run.history.history import Column

CONFIDENCE: Final = 0.95
LEAST_PAIRS: Final = 6
"""With fewer than 6 differences no interval reaches 95 %: the widest of 5 covers 93.75 %."""
_LEAST_TAIL: Final = 1e-4
"""The smallest tail that is used to show an end of an interval; nothing is decided by it."""
_EXACT_UP_TO: Final = 200
MOST_PAIRS: Final = 4_000


class Shift(NamedTuple):
    """An estimated shift and its 95 % interval."""

    center: float
    low: float
    high: float


def thinned(values: Column, most: int) -> Column:
    """At most so many of the values, evenly spaced: what began late in a long run must be among them."""
    count = len(values)
    return values if count <= most else values[np.linspace(0, count - 1, most).astype(np.int64)]


def shift(differences: Column, confidence: float = CONFIDENCE) -> Shift | None:
    """The shift of ``differences`` from 0; None when they are too few. Of more than 4,000, so many are used."""
    tail = (1 - confidence) / 2
    return (
        shift_with_tails(differences, Tails(tail, tail)) if reaches(min(len(differences), MOST_PAIRS), tail) else None
    )


def shift_with_tails(differences: Column, tails: Tails) -> Shift | None:
    """The same with a tail of its own at each end.

    Where the signs are too few to make an end so sure (:func:`reaches`), it is that of Student's interval, and no
    nearer than the outermost average.
    """
    values = thinned(np.asarray(differences, dtype=np.float64), MOST_PAIRS)
    count = len(values)
    if count < LEAST_PAIRS:
        return None
    first, second = np.triu_indices(count)
    averages = np.sort((values[first] + values[second]) / 2)
    low, high = float(averages[place_of(count, tails.low) - 1]), float(averages[-place_of(count, tails.high)])
    if not reaches(count, tails.low):
        low = min(low, float(values.mean()) - _reach(values, tails.low))
    if not reaches(count, tails.high):
        high = max(high, float(values.mean()) + _reach(values, tails.high))
    return Shift(float(np.median(averages)), low, high)


def _reach(values: Column, tail: float) -> float:
    """How far Student's interval reaches to one side."""
    count = len(values)
    sure = 1 - max(tail, _LEAST_TAIL)
    return student_quantile(count - 1, sure) * float(np.std(values, ddof=1)) / float(np.sqrt(count))


def reaches(count: int, tail: float) -> bool:
    """Whether so many differences can make one end of an interval so sure: n of one sign have a chance of 2^-n."""
    return 2.0**-count <= tail


@lru_cache(1_000)
def place_of(count: int, tail: float) -> int:
    """Which average from an end (from 1) ends the interval: P(T < place) <= ``tail`` without a shift."""
    if count > _EXACT_UP_TO:
        mean = count * (count + 1) / 4
        deviation = np.sqrt(count * (count + 1) * (2 * count + 1) / 24)
        return max(1, int(np.floor(mean + normal_quantile(tail) * deviation)))
    return max(1, int(np.searchsorted(np.cumsum(_distribution(count)), tail, side="left")))


def _distribution(count: int) -> Column:
    """P(T = t) for t = 0 … n (n + 1) / 2, where T is the sum of the ranks that get a positive sign."""
    chances = np.zeros(count * (count + 1) // 2 + 1)
    chances[0] = 1.0
    for rank in range(1, count + 1):
        shifted = np.zeros_like(chances)
        shifted[rank:] = chances[:-rank]
        chances = (chances + shifted) / 2
    return chances
