"""How often a duel is right, in simulated ones: false alarms, detection, undecided, and whether the intervals hold.

Two runs share one drifting machine and read in turns, by the schedule of the command: windows of 1 s, 400 reads a
second, guard time cut, half of the reads conditional. Each response time is log-normal (sigma 0.25) around a level that
drifts as an AR(1) process (time constant 50 s; "fast": 4 s); another such process (5 %, 0.9 from read to read) makes
neighbouring reads similar. With outliers, one second in twenty has a stall: a tenth of its reads take 50 to 200 ms
longer. Each run is off by a noise of its own (0.5 %).

The code of the command judges all of it: response times of like reads, of each kind of answer, and of all together.

Wanted: at no change at most 1 % of duels FAIL, and at most a tenth are undecided where there is no more than 2 % of
drift and no outliers; at +15 % none passes, and 99 % FAIL.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.autoregression import autoregressive
from benchmarks.options import parser
from loadtest.compare.comparison import DEFAULT_TOLERANCE
from loadtest.compare.paired import DEFAULT_RUN_NOISE
from loadtest.compare.paired_rows import kind_rows, latency_rows, pooled_rows
from loadtest.compare.paired_windows import Observed
from loadtest.judge.analyse import analyse
from loadtest.judge.measure.like_with_like import Stretch
from loadtest.project import PROJECT
from loadtest.run.duel_schedule import DuelSchedule, Side
from loadtest.run.history.history import Column
from loadtest.run.records import Verdict, WindowKind
from loadtest.summary.findings import worst
from loadtest.summary.summary import Summary
from loadtest.units import SECOND

RATE: Final = 400
SIGMA: Final = 0.25
MEDIAN_NS: Final = 20e6
WHOLE_SHARE: Final = 0.55
NEIGHBOURS: Final = 0.05
KEEP: Final = 0.9
STALL_SHARE: Final = 0.05
SLOW_S, FAST_S = 50.0, 4.0


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    seconds: int
    drift: float
    memory_s: float
    outliers: bool
    ratio: float

    @property
    def about(self) -> str:
        fast = " fast" if self.memory_s == FAST_S else ""
        return f"{self.drift:.0%}{fast}{', outliers' if self.outliers else ''}"


CASES: Final = tuple(
    Case(seconds, drift, memory_s, outliers, ratio)
    for seconds in (60, 120)
    for drift, memory_s, outliers in (
        (0.0, SLOW_S, False),
        (0.02, SLOW_S, False),
        (0.05, SLOW_S, False),
        (0.05, FAST_S, False),
        (0.02, SLOW_S, True),
    )
    for ratio in (1.0, 1.07, 1.15)
)


def observed(case: Case, seed: int) -> dict[str, Observed]:
    """What a duel of two runs would have shown."""
    random = np.random.default_rng([seed, case.seconds, int(1000 * case.drift), int(case.memory_s), case.outliers])
    keep = math.exp(-0.1 / case.memory_s)  # ten levels a second
    steps = random.normal(size=10 * case.seconds) * math.sqrt(1 - keep**2) * case.drift
    steps[0] = random.normal() * case.drift
    levels: Column = autoregressive(steps, keep)
    stalls = random.random(case.seconds) < (STALL_SHARE if case.outliers else 0)
    windows: dict[tuple[int, int], list[Stretch]] = {}
    for side, ratio in ((Side.BASE, 1.0), (Side.NEW, case.ratio)):
        off = math.log(ratio) + random.normal() * DEFAULT_RUN_NOISE
        for window in DuelSchedule(0, SECOND, seed, side=side).whole_until(case.seconds * SECOND):
            second = window.start_ns // SECOND
            at = window.start_ns + np.arange(round((window.end_ns - window.start_ns) / SECOND * RATE)) * SECOND // RATE
            steps = random.normal(size=len(at)) * NEIGHBOURS * math.sqrt(1 - KEEP**2)
            neighbours: Column = autoregressive(steps, KEEP)
            own = random.normal(size=len(at)) * SIGMA
            took = np.exp(own + neighbours + levels[at * 10 // SECOND] + off) * MEDIAN_NS
            if stalls[second]:
                took += (random.random(len(at)) < 0.1) * random.uniform(50e6, 200e6, len(at))
            whole = random.random(len(at)) < WHOLE_SHARE
            made = Stretch({"200": np.sort(took[whole]), "304": np.sort(took[~whole])})
            windows.setdefault((window.pair, int(window.kind)), []).append(made)
    return {"quiet": _pairs(windows, WindowKind.QUIET), "writing": _pairs(windows, WindowKind.WRITING)}


def _pairs(windows: dict[tuple[int, int], list[Stretch]], kind: WindowKind) -> Observed:
    pairs = [two for (_, of_kind), two in sorted(windows.items()) if of_kind == kind and len(two) == 2]
    times = [tuple(np.concatenate(list(one.times.values())) for one in two) for two in pairs]
    return Observed(tuple((two[0], two[1]) for two in pairs), tuple((two[0], two[1]) for two in times), 0)


def main(arguments: list[str]) -> int:
    """Print the table; returns 1 when it is not as wanted."""
    options = parser("duel_simulation", __doc__)
    options.add_argument("--duels", type=int, default=200, help="duels a line")
    options.add_argument("--tolerance", type=float, default=DEFAULT_TOLERANCE)
    parsed = options.parse_args(arguments)
    template = analyse(PROJECT / "tests" / "histories" / "clean")
    print(f"Simulated duels, {parsed.duels} a line, tolerance {parsed.tolerance:g}, run noise {DEFAULT_RUN_NOISE:.1%}")
    print("command: python -m benchmarks.duel_simulation")
    print(
        f"{'duel':>6} {'drift':>15} {'change':>7} {'FAIL':>7} {'undecided':>10} {'PASS':>7}"
        f" {'interval holds truth':>21}"
    )
    wanted = True
    for case in CASES:
        wanted &= _line(template, parsed, case)
    print("as wanted" if wanted else "NOT as wanted")
    return int(not wanted)


def _line(template: Summary, parsed: argparse.Namespace, case: Case) -> bool:
    verdicts, holds = [], []
    for seed in range(parsed.duels):
        observations = observed(case, seed)
        latency = latency_rows((template, template), observations, parsed.tolerance, DEFAULT_RUN_NOISE)
        rows = [*latency, *kind_rows(observations, parsed.tolerance, DEFAULT_RUN_NOISE)]
        rows += pooled_rows(observations, parsed.tolerance, DEFAULT_RUN_NOISE)
        verdicts.append(worst([row.verdict for row in rows if row.verdict is not None]))
        holds += [row.low <= case.ratio <= row.high for row in latency if row.low is not None and row.high is not None]
    share = {verdict: verdicts.count(verdict) / len(verdicts) for verdict in Verdict}
    print(
        f"{case.seconds:>4} s {case.about:>15} {case.ratio - 1:>+7.0%} {share[Verdict.FAIL]:>7.1%}"
        f" {share[Verdict.INCONCLUSIVE]:>10.1%} {share[Verdict.PASS]:>7.1%} {np.mean(holds):>21.1%}",
        flush=True,
    )
    calm = case.seconds >= 120 and case.drift <= 0.02 and not case.outliers
    if case.ratio == 1:
        return share[Verdict.FAIL] <= 0.01 and (not calm or share[Verdict.INCONCLUSIVE] <= 0.1)
    if case.ratio == 1.15:
        return share[Verdict.PASS] == 0 and (not calm or share[Verdict.FAIL] >= 0.99)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
