"""Real runs in the sandbox: is there an alarm when writes slow nothing down, and how much of a known slowdown is found?

Ten runs without a fault must end without any FAIL. Then ``write-block`` makes reads wait while a PUT is in flight, and
the reported ratios, while writing / while quiet, must bracket the truth. The truth follows from the definitions of the
two faults, the injected latency and the wait for the end of a PUT, and uses nothing measured of reads while writing.
One in twenty 95 % intervals may miss it, so each size is run three times, and two must hold it.

Reads that have waited for a PUT are answered all at once, which takes the target about 0.1 ms a read beyond the fault.
To keep this small, there are fewer reads, and the injected latency is long.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.options import parser
from benchmarks.real_runs import real_run
from loadtest.run.history.history import History
from loadtest.run.loading import load_history
from loadtest.run.records import Verdict, WindowKind
from loadtest.sandbox.process import running_sandbox, synthesize
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.summary import Summary

MEDIAN_NS, SIGMA = 60e6, 0.25
LATENCY: Final = f"lognormal({MEDIAN_NS / 1e6:g}ms,{SIGMA})"
DRAWS_A_READ: Final = 20
BLOCKS_MS: Final = (30, 75, 150)
REPEATS: Final = 3
QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
USERS: Final = 120
CLEAN_RATE, BLOCKED_RATE = 300, 150
SETTINGS: Final = ("--window", "2", "--write-interval", "0.3", "--payload-bytes", "4096")

Column = np.ndarray[Any, np.dtype[Any]]


def measure(synthesized: Path, block_ms: int, seconds: float, seed: int, run_dir: Path) -> Summary:
    faults = {"latency": LATENCY} | ({"write-block": f"{block_ms}ms"} if block_ms else {})
    with running_sandbox(synthesized, faults=faults, seed=seed) as sandbox:
        rate = str(BLOCKED_RATE if block_ms else CLEAN_RATE)
        return real_run(sandbox, run_dir, USERS, seconds, "--seed", str(seed), "--arrival-rate", rate, *SETTINGS)


def true_ratios(history: History, block_ms: int, seed: int = 1) -> dict[str, float]:
    """Ratio at each quantile, from the definitions of the two faults and the times of this run's PUTs and windows.

    A PUT blocks reads for ``block_ms`` until it is acknowledged; a read comes to that block after its own latency. What
    it takes beside the injected latency is the same for all, and known from the median of the quiet reads.
    """
    reads, writes = history.reads, history.writes
    sent = reads.sent
    due, response = reads.scheduled_ns[sent], (reads.returned_ns - reads.scheduled_ns)[sent]
    quiet, writing = (_in_windows(history, due, kind) for kind in (WindowKind.QUIET, WindowKind.WRITING))
    random = np.random.default_rng(seed)
    beside = float(np.median(response[quiet])) - MEDIAN_NS
    wanted = np.repeat(due[writing], DRAWS_A_READ)
    own = MEDIAN_NS * np.exp(random.normal(0, SIGMA, len(wanted))) + beside
    there = wanted + own
    put = np.clip(np.searchsorted(writes.returned_ns, there), 0, len(writes) - 1)
    left = writes.returned_ns[put] - there
    waits = np.where((left >= 0) & (left <= block_ms * 1e6), left, 0)
    return {
        name: float(np.quantile(own + waits, quantile) / np.quantile(own, quantile))
        for name, quantile in QUANTILES.items()
    }


def _in_windows(history: History, due: Column, kind: WindowKind) -> Column:
    """Which reads were due in windows of this kind; their guard time is cut already."""
    windows = history.windows
    window = np.searchsorted(windows.start_ns, due, side="right") - 1
    inside = (window >= 0) & (due < windows.end_ns[window])
    chosen: Column = inside & (windows.kind[window] == kind)
    return chosen


def _interval(estimate: ImpactEstimate) -> str:
    return f"{estimate.ratio or 0:.3f} ({estimate.low or 0:.3f} to {estimate.high or 0:.3f})"


def _clean(synthesized: Path, runs: int, seconds: float) -> int:
    """Print a row a run without a fault; returns in how many there was an alarm."""
    alarms = 0
    for seed in range(1, runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            summary = measure(synthesized, 0, seconds, seed, Path(folder) / "run")
        failed = [check.id for check in summary.checks if check.verdict is Verdict.FAIL]
        alarms += bool(failed)
        p50, _, p99 = summary.impact.estimates
        print(f"{seed:>6}  {_interval(p50):<24} {_interval(p99):<24} {', '.join(failed) or 'no alarm'}", flush=True)
    return alarms


def _blocked(synthesized: Path, seconds: float) -> int:
    """Print a row a run and quantile; returns of how many sizes and quantiles most intervals missed the truth."""
    held = dict.fromkeys(itertools.product(BLOCKS_MS, QUANTILES), 0)
    for number, (block_ms, _) in enumerate(itertools.product(BLOCKS_MS, range(REPEATS)), 101):
        with tempfile.TemporaryDirectory() as folder:
            summary = measure(synthesized, block_ms, seconds, number, Path(folder) / "run")
            truth = true_ratios(load_history(Path(folder) / "run"), block_ms)
        for estimate in summary.impact.estimates:
            low, high, true = estimate.low or 0, estimate.high or 0, truth[estimate.quantile]
            held[block_ms, estimate.quantile] += low <= true <= high
            print(
                f"{block_ms:>4} ms  {estimate.quantile:<4} {true:>8.3f}  {_interval(estimate):<24} "
                f"{'yes' if low <= true <= high else 'no':<10} {estimate.verdict.value}",
                flush=True,
            )
    print(f"{sum(held.values())} of {REPEATS * len(held)} intervals hold the truth")
    return sum(2 * count < REPEATS for count in held.values())


def main() -> int:
    """Print both tables; returns 1 when there was an alarm, or most intervals of a size missed the truth."""
    options = parser("impact_recovery", __doc__)
    options.add_argument("--runs", type=int, default=10, help="clean ones")
    options.add_argument("--seconds", type=float, default=30, help="length of a run")
    parsed = options.parse_args()
    print("Write impact in the sandbox   command: python -m benchmarks.impact_recovery")
    print(f"runs of {parsed.seconds:g} s, latency={LATENCY}; ratios with their 95 % interval")
    synthesized = synthesize("impact")
    print(f"{'clean':>6}  {'p50':<24} {'p99':<24} checks that failed ({CLEAN_RATE} reads/s)")
    alarms = _clean(synthesized, parsed.runs, parsed.seconds)
    print(f"{'block':>7}  {'':<4} {'truth':>8}  {'reported':<24} {'recovered':<10} verdict ({BLOCKED_RATE} reads/s)")
    missed = _blocked(synthesized, parsed.seconds)
    return 1 if alarms or missed else 0


if __name__ == "__main__":
    sys.exit(main())
