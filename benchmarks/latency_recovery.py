"""Latency that the sandbox adds must come back: p50 and p99 of known distributions, within 2 % or 0.3 ms.

The rest of a read's time (two processes wake up, the request is sent and answered) has a distribution of its own. It is
measured with a constant 5 ms, and each injected distribution is convolved with it. A quantile of a sample is uncertain,
so the tolerance begins at the end of its 99 % interval, which is printed. Each distribution is measured three times and
the median is taken, because the machine stalls now and then.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from benchmarks.options import parser
from benchmarks.real_runs import real_run
from benchmarks.sandbox_rate import publish
from loadtest.run.documents.made_up import render
from loadtest.run.loading import load_history
from loadtest.sandbox.process import RunningSandbox, running_sandbox, synthesize

# Each reader's first read opens its connection, which takes milliseconds: with few readers and many reads these stay
# well below one in a hundred, so that p99 is not theirs.
SECONDS, RATE, READERS, REPEATS = 20, 300, 24, 3
SETTINGS = ("--arrival-rate", str(RATE), "--write-interval", "0")
TOLERATED_SHARE, TOLERATED_MS = 0.02, 0.3
CALIBRATION_MS = 5.0
SAMPLE = 200_000
QUANTILES = (("p50", 0.5), ("p99", 0.99))
_z = NormalDist().inv_cdf

Column = np.ndarray[Any, np.dtype[Any]]

DISTRIBUTIONS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("20ms", lambda _: 20.0),
    ("uniform(5ms,25ms)", lambda quantile: 5 + 20 * quantile),
    ("normal(20ms,2ms)", lambda quantile: 20 + 2 * _z(quantile)),
    ("lognormal(10ms,0.3)", lambda quantile: 10 * math.exp(0.3 * _z(quantile))),
    ("exp(10ms)", lambda quantile: -10 * math.log(1 - quantile)),
)


def response_ms(sandbox: RunningSandbox) -> Column:
    """Response times, in milliseconds, of one run that never writes."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        real_run(sandbox, run_dir, READERS, SECONDS, *SETTINGS)
        reads = load_history(run_dir).reads
        times: Column = (reads.returned_ns - reads.scheduled_ns)[reads.sent] / 1e6
        return times


def measured_ms(sandbox: RunningSandbox, latency: str) -> list[Column]:
    sandbox.set_fault("latency", latency)
    return [response_ms(sandbox) for _ in range(REPEATS)]


def expected_ms(quantile_of: Callable[[float], float], beside: Column) -> Column:
    """A large sample of what reads take with this latency injected, and with what they take beside it."""
    random = np.random.default_rng(1)
    injected = np.array([quantile_of(place) for place in random.uniform(1e-9, 1 - 1e-9, SAMPLE)])
    sample: Column = injected + random.choice(beside, SAMPLE)
    return sample


def sampled(expected: Column, quantile: float) -> tuple[float, float]:
    """Between which values the quantile of one run's sample lies in 99 of 100 runs."""
    margin = NormalDist().inv_cdf(0.995) * math.sqrt(quantile * (1 - quantile) / (RATE * SECONDS))
    return float(np.quantile(expected, quantile - margin)), float(np.quantile(expected, min(quantile + margin, 1)))


def main() -> int:
    """Print the table; returns how many quantiles did not come back."""
    print("Injected latency against reported   command: python -m benchmarks.latency_recovery")
    print(
        f"{RATE} reads/s, {REPEATS} runs of {SECONDS} s each; ms; tolerated {TOLERATED_SHARE:.0%} or {TOLERATED_MS} ms"
    )
    print(f"{'latency':<22} {'':<4} {'truth':>9} {'sampled':>15} {'reported':>9} {'difference':>11}  recovered")
    missed = 0
    with running_sandbox(synthesize("latency")) as sandbox:
        publish(sandbox, render("0" * 12, 0, 1024))
        beside = np.concatenate(measured_ms(sandbox, f"{CALIBRATION_MS:g}ms")) - CALIBRATION_MS
        p50, p99 = np.quantile(beside, (0.5, 0.99))
        print(
            f"a read takes {p50:.2f} ms at p50 and {p99:.2f} ms at p99 beside the injected latency; both are in 'truth'"
        )
        for value, quantile_of in DISTRIBUTIONS:
            expected = expected_ms(quantile_of, beside)
            runs = measured_ms(sandbox, value)
            for name, quantile in QUANTILES:
                reported = statistics.median(float(np.quantile(run, quantile)) for run in runs)
                wanted = float(np.quantile(expected, quantile))
                low, high = sampled(expected, quantile)
                tolerated = max(TOLERATED_SHARE * wanted, TOLERATED_MS)
                recovered = low - tolerated <= reported <= high + tolerated
                missed += not recovered
                print(
                    f"{value:<22} {name}  {wanted:>9.2f} {f'{low:.2f}-{high:.2f}':>15} {reported:>9.2f} "
                    f"{reported - wanted:>+8.2f} ms  {'yes' if recovered else 'NO'}",
                    flush=True,
                )
    return missed


if __name__ == "__main__":
    parser("latency_recovery", __doc__).parse_args()
    sys.exit(1 if main() else 0)
