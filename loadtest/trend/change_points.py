"""Where the level of a series of runs changed: a likelihood ratio scan under correlated noise.

The method is the likelihood ratio for a shift in mean under AR(1) noise whose parameters are unknown (Robbins,
Gallagher, Lund and Aue 2011, "Mean shift testing in correlated data"): the best model with one more change is compared
with the best one without, each with the noise that fits it best. The scan looks for steps that last, and for bumps that
begin and end within a level (circular binary segmentation: Olshen, Venkatraman, Lucito and Wigler 2004). It finds one
change after the other, given those before, and drops the changes that are not needed in the end. Critical values are
simulated, for the noise with the most false alarms (:mod:`loadtest.trend.critical`).
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np

from loadtest.run.history.history import Column
from loadtest.trend.critical import p_value
from loadtest.trend.noise import PHIS, run_deviations, whitened, without_outliers

LEAST_RUNS: Final = 10
"""With fewer runs, even a step of five deviations would usually go unseen, so nothing can be said."""
MOST_RUNS: Final = 120
"""Only the newest so many runs are judged; the tables of critical values end here."""
LEAST_SEGMENT: Final = 3
"""How many runs a level must last; one or two are outliers."""
SIGNIFICANT: Final = 0.01
LEAST_BUMP: Final = 5
"""How many runs a bump must last: three of five neighbours may be outliers, and a bump can be anywhere."""
STEP_SHARE, BUMP_SHARE = 0.8, 0.1
"""How the permitted false alarms are divided between steps and bumps; the rest is a reserve."""
MOST_CHANGES: Final = 12
_WITHIN: Final = 3.84
"""A change may also have been where the likelihood is lower by no more than this (95 %, chi-square of one degree)."""


class Step(NamedTuple):
    """A change of level: the first run with the new level, and how sure that is."""

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
    """One series, with outliers pulled in and runs weighted by their deviation."""

    def __init__(self, levels: Column, own_deviations: Column, floor: float) -> None:
        weights = 1 / run_deviations(levels, own_deviations)
        self.count = len(levels)
        self._weights = weights[:, None]
        centre = float(np.median(levels))
        self._values = (without_outliers(levels - centre, floor) * weights)[:, None]
        self._centre = centre
        self._least = self.count * floor**2
        # For each phi, the filter that makes the noise of weighted runs independent, and the filtered runs.
        self._filters = np.stack([whitened(np.diag(weights), phi) for phi in PHIS])
        self._white = np.stack([whitened(self._values, phi)[:, 0] for phi in PHIS])
        self._priors = np.log1p(-(np.array(PHIS) ** 2))

    def fit(self, places: tuple[int, ...]) -> Fit:
        """The best fit with changes at these places."""
        designs = self._filters @ _levels(self.count, places)
        across = designs.transpose(0, 2, 1)
        products = across @ designs  # columns overlap in one run at most, so these are never near singular
        levels = np.linalg.solve(products, across @ self._white[:, :, None])
        rests = ((self._white - (designs @ levels)[:, :, 0]) ** 2).sum(axis=1)
        likely = self._priors - self.count * np.log(np.maximum(rests, self._least) / self.count)
        best = int(np.argmax(likely))
        degrees = max(1, self.count - len(places) - 2)
        spread = max(float(rests[best]), self._least) / degrees
        covariance = np.linalg.inv(products[best]) * spread
        return Fit(float(likely[best]), levels[best, :, 0] + self._centre, covariance)

    def one_more(self, places: tuple[int, ...], bumps: bool) -> tuple[float, tuple[int, ...]]:
        """The best further step (or bump), given those at ``places``: its worth, and all places; (0, ()) if none."""
        candidates = arcs(self.count, places, bumps)
        if not len(candidates):
            return 0.0, ()
        return likelihood_ratios(self._values, self._weights, places, candidates, self._least)[0]


def arcs(count: int, places: tuple[int, ...], bumps: bool) -> Any:
    """Stretches [from, until) of a level that may have a level of their own; both parts are long enough to show."""
    stretches = []
    for low, high in zip((0, *places), (*places, count), strict=True):
        for start in range(low + LEAST_SEGMENT, high - LEAST_SEGMENT + 1):
            ends = range(start + LEAST_BUMP, high - LEAST_SEGMENT + 1) if bumps else (high,)
            stretches += [(start, end) for end in ends]
    return np.array(stretches, dtype=np.int64).reshape(-1, 2)


def likelihood_ratios(
    values: Any, weights: Any, places: tuple[int, ...], candidates: Any, least: float
) -> list[tuple[float, tuple[int, ...]]]:
    """For each series (a column of ``values``) the best candidate: twice the log likelihood ratio, and its places."""
    count, series = values.shape
    starts, ends = candidates.T
    known = _levels(count, places) * weights
    without, best = np.full(series, -np.inf), np.full(series, -np.inf)
    chosen = np.zeros(series, dtype=np.int64)
    rows = np.arange(series)
    for phi in PHIS:
        base, _ = np.linalg.qr(whitened(known, phi))
        rest = whitened(values, phi)
        rest -= base @ (base.T @ rest)
        squares = (rest**2).sum(axis=0)
        shares = _within(weights, base, phi, starts, ends)
        lengths = _squares_within(weights, phi, starts, ends) - (shares**2).sum(axis=1)
        gains = (_within(weights, rest, phi, starts, ends) ** 2 / np.maximum(lengths, 1e-18)[:, None]).T
        place = gains.argmax(axis=1)
        prior = math.log(1 - phi * phi)
        without = np.maximum(without, prior - count * np.log(np.maximum(squares, least) / count))
        left = np.maximum(squares - gains[rows, place], least)
        value = prior - count * np.log(left / count)
        chosen = np.where(value > best, place, chosen)
        best = np.maximum(best, value)
    worth = best - without
    added = [{int(start), int(end)} - {count, *places} for start, end in candidates[chosen]]
    return [(float(one), tuple(sorted({*places, *new}))) for one, new in zip(worth, added, strict=True)]


def _within(weights: Any, columns: Any, phi: float, starts: Column, ends: Column) -> Any:
    """The product of each candidate's whitened weights with each of the ``columns``: one row a candidate.

    A candidate is a stretch of runs, so that this is a difference of two running sums.
    """
    back = columns.copy()  # the transposed filter
    back[0] *= np.sqrt(1 - phi * phi)
    back[:-1] -= phi * columns[1:]
    sums = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(back * weights, axis=0)])
    return sums[ends] - sums[starts]


def _squares_within(weights: Any, phi: float, starts: Column, ends: Column) -> Column:
    """The square of the length of each candidate's whitened weights."""
    plain = weights[:, 0]
    inner = np.concatenate([[0.0], np.cumsum((plain[1:] - phi * plain[:-1]) ** 2)])  # up to each run
    first = plain[starts] ** 2 * np.where(starts == 0, 1 - phi * phi, 1)
    after = np.where(ends < len(plain), (phi * plain[ends - 1]) ** 2, 0)
    squares: Column = inner[ends - 1] - inner[starts] + first + after
    return squares


