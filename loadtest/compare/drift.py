"""How far apart two runs may lie because the level of latency drifts, as estimated from their sequences of windows.

The model of a window's level is noise, independent from window to window, plus drift, a Gaussian process whose
correlation decays exponentially with time (an AR(1) process, if it is sampled regularly). Neither the share of drift in
the variance nor its time constant is known, and a run is too short to tell them exactly. So a grid of both is
considered, and the case without drift. The windows of both runs give each model a weight (its likelihood, with the
variance that fits best), and the variance that drift gives to the mean of a run is averaged over the models (Bayesian
model averaging).

With slow drift, two runs may lie far apart, and longer runs help little; fast drift averages out within a run. The time
constant decides that, so it is estimated and not assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from loadtest.run.history.history import Column

TIME_CONSTANTS_S: Final = (2.0, 5.0, 12.0, 25.0, 50.0, 100.0)
SHARES: Final = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
LEAST_LEVELS: Final = 4
MOST_LEVELS: Final = 300


class Series(NamedTuple):
    """One run's windows: the time of each (seconds), and its level (the logarithm of its median latency)."""

    at_s: Column
    level: Column


class _Fit(NamedTuple):
    """One share and time constant: the logarithm of its weight, and the variance of the difference of two means."""

    log_weight: float
    variance: float


class _Turned(NamedTuple):
    """A run in the directions in which drift of one time constant is independent."""

    variances: Column  # of drift, in each direction
    ones: Column  # a run that is 1 throughout
    level: Column
    alike: float  # the mean correlation of two windows


def drift_deviation(base: Series, new: Series) -> float:
    """Standard deviation of (mean of ``new`` - mean of ``base``) that drift gives; 0 when there are too few windows."""
    runs = [_merged(base), _merged(new)]
    if min(len(run.level) for run in runs) < LEAST_LEVELS:
        return 0.0
    if all(float(np.ptp(run.level)) == 0 for run in runs):
        return 0.0
    models = len(TIME_CONSTANTS_S) * len(SHARES)
    fits: list[_Fit] = []
    for time_constant in TIME_CONSTANTS_S:
        turned = [_turned(run, time_constant) for run in runs]
        if not fits:
            fits.append(_fit(turned, 0.0))
        for share in SHARES:
            fit = _fit(turned, share)
            fits.append(fit._replace(log_weight=fit.log_weight - math.log(models)))  # drift or none: as likely at first
    highest = max(fit.log_weight for fit in fits)
    weights = [math.exp(fit.log_weight - highest) for fit in fits]
    return math.sqrt(sum(w * fit.variance for w, fit in zip(weights, fits, strict=True)) / sum(weights))


def _merged(run: Series) -> Series:
    """At most 300 levels: neighbours are averaged."""
    count = len(run.level)
    if count <= MOST_LEVELS:
        return run
    starts = np.arange(0, count, -(-count // MOST_LEVELS))
    sizes = np.diff(np.append(starts, count))
    return Series(np.add.reduceat(run.at_s, starts) / sizes, np.add.reduceat(run.level, starts) / sizes)


def _turned(run: Series, time_constant: float) -> _Turned:
    """One decomposition serves every share, as the rest of the variance is the same in every direction."""
    alike = np.exp(-np.abs(run.at_s[:, None] - run.at_s[None, :]) / time_constant)
    variances, directions = np.linalg.eigh(alike)
    return _Turned(variances, directions.sum(axis=0), run.level @ directions, float(alike.mean()))


def _fit(runs: Sequence[_Turned], share: float) -> _Fit:
    """How well drift of this share of the variance explains the runs, each about a mean of its own."""
    squares, log_determinant, degrees, of_means = 0.0, 0.0, 0, 0.0
    for run in runs:
        variances = share * run.variances + (1 - share)
        deviations = np.sqrt(variances)
        ones, values = run.ones / deviations, run.level / deviations
        weight = float(ones @ ones)
        rest = values - float(ones @ values) / weight * ones
        squares += float(rest @ rest)
        log_determinant += float(np.log(variances).sum()) + math.log(weight)
        degrees += len(ones) - 1
        of_means += share * run.alike
    variance = max(squares, 1e-300) / degrees
    return _Fit(-(degrees * math.log(variance) + log_determinant) / 2, variance * of_means)
