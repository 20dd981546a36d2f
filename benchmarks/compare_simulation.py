"""How often `compare` is right, in simulated runs: false alarms, detection, and whether the interval holds the truth.

Each simulated read has a lognormal response time (sigma 0.3). The level of a run drifts as an AR(1) process (0.98 a
second, or 0.8: "fast"; stationary from the start, so that two runs begin at different levels) and is off by a random
run-to-run effect of 1 %. Windows of 2 s at 200 reads a second, guard time cut, in pairs of random order, are judged
by the code of the command. "windows alone" is the same without the widening for drift and run noise.

Wanted: at no change at most 5 % of comparisons FAIL, at every drift and length.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.autoregression import autoregressive
from benchmarks.options import parser
from loadtest.compare.comparison import DEFAULT_RUN_NOISE, DEFAULT_TOLERANCE
from loadtest.compare.rows import WINDOW_KINDS, Row, latency_rows, logarithms
from loadtest.compare.shift import shift_between
from loadtest.judge.analyse import analyse
from loadtest.judge.statistics.quantiles import rank
from loadtest.project import PROJECT
from loadtest.run.records import Verdict
from loadtest.summary.findings import worst
from loadtest.summary.speed import WindowRow
from loadtest.summary.summary import Summary

READS_A_WINDOW: Final = 320
WINDOW_S: Final = 2
SIGMA: Final = 0.3
MEDIAN_NS: Final = 6e6
SLOW, FAST = 0.98, 0.8
RUN_NOISE: Final = 0.01
MOST_FALSE_ALARMS: Final = 0.05
_QUANTILES: Final = {"p50": 500, "p90": 900, "p99": 990}


class _Case(NamedTuple):
    seconds: int
    deviation: float
    keep: float
    ratio: float


def drift(random: np.random.Generator, seconds: int, deviation: float, keep: float) -> Any:
    """A stationary AR(1) process, one value a second."""
    steps = random.normal(size=seconds) * math.sqrt(1 - keep**2) * deviation
    steps[0] = random.normal() * deviation
    return autoregressive(steps, keep)


def simulated(template: Summary, random: np.random.Generator, case: _Case, ratio: float) -> Summary:
    """A run; everything but its windows is that of ``template``."""
    count = case.seconds // WINDOW_S // 2 * 2
    levels = drift(random, count * WINDOW_S, case.deviation, case.keep).reshape(count, WINDOW_S).mean(axis=1)
    levels += random.normal() * RUN_NOISE + math.log(ratio)
    times = np.sort(random.normal(size=(count, READS_A_WINDOW)) * SIGMA, axis=1) + levels[:, None]
    places = [rank(READS_A_WINDOW, per_mille) for per_mille in _QUANTILES.values()]
    values = np.rint(np.exp(times[:, places]) * MEDIAN_NS).astype(np.int64).tolist()
    windows = []
    for index, (p50, p90, p99) in enumerate(values):
        start = index * WINDOW_S * 10**9
        if index % 2 == 0:
            quiet_first = bool(random.random() < 0.5)
        kind: Any = WINDOW_KINDS[0] if quiet_first != bool(index % 2) else WINDOW_KINDS[1]
        windows.append(
            WindowRow(
                index, index // 2, kind, start, start + WINDOW_S * 10**9, READS_A_WINDOW, 4, p50, p90, p99, dropped=""
            )
        )
    return replace(template, impact=replace(template.impact, windows=tuple(windows)))


def judged(rows: Iterable[Row]) -> Verdict:
    return worst([row.verdict for row in rows if row.verdict is not None])


def windows_alone(base: Summary, new: Summary, tolerance: float) -> Verdict:
    """What the windows say when they are taken for independent, and nothing is added."""
    shifts = [
        shift_between(logarithms(base, kind, quantile), logarithms(new, kind, quantile))
        for kind in WINDOW_KINDS
        for quantile in _QUANTILES
    ]
    limit = math.log(tolerance)
    return worst(
        [
            Verdict.INCONCLUSIVE
            if shift is None or shift.low <= limit < shift.high
            else Verdict.FAIL
            if shift.low > limit
            else Verdict.PASS
            for shift in shifts
        ]
    )


def main(arguments: list[str]) -> int:
    """Print the table; returns 1 when there are too many false alarms."""
    options = parser("compare_simulation", __doc__)
    options.add_argument("--runs", type=int, default=400, help="pairs of runs a line")
    options.add_argument("--tolerance", type=float, default=DEFAULT_TOLERANCE)
    parsed = options.parse_args(arguments)
    template = analyse(PROJECT / "tests" / "histories" / "clean")
    random = np.random.default_rng(1)
    print(f"Simulated comparisons, {parsed.runs} a line, tolerance {parsed.tolerance:g}, six rows each")
    print("command: python -m benchmarks.compare_simulation")
    print(
        f"{'run':>6} {'drift':>8} {'change':>7} {'FAIL':>7} {'undecided':>10} {'PASS':>7}"
        f" {'interval holds truth':>21} {'windows alone: FAIL':>20}"
    )
    most = 0.0
    for seconds in (60, 120, 240):
        for deviation, keep in ((0.0, SLOW), (0.02, SLOW), (0.05, SLOW), (0.05, FAST)):
            for ratio in (1.0, 1.15):
                failed = _line(template, random, parsed, _Case(seconds, deviation, keep, ratio))
                most = max(most, failed if ratio == 1 else 0.0)
    print(f"Most false alarms: {most:.1%} (wanted: at most {MOST_FALSE_ALARMS:.0%})")
    return int(most > MOST_FALSE_ALARMS)


def _drift_text(case: _Case) -> str:
    return f"{case.deviation:.0%}{' fast' if case.keep == FAST else ''}"


def _line(template: Summary, random: np.random.Generator, parsed: argparse.Namespace, case: _Case) -> float:
    ratio = case.ratio
    verdicts, of_windows_alone, holds = [], [], []
    for _ in range(parsed.runs):
        base = simulated(template, random, case, 1.0)
        new = simulated(template, random, case, ratio)
        rows = latency_rows(base, new, parsed.tolerance, DEFAULT_RUN_NOISE)
        verdicts.append(judged(rows))
        of_windows_alone.append(windows_alone(base, new, parsed.tolerance))
        holds += [row.low <= ratio <= row.high for row in rows if row.low is not None and row.high is not None]
    share = {verdict: verdicts.count(verdict) / len(verdicts) for verdict in Verdict}
    print(
        f"{case.seconds:>4} s {_drift_text(case):>8} {ratio - 1:>+7.0%} {share[Verdict.FAIL]:>7.1%}"
        f" {share[Verdict.INCONCLUSIVE]:>10.1%} {share[Verdict.PASS]:>7.1%} {np.mean(holds):>21.1%}"
        f" {of_windows_alone.count(Verdict.FAIL) / len(of_windows_alone):>20.1%}",
        flush=True,
    )
    return share[Verdict.FAIL]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
