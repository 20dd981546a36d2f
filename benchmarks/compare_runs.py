"""Real runs compared: two of one build must be no regression, and one with 15 % more latency injected must be one.

Each round makes three short Locust runs in random order, each against a sandbox process of its own: BASE and SAME with
``latency=lognormal(100ms,0.3)``, SLOWER with 115 ms. Then BASE is compared with SAME and with SLOWER, by the command.

Beside 100 ms, the milliseconds that loopback, the sandbox and a busy machine add are small, so that reads do take
nearly 15 % longer, and those of one build as long as each other.

A comparison that is INCONCLUSIVE says "measure longer", as when the machine stood still for some seconds of a run. For
the slower run that is done: both are made again, twice as long, and once more if need be. Wanted: no comparison of one
build FAILs, and each with a slower run FAILs in the end. One build may be left undecided; that is no false alarm.

It also prints how far runs of one build lie apart beyond what their windows explain: that is what ``--run-noise``
should be for this machine and target.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from loadtest.compare.comparison import DEFAULT_RUN_NOISE, DEFAULT_TOLERANCE, compare
from loadtest.compare.rows import latency_rows
from loadtest.records import EXIT_CODES, Verdict
from loadtest.sandbox.process import running_sandbox
from loadtest.summary import Summary, read_summary
from loadtest.synthesis import PROJECT, synthesize

LATENCY: Final = {"base": "lognormal(100ms,0.3)", "same": "lognormal(100ms,0.3)", "slower": "lognormal(115ms,0.3)"}
SETTINGS: Final = ("--window", "1", "--write-interval", "0.25", "--arrival-rate", "300", "--payload-bytes", "4096")
USERS: Final = "120"
TITLES: Final = {"same": "same build", "slower": "15 % slower"}
WANTED: Final = {"same": Verdict.PASS, "slower": Verdict.FAIL}
MOST_TRIES: Final = 3
_Z: Final = 1.96


def measure(synthesized: Path, latency: str, seconds: float, run_dir: Path, seed: int) -> Summary:
    """One run, recorded in ``run_dir``."""
    with running_sandbox(synthesized, faults={"latency": latency}, seed=seed) as sandbox:
        command = [sys.executable, "-m", "locust", "-f", str(PROJECT / "loadtest" / "locustfile.py"), "--headless"]
        command += ["--only-summary", "-u", USERS, "-r", USERS, "-t", f"{seconds:g}s", "--seed", str(seed)]
        command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(run_dir), *SETTINGS]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 120)
    if not (run_dir / "summary.json").exists():
        raise RuntimeError(f"A run gave no summary:\n{done.stdout}{done.stderr}")
    return read_summary(run_dir / "summary.json")


def compared(base: Path, new: Path, tolerance: float) -> Verdict:
    """The verdict of the command."""
    command = [sys.executable, "-m", "loadtest", "compare", str(base), str(new), "--tolerance", str(tolerance)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    verdicts = {code: verdict for verdict, code in EXIT_CODES.items()}
    if done.returncode not in verdicts:
        raise RuntimeError(f"compare failed: {done.stderr}")
    return verdicts[done.returncode]


def main(arguments: list[str]) -> int:
    """Print a line a round, and the counts; returns 1 when one is not as wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20, help="length of a run at first")
    parser.add_argument("--tolerance", type=float, default=DEFAULT_TOLERANCE)
    given = parser.parse_args(arguments)
    print(f"Real runs of {given.seconds:g} s compared, {given.rounds} rounds, tolerance {given.tolerance:g}")
    print("command: python -m benchmarks.compare_runs")
    print(f"{'round':>5} {'against base':<12} {'runs':>6} {'verdict':>14} {'p50':>6} {'p99':>6}")
    synthesized = synthesize("compare")
    outcomes: dict[str, list[list[Verdict]]] = {"same": [], "slower": []}
    shifts = []
    for number in range(1, given.rounds + 1):
        rounds = Round(synthesized, number, given.tolerance)
        first = rounds.compare(tuple(outcomes), given.seconds)
        shifts.append(_p50_shift(rounds.summaries["base"], rounds.summaries["same"]))
        for name, verdict in first.items():
            tries, seconds = [verdict], given.seconds
            while name == "slower" and tries[-1] is Verdict.INCONCLUSIVE and len(tries) < MOST_TRIES:
                seconds *= 2
                tries.append(rounds.compare((name,), seconds)[name])
            outcomes[name].append(tries)
    return _judge(outcomes, shifts)


class Round:
    """Runs that are compared with each other; prints a line for each comparison."""

    def __init__(self, synthesized: Path, number: int, tolerance: float) -> None:
        self._synthesized, self._number, self._tolerance = synthesized, number, tolerance
        self._runs = 0
        self.summaries: dict[str, Summary] = {}

    def compare(self, names: tuple[str, ...], seconds: float) -> dict[str, Verdict]:
        """Measure BASE and ``names`` in random order, and compare each of these with BASE."""
        order = random.sample(("base", *names), len(names) + 1)
        with tempfile.TemporaryDirectory() as folder:
            for name in order:
                self._runs += 1
                seed = 100 * self._number + self._runs
                run_dir = Path(folder) / name
                self.summaries[name] = measure(self._synthesized, LATENCY[name], seconds, run_dir, seed)
            verdicts = {name: compared(Path(folder) / "base", Path(folder) / name, self._tolerance) for name in names}
        for name, verdict in verdicts.items():
            ratios = _ratios(self.summaries["base"], self.summaries[name])
            print(f"{self._number:>5} {TITLES[name]:<12} {seconds:>4g} s {verdict:>14} {ratios}", flush=True)
            _explain(self.summaries["base"], self.summaries[name], verdict, WANTED[name])
        return verdicts


def _judge(outcomes: dict[str, list[list[Verdict]]], shifts: list[tuple[float, float]]) -> int:
    for name, rounds in outcomes.items():
        first, settled = ([tries[place] for tries in rounds] for place in (0, -1))
        print(f"{TITLES[name]}: at first {_counts(first)}; when measured as long as told {_counts(settled)}")
    if len(shifts) > 1:
        beyond = statistics.fmean(shift**2 for shift, _ in shifts) - statistics.fmean(own**2 for _, own in shifts)
        noise = math.sqrt(max(0.0, beyond) / 2)
        print(f"run-to-run noise beyond the windows: {noise:.2%} (assumed: {DEFAULT_RUN_NOISE:.0%})")
    false_alarm = any(Verdict.FAIL in tries for tries in outcomes["same"])
    wanted = not false_alarm and all(tries[-1] is Verdict.FAIL for tries in outcomes["slower"])
    print(
        "as wanted" if wanted else "NOT as wanted: no comparison of one build may FAIL, each slower run must in the end"
    )
    return int(not wanted)


def _counts(verdicts: list[Verdict]) -> str:
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict)


def _ratios(base: Summary, new: Summary) -> str:
    found = {row.name: row.ratio for row in latency_rows(base, new, DEFAULT_TOLERANCE, 0.0)}
    return " ".join(f"{found[f'Response time while quiet, {name}'] or math.nan:>6.3f}" for name in ("p50", "p99"))


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
