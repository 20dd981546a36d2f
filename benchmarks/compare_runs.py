"""Real runs compared: two of one build must be no regression, and one with 15 % more latency injected must be one.

Each round makes three Locust runs of a minute in random order, each against a sandbox process of its own: BASE and SAME
with ``latency=lognormal(100ms,0.3)``, SLOWER with 115 ms. Then BASE is compared with SAME and with SLOWER, by the
command. Loopback, the sandbox and a busy machine add milliseconds, which is little beside 100 ms: so reads of the
slower run really take nearly 15 % longer, and reads of one build take equally long.

Wanted: no comparison of one build FAILs, and each with a slower run does. No run is repeated. A comparison of one build
may stay undecided, which is no false alarm; one with a slower run may not.

It also prints how far apart runs of one build are beyond what their windows explain, which is what ``--run-noise``
should be for this machine and target.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.options import parser
from benchmarks.real_runs import concluded, real_run
from loadtest.compare.comparison import DEFAULT_RUN_NOISE, DEFAULT_TOLERANCE, compare
from loadtest.compare.rows import latency_rows
from loadtest.run.records import Verdict
from loadtest.sandbox.process import running_sandbox, synthesize
from loadtest.summary.summary import Summary

LATENCY: Final = {"base": "lognormal(100ms,0.3)", "same": "lognormal(100ms,0.3)", "slower": "lognormal(115ms,0.3)"}
SETTINGS: Final = ("--window", "1", "--write-interval", "0.25", "--arrival-rate", "300", "--payload-bytes", "4096")
USERS: Final = 120
TITLES: Final = {"same": "same build", "slower": "15 % slower"}
WANTED: Final = {"same": Verdict.PASS, "slower": Verdict.FAIL}
_Z: Final = 1.96


def measure(synthesized: Path, latency: str, seconds: float, run_dir: Path, seed: int) -> Summary:
    with running_sandbox(synthesized, faults={"latency": latency}, seed=seed) as sandbox:
        return real_run(sandbox, run_dir, USERS, seconds, "--seed", str(seed), *SETTINGS)


def main(arguments: list[str]) -> int:
    """Print two lines a round, and the counts; returns 1 when one is not as wanted."""
    options = parser("compare_runs", __doc__)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--seconds", type=float, default=60, help="length of a run")
    options.add_argument("--tolerance", type=float, default=DEFAULT_TOLERANCE)
    parsed = options.parse_args(arguments)
    print(f"Real runs of {parsed.seconds:g} s compared, {parsed.rounds} rounds, tolerance {parsed.tolerance:g}")
    print("command: python -m benchmarks.compare_runs")
    print(f"{'round':>5} {'against base':<12} {'verdict':>14} {'p50':>6} {'p99':>6}")
    synthesized = synthesize("compare")
    outcomes: dict[str, list[Verdict]] = {"same": [], "slower": []}
    shifts = []
    for number in range(1, parsed.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            runs = measure_round(synthesized, number, parsed.seconds, Path(folder))
            for name, verdicts in outcomes.items():
                sides = (f"{folder}/base", f"{folder}/{name}")
                verdict, _ = concluded(None, "compare", *sides, "--tolerance", str(parsed.tolerance))
                verdicts.append(verdict)
                ratios = _ratios(runs["base"], runs[name])
                print(f"{number:>5} {TITLES[name]:<12} {verdict:>14} {ratios}", flush=True)
                _explain(runs["base"], runs[name], verdict, WANTED[name])
        shifts.append(_p50_shift(runs["base"], runs["same"]))
    return _judge(outcomes, shifts)


def measure_round(synthesized: Path, number: int, seconds: float, folder: Path) -> dict[str, Summary]:
    """One run of each kind, in random order, each in the folder of its name."""
    order = random.sample(list(LATENCY), len(LATENCY))
    return {
        name: measure(synthesized, LATENCY[name], seconds, folder / name, seed=10 * number + place)
        for place, name in enumerate(order)
    }


def _judge(outcomes: dict[str, list[Verdict]], shifts: list[tuple[float, float]]) -> int:
    for name, verdicts in outcomes.items():
        print(f"{TITLES[name]}: {_counts(verdicts)}")
    if len(shifts) > 1:
        beyond = statistics.fmean(shift**2 for shift, _ in shifts) - statistics.fmean(own**2 for _, own in shifts)
        noise = math.sqrt(max(0.0, beyond) / 2)
        print(f"run-to-run noise beyond the windows: {noise:.2%} (assumed: {DEFAULT_RUN_NOISE:.0%})")
    wanted = Verdict.FAIL not in outcomes["same"] and set(outcomes["slower"]) == {Verdict.FAIL}
    print("as wanted" if wanted else "NOT as wanted: no comparison of one build may FAIL, and each slower run must")
    return int(not wanted)


def _counts(verdicts: list[Verdict]) -> str:
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict)


def _ratios(base: Summary, new: Summary) -> str:
    ratios = {row.name: row.ratio for row in latency_rows(base, new, DEFAULT_TOLERANCE, 0.0)}
    return " ".join(f"{ratios[f'Response time while quiet, {name}'] or math.nan:>6.3f}" for name in ("p50", "p99"))


def _p50_shift(base: Summary, new: Summary) -> tuple[float, float]:
    """The change at p50 while quiet (logarithm), and the standard deviation that the windows give it."""
    row = latency_rows(base, new, DEFAULT_TOLERANCE, 0.0)[0]
    if row.ratio is None or row.low is None or row.high is None:
        return 0.0, 0.0
    return math.log(row.ratio), math.log(row.high / row.low) / 2 / _Z


def _explain(base: Summary, new: Summary, verdict: Verdict, wanted: Verdict) -> None:
    """What a wrong, or an open, verdict rests on."""
    if verdict is not wanted:
        for row in compare(base, new).rows:
            if row.verdict is verdict:
                print(f"      {row.sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
