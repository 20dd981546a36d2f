"""Where the level of a series of runs changed: a likelihood ratio scan, with noise that is like its neighbours'.

The method is the likelihood ratio for a shift in mean under AR(1) noise whose parameters are unknown (Robbins,
Gallagher, Lund and Aue 2011, "Mean shift testing in correlated data"): the best model with one change more is set
against the best without, each with the noise that suits it. Changes are looked for as steps that last, and as bumps
that begin and end within a level (circular binary segmentation: Olshen, Venkatraman, Lucito and Wigler 2004), one after
the other, each given those before it; at the end every change must still be worth its place. Critical values are
simulated, for the noise in which false alarms are the most frequent (:mod:`loadtest.trend.critical`).
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np

from loadtest.run.history import Column
from loadtest.trend.critical import p_value
from loadtest.trend.noise import PHIS, run_deviations, whitened, without_outliers

LEAST_RUNS: Final = 10
"""With fewer a step of five deviations would usually stay unseen, so that nothing can be said of them."""
MOST_RUNS: Final = 120
"""Newer runs than that are judged; the tables of critical values end here."""
LEAST_SEGMENT: Final = 3
"""Runs that a level must last: one or two are outliers."""
SIGNIFICANT: Final = 0.01
LEAST_BUMP: Final = 5
"""Runs that a bump must last: three of five neighbours may be outliers, and a bump has room everywhere."""
STEP_SHARE, BUMP_SHARE = 0.8, 0.1
"""How the permitted false alarms are divided between steps and bumps; the rest is a reserve."""
MOST_CHANGES: Final = 12
_WITHIN: Final = 3.84
"""A place for the change that costs no more likelihood than this is as good (95 %, chi-square of one degree)."""


class Step(NamedTuple):
    """A change of level: the first run with the new one, and how sure that is."""

    at: int
    earliest: int
    latest: int
    size: float
    deviation: float
    p: float
    before: float
    after: float


class Fit(NamedTuple):
    """The best model with levels that change at given places."""

    value: float  # twice the logarithm of its likelihood
    levels: Column
    covariance: Any


class Scan:
    """One series, made ready: outliers drawn in, runs weighed by their deviation."""

    def __init__(self, levels: Column, own_deviations: Column, floor: float) -> None:
        weights = 1 / run_deviations(levels, own_deviations)
        self.count = len(levels)
        self._weights = weights[:, None]
        centre = float(np.median(levels))
        self._values = (without_outliers(levels - centre, floor) * weights)[:, None]
        self._centre = centre
        self._least = self.count * floor**2
        # For each phi, what makes the noise of weighed runs independent, and the runs so treated.
        self._filters = np.stack([whitened(np.diag(weights), phi) for phi in PHIS])
        self._white = np.stack([whitened(self._values, phi)[:, 0] for phi in PHIS])
        self._priors = np.log1p(-(np.array(PHIS) ** 2))

    def fit(self, places: tuple[int, ...]) -> Fit:
        """The best fit with changes at these places."""
        designs = self._filters @ _levels(self.count, places)
        across = designs.transpose(0, 2, 1)
        products = across @ designs  # of columns that overlap in one run at most: never near singular
        found = np.linalg.solve(products, across @ self._white[:, :, None])
        rests = ((self._white - (designs @ found)[:, :, 0]) ** 2).sum(axis=1)
        likely = self._priors - self.count * np.log(np.maximum(rests, self._least) / self.count)
        best = int(np.argmax(likely))
        degrees = max(1, self.count - len(places) - 2)
        spread = max(float(rests[best]), self._least) / degrees
        covariance = np.linalg.inv(products[best]) * spread
        return Fit(float(likely[best]), found[best, :, 0] + self._centre, covariance)

    def one_more(self, places: tuple[int, ...], bumps: bool) -> tuple[float, tuple[int, ...]]:
        """The best step (or bump) beside those at ``places``: what it is worth, and its places; none: (0, ())."""
        candidates = arcs(self.count, places, bumps)
        if not len(candidates):
            return 0.0, ()
        return likelihood_ratios(self._values, self._weights, places, candidates, self._least)[0]


def arcs(count: int, places: tuple[int, ...], bumps: bool) -> Any:
    """Stretches [from, until) of one level whose own level may be another; both parts are long enough to be seen."""
    found = []
    for low, high in zip((0, *places), (*places, count), strict=True):
        for start in range(low + LEAST_SEGMENT, high - LEAST_SEGMENT + 1):
            if bumps:
                ends = range(start + LEAST_BUMP, high - LEAST_SEGMENT + 1)
                found += [(start, end) for end in ends]
            else:
                found.append((start, high))
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def likelihood_ratios(
    values: Any, weights: Any, places: tuple[int, ...], candidates: Any, least: float
) -> list[tuple[float, tuple[int, ...]]]:
    """For each series (a column of ``values``) the best candidate: twice the log likelihood ratio, and its places."""
    count, series = values.shape
    at = np.arange(count)[:, None]
    inside = ((at >= candidates[:, 0]) & (at < candidates[:, 1])) * weights
    known = _levels(count, places) * weights
    without, best = np.full(series, -np.inf), np.full(series, -np.inf)
    chosen = np.zeros(series, dtype=np.int64)
    rows = np.arange(series)
    for phi in PHIS:
        base, _ = np.linalg.qr(whitened(known, phi))
        columns = whitened(inside, phi)
        columns -= base @ (base.T @ columns)
        columns /= np.maximum(np.sqrt((columns**2).sum(axis=0)), 1e-9)
        rest = whitened(values, phi)
        rest -= base @ (base.T @ rest)
        squares = (rest**2).sum(axis=0)
        gains = (rest.T @ columns) ** 2
        place = gains.argmax(axis=1)
        prior = math.log(1 - phi * phi)
        without = np.maximum(without, prior - count * np.log(np.maximum(squares, least) / count))
        left = np.maximum(squares - gains[rows, place], least)
        value = prior - count * np.log(left / count)
        chosen = np.where(value > best, place, chosen)
        best = np.maximum(best, value)
    worth = best - without
    ends = [{int(start), int(end)} - {count, *places} for start, end in candidates[chosen]]
    return [(float(one), tuple(sorted({*places, *new}))) for one, new in zip(worth, ends, strict=True)]


def _levels(count: int, places: tuple[int, ...]) -> Any:
    """One column a level, 1 where it holds."""
    bounds = (0, *places, count)
    at = np.arange(count)[:, None]
    return ((at >= np.array(bounds[:-1])) & (at < np.array(bounds[1:]))).astype(np.float64)


def find_changes(levels: Column, own_deviations: Column, floor: float) -> tuple[Step, ...]:
    """The changes of level in a series of 10 to 120 runs, first to last.

    ``own_deviations`` are the standard deviations that the runs give of their own values (NaN: not known). ``floor`` is
    the smallest deviation that a run's value is believed to have, so that nothing is made of rounding.
    """
    scan = Scan(levels, own_deviations, floor)
    places: tuple[int, ...] = ()
    while len(places) < MOST_CHANGES:
        step, bump = scan.one_more(places, bumps=False), scan.one_more(places, bumps=True)
        chances = (
            p_value(step[0], scan.count, bumps=False) / STEP_SHARE,
            p_value(bump[0], scan.count, bumps=True) / BUMP_SHARE,
        )
        if min(chances) > SIGNIFICANT:
            break
        places = step[1] if chances[0] <= chances[1] else bump[1]
        places = _moved(scan, places)
    return tuple(_described(scan, _worth_it(scan, places)))


def _worth_it(scan: Scan, places: tuple[int, ...]) -> tuple[int, ...]:
    """Without the changes that are not needed any more beside the others, the least needed first."""
    while places:
        worth = [(p, place) for place in places if (p := _chance(scan, places, place)) > SIGNIFICANT / BUMP_SHARE]
        if not worth:
            break
        least = max(worth)[1]
        places = _moved(scan, tuple(place for place in places if place != least))
    return places


def _moved(scan: Scan, places: tuple[int, ...]) -> tuple[int, ...]:
    """Each change where the series fits best, given the others."""
    for turn in range(len(places)):
        low = (0, *places)[turn] + LEAST_SEGMENT
        high = (*places, scan.count)[turn + 1] - LEAST_SEGMENT
        options = [(*places[:turn], place, *places[turn + 1 :]) for place in range(low, high + 1)]
        places = max([places, *options], key=lambda option: scan.fit(option).value)
    return places


def _chance(scan: Scan, places: tuple[int, ...], place: int) -> float:
    """How likely a series without this change would look so much like having it."""
    others = tuple(other for other in places if other != place)
    worth = scan.fit(places).value - scan.fit(others).value
    return min(1.0, p_value(worth, scan.count, bumps=False) / STEP_SHARE)


def _described(scan: Scan, places: tuple[int, ...]) -> list[Step]:
    found = scan.fit(places)
    described = []
    for turn, place in enumerate(places):
        low, high = (0, *places)[turn] + 1, (*places, scan.count)[turn + 1] - 1
        as_good = [
            other
            for other in range(low, high + 1)
            if found.value - scan.fit((*places[:turn], other, *places[turn + 1 :])).value <= _WITHIN
        ]
        size = float(found.levels[turn + 1] - found.levels[turn])
        covariance = found.covariance
        spread = covariance[turn, turn] + covariance[turn + 1, turn + 1] - 2 * covariance[turn, turn + 1]
        described.append(
            Step(
                place,
                min(as_good),
                max(as_good),
                size,
                math.sqrt(max(0.0, float(spread))),
                _chance(scan, places, place),
                float(found.levels[turn]),
                float(found.levels[turn + 1]),
            )
        )
    return described
