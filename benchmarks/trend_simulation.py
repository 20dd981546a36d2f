"""How often `trend` is right: false alarms in flat series, and how soon steps are found.

Series of simulated runs: independent noise, noise that is like its neighbours' (AR(1)), heavy tails (Student's t of
three degrees), and outliers (5 % of the runs are slower by 3 to 20 deviations). Noise is 2 % unless another is named;
the code of the command judges each series. A false alarm is any change that is found in a flat series, for better or
worse. ``--calibrate`` makes the tables of loadtest/trend/critical.py again, which takes about ten minutes.

Wanted: at most 1 % false alarms in flat series of 40 runs; a step of +10 % found within 3 runs in 95 %.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from benchmarks.autoregression import autoregressive
from benchmarks.options import parser
from loadtest.trend.change_points import LEAST_RUNS, MOST_RUNS, Step, arcs, find_changes, likelihood_ratios
from loadtest.trend.noise import without_outliers

FLOOR: Final = 0.002
PHIS: Final = (0.0, 0.3, 0.5, 0.7)
LENGTHS: Final = (LEAST_RUNS, 12, 15, 20, 30, 40, 60, 80, MOST_RUNS)
MOST_FALSE_ALARMS: Final = 0.01
LEAST_FOUND: Final = 0.95

Noise = Callable[[np.random.Generator, int, int], Any]


def correlated(phi: float) -> Noise:
    """Stationary AR(1) noise of deviation 1: one row a series."""

    def make(random: np.random.Generator, series: int, runs: int) -> Any:
        steps = random.normal(size=(series, runs)) * math.sqrt(1 - phi**2)
        steps[:, 0] = random.normal(size=series)
        return autoregressive(steps, phi)

    return make


def heavy(random: np.random.Generator, series: int, runs: int) -> Any:
    """Student's t of three degrees, with deviation 1."""
    return random.standard_t(3, size=(series, runs)) / math.sqrt(3)


def with_outliers(phi: float) -> Noise:
    """The same as ``correlated``, with 5 % of the runs much slower."""

    def make(random: np.random.Generator, series: int, runs: int) -> Any:
        slower = random.choice([3.0, 5.0, 10.0, 20.0], size=(series, runs))
        return correlated(phi)(random, series, runs) + slower * (random.random(size=(series, runs)) < 0.05)

    return make


def calibrate(random: np.random.Generator) -> None:
    """Print the tables of critical values."""
    for bumps, series in ((False, 20_000), (True, 8_000)):
        print("BUMPS" if bumps else "STEPS")
        for runs in LENGTHS:
            candidates = arcs(runs, (), bumps)
            critical_values = []
            for phi in PHIS:
                ratios: list[float] = []
                for _ in range(series // 2_000):
                    values = without_outliers(correlated(phi)(random, 2_000, runs), FLOOR).T
                    ratios += [
                        one for one, _ in likelihood_ratios(values, np.ones((runs, 1)), (), candidates, runs * 1e-6)
                    ]
                sample = np.array(ratios)
                percentile = float(np.quantile(sample, 0.95))
                excess = float(np.mean(sample[sample > percentile] - percentile))
                critical_values.append((percentile + math.log(0.05 / 0.005) * excess, percentile, excess))
            _, percentile, excess = max(critical_values)
            print(f"    {runs}: ({percentile:.1f}, {excess:.2f}),", flush=True)


FLAT: Final = (
    ("independent", correlated(0.0)),
    ("AR(1), phi 0.3", correlated(0.3)),
    ("AR(1), phi 0.5", correlated(0.5)),
    ("AR(1), phi 0.7", correlated(0.7)),
    ("heavy tails (t of 3 degrees)", heavy),
    ("5 % outliers", with_outliers(0.0)),
    ("5 % outliers, AR(1), phi 0.5", with_outliers(0.5)),
)
STEPS: Final = (
    # what, noise, its deviation, runs, where the step begins, its ratio
    ("+10 % at 2 % noise, 3 runs ago", correlated(0.0), 0.02, 40, 37, 1.10),
    ("the same, AR(1), phi 0.5", correlated(0.5), 0.02, 40, 37, 1.10),
    ("the same, 5 % outliers", with_outliers(0.0), 0.02, 40, 37, 1.10),
    ("the same, of 60 runs", correlated(0.0), 0.02, 60, 57, 1.10),
    ("the same, of 20 runs", correlated(0.0), 0.02, 20, 17, 1.10),
    ("+10 % at 2 % noise, 5 runs ago", correlated(0.0), 0.02, 40, 35, 1.10),
    ("+10 % at 2 % noise, 10 runs ago", correlated(0.0), 0.02, 40, 30, 1.10),
    ("+5 % at 2 % noise, 10 runs ago", correlated(0.0), 0.02, 40, 30, 1.05),
    ("+10 % at 5 % noise, 10 runs ago", correlated(0.0), 0.05, 40, 30, 1.10),
)


def changes_in(levels: Any) -> tuple[Step, ...]:
    """What the command finds in a series of logarithms."""
    return find_changes(levels, np.full(len(levels), np.nan), FLOOR)


def main(arguments: list[str]) -> int:
    """Print the tables; returns 1 when there are too many false alarms, or steps are found too rarely."""
    options = parser("trend_simulation", __doc__)
    options.add_argument("--series", type=int, default=1_000, help="flat series a line; of steps there are a fifth")
    options.add_argument("--calibrate", action="store_true", help="print the tables of critical values, and no more")
    parsed = options.parse_args(arguments)
    random = np.random.default_rng(1)
    if parsed.calibrate:
        calibrate(random)
        return 0
    print(f"Flat series of 40 runs, {parsed.series:,} a line: how many show a change")
    print("command: python -m benchmarks.trend_simulation", flush=True)
    most = 0.0
    for name, noise in FLAT:
        alarms = sum(bool(changes_in(0.02 * levels)) for levels in noise(random, parsed.series, 40))
        most = max(most, alarms / parsed.series)
        print(f"| {name} | {alarms / parsed.series:.1%} |", flush=True)
    print(f"\nSteps, {parsed.series // 5} a line: found within 2 runs of the truth; at that run; with others")
    least = 1.0
    for place, (name, noise, deviation, runs, begins, ratio) in enumerate(STEPS):
        near = exact = extra = 0
        total = parsed.series // 5
        for levels in deviation * noise(random, total, runs):
            levels[begins:] += math.log(ratio)
            steps = changes_in(levels)
            close = [step for step in steps if abs(step.at - begins) <= 2 and step.size > 0]
            near += bool(close)
            exact += any(step.at == begins for step in close)
            extra += len(steps) > len(close[:1])
        if place == 0:
            least = near / total
        print(f"| {name} | {near / total:.1%} | {exact / total:.1%} | {extra / total:.1%} |", flush=True)
    print(f"\nMost false alarms: {most:.1%} (wanted: at most {MOST_FALSE_ALARMS:.0%})")
    print(f"+10 % at 2 % noise, found within 3 runs: {least:.1%} (wanted: at least {LEAST_FOUND:.0%})")
    return int(most > MOST_FALSE_ALARMS or least < LEAST_FOUND)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
