"""Real runs compared: two of one build must be no regression, and one with 15 % more latency injected must be one.

Each round makes three short Locust runs in random order, each against a sandbox process of its own: BASE and SAME with
``latency=lognormal(20ms,0.3)``, SLOWER with 23 ms. Then BASE is compared with SAME and with SLOWER, by the command.

20 ms is what a read through API Gateway may take; beside it, the millisecond that loopback and the sandbox add
is small, so that reads do take nearly 15 % longer.

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

LATENCY: Final = {"base": "lognormal(20ms,0.3)", "same": "lognormal(20ms,0.3)", "slower": "lognormal(23ms,0.3)"}
SETTINGS: Final = ("--window", "1", "--write-interval", "0.25", "--arrival-rate", "500", "--payload-bytes", "4096")
USERS: Final = "40"
FOUND_SHARE: Final = 0.9
"""Now and then the machine stands still in a run, and a comparison with that run has to stay open."""
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
    parser.add_argument("--seconds", type=float, default=45, help="length of a run")
    parser.add_argument("--tolerance", type=float, default=DEFAULT_TOLERANCE)
    given = parser.parse_args(arguments)
    print(f"Real runs of {given.seconds:g} s compared, {given.rounds} rounds, tolerance {given.tolerance:g}")
    print("command: python -m benchmarks.compare_runs")
    print(f"{'round':>5} {'same build':>14} {'p50':>6} {'p99':>6}   {'15 % slower':>14} {'p50':>6} {'p99':>6}")
    synthesized = synthesize("compare")
    same, slower, shifts = [], [], []
    for number in range(1, given.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            order = random.sample(list(LATENCY), len(LATENCY))
            runs = {
                name: measure(synthesized, LATENCY[name], given.seconds, Path(folder) / name, 10 * number + place)
                for place, name in enumerate(order)
            }
            same.append(compared(Path(folder) / "base", Path(folder) / "same", given.tolerance))
            slower.append(compared(Path(folder) / "base", Path(folder) / "slower", given.tolerance))
        cells = [_ratios(runs["base"], runs[name]) for name in ("same", "slower")]
        shifts.append(_p50_shift(runs["base"], runs["same"]))
        print(f"{number:>5} {same[-1]:>14} {cells[0]}   {slower[-1]:>14} {cells[1]}", flush=True)
        _explain(runs["base"], runs["same"], same[-1], Verdict.PASS)
        _explain(runs["base"], runs["slower"], slower[-1], Verdict.FAIL)
    return _judge(same, slower, shifts)


def _judge(same: list[Verdict], slower: list[Verdict], shifts: list[tuple[float, float]]) -> int:
    for name, verdicts in (("same build", same), ("15 % slower", slower)):
        counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict)
        print(f"{name}: {counts}")
    if len(shifts) > 1:
        beyond = statistics.fmean(shift**2 for shift, _ in shifts) - statistics.fmean(own**2 for _, own in shifts)
        noise = math.sqrt(max(0.0, beyond) / 2)
        print(f"run-to-run noise beyond the windows: {noise:.2%} (assumed: {DEFAULT_RUN_NOISE:.0%})")
    found = slower.count(Verdict.FAIL) >= FOUND_SHARE * len(slower) and Verdict.PASS not in slower
    wanted = found and Verdict.FAIL not in same
    print("as wanted" if wanted else "NOT as wanted: no run of one build may FAIL; of the slower ones 9 in 10 must")
    return int(not wanted)


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