def _levels(count: int, places: tuple[int, ...]) -> Any:
    """One column a level, 1 where it holds."""
    bounds = (0, *places, count)
    at = np.arange(count)[:, None]
    return ((at >= np.array(bounds[:-1])) & (at < np.array(bounds[1:]))).astype(np.float64)


def find_changes(levels: Column, own_deviations: Column, floor: float) -> tuple[Step, ...]:
    """The changes of level in a series of 10 to 120 runs, first to last.

    ``own_deviations`` are the standard deviations that the runs give for their own values (NaN: not known). ``floor``
    is the smallest deviation that a value is assumed to have, so that rounding makes no change.
    """
    if (levels == levels[0]).all():
        return ()  # a share that was nought in every run, for example: most numbers of most series
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
    """``places`` without those that the others make superfluous, the least needed first."""
    while places:
        worth = [(p, place) for place in places if (p := _chance(scan, places, place)) > SIGNIFICANT / BUMP_SHARE]
        if not worth:
            break
        least = max(worth)[1]
        places = _moved(scan, tuple(place for place in places if place != least))
    return places


def _moved(scan: Scan, places: tuple[int, ...]) -> tuple[int, ...]:
    """``places`` with each change moved to where the series fits best, given the others."""
    for turn in range(len(places)):
        low = (0, *places)[turn] + LEAST_SEGMENT
        high = (*places, scan.count)[turn + 1] - LEAST_SEGMENT
        options = [(*places[:turn], place, *places[turn + 1 :]) for place in range(low, high + 1)]
        places = max([places, *options], key=lambda option: scan.fit(option).value)
    return places


def _chance(scan: Scan, places: tuple[int, ...], place: int) -> float:
    """How likely a series without this change would look so much as if it had it."""
    others = tuple(other for other in places if other != place)
    worth = scan.fit(places).value - scan.fit(others).value
    return min(1.0, p_value(worth, scan.count, bumps=False) / STEP_SHARE)


def _described(scan: Scan, places: tuple[int, ...]) -> list[Step]:
    fit = scan.fit(places)
    described = []
    for turn, place in enumerate(places):
        low, high = (0, *places)[turn] + 1, (*places, scan.count)[turn + 1] - 1
        as_good = [
            other
            for other in range(low, high + 1)
            if fit.value - scan.fit((*places[:turn], other, *places[turn + 1 :])).value <= _WITHIN
        ]
        size = float(fit.levels[turn + 1] - fit.levels[turn])
        covariance = fit.covariance
        spread = covariance[turn, turn] + covariance[turn + 1, turn + 1] - 2 * covariance[turn, turn + 1]
        described.append(
            Step(
                place,
                min(as_good),
                max(as_good),
                size,
                math.sqrt(max(0.0, float(spread))),
                _chance(scan, places, place),
                float(fit.levels[turn]),
                float(fit.levels[turn + 1]),
            )
        )
    return described
