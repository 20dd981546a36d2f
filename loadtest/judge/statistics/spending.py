"""Group-sequential bounds: how sure each look at a growing record must be, for all looks together to be 97.5 % sure.

Whoever looks again and again, and stops as soon as an interval of 95 % has left the tolerance, is wrong more often than
once in twenty. In the method of Lan and DeMets ("Discrete sequential boundaries for clinical trials", Biometrika 70,
1983) a look at the share t of the planned observations spends a part of the allowed chance of error, by a function that
is fixed in advance: however many looks there are, and wherever they fall, no more than all of it is spent. The bound of
each look follows from the recursion of Armitage, McPherson and Rowe (1969) for sums of independent observations. Each
look has an interval by its bound, and all intervals together hold the truth with 95 % ("repeated confidence
intervals": Jennison and Turnbull, *Group Sequential Methods*, chapter 9).

The two ends spend differently. The low end, by which a run FAILs, spends late (like O'Brien and Fleming's bounds), so
that at the planned end nearly all is left and a slowdown is found as well as in a run that is looked at once. The high
end, by which a run PASSes, spends evenly (like Pocock's), so that a run with nothing to find ends early.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from loadtest.judge.statistics.distributions import normal_quantile

ALLOWED: Final = 0.025
"""Chance of error of each end, over all looks."""
_REACH: Final = 8.5
_POINTS: Final = 401
_STEPS: Final = 50

Spending = Callable[[float], float]


class Tails(NamedTuple):
    """How much may lie beyond each end of an interval."""

    low: float
    high: float


ONE_LOOK: Final = Tails(ALLOWED, ALLOWED)


def spent_late(share: float) -> float:
    """Lan and DeMets' function like O'Brien and Fleming's bounds: spent by the ``share`` of the observations."""
    return 2 * _beyond(-normal_quantile(ALLOWED / 2) / math.sqrt(share))


def spent_evenly(share: float) -> float:
    """Lan and DeMets' function like Pocock's bounds."""
    return ALLOWED * math.log1p((math.e - 1) * share)


def tails_of_last(shares: Sequence[float]) -> Tails:
    """The tails of the last of the looks that were made at these rising ``shares`` of the planned observations."""
    return Tails(nominal(shares, spent_late)[-1], nominal(shares, spent_evenly)[-1])


def nominal(shares: Sequence[float], spending: Spending) -> list[float]:
    """The tail of each look, such that what is spent by then is ``spending(share)``."""
    if not shares or shares[0] <= 0 or shares[-1] > 1 or any(a >= b for a, b in itertools.pairwise(shares)):
        raise ValueError(f"looks must be made at rising shares above 0 and up to 1, not at {list(shares)}")
    spent, tails, before = 0.0, [], 0.0
    at, mass = np.zeros(1), np.ones(1)  # of the sum that has not crossed a bound: its values, and their weights
    for share in shares:
        step = math.sqrt(share - before)
        bound = _bound(at, mass, step, spending(share) - spent, share)
        tails.append(_beyond(bound / math.sqrt(share)))
        reached = np.linspace(-_REACH * math.sqrt(share), bound, _POINTS)
        density = (
            np.exp(-np.square((reached[:, None] - at[None, :]) / step) / 2) @ mass / (step * math.sqrt(2 * math.pi))
        )
        widths = np.full(_POINTS, reached[1] - reached[0])
        widths[[0, -1]] /= 2
        at, mass, spent, before = reached, density * widths, spending(share), share
    return tails


def _beyond(value: float) -> float:
    """The chance that a standard normal variable is larger; small chances keep all their digits."""
    return math.erfc(value / math.sqrt(2)) / 2


def _bound(at: np.ndarray, mass: np.ndarray, step: float, chance: float, share: float) -> float:
    """The bound that the sum crosses at this look, not having done so before, with this chance; by bisection."""
    low, high = -_REACH * math.sqrt(share), _REACH * math.sqrt(share)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        beyond = np.array([_beyond(value) for value in ((middle - at) / step).tolist()]) @ mass
        low, high = (middle, high) if beyond > chance else (low, middle)
    return high
