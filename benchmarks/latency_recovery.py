"""Latency that the sandbox adds must come back: p50 and p99 of known distributions, within 2 % or 0.3 ms.

What a read takes beside it (two processes are woken, the request is sent and answered) is measured with a constant
5 ms, at p50, and added to what each distribution says. A quantile of a sample is uncertain itself: the tolerance begins
where the 99 % interval of that ends, which is printed. Each distribution is measured three times and the middle one of
the three is taken, as now and then the machine stands still.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

from loadtest.sandbox.process import RunningSandbox, running_sandbox
from loadtest.summary import Quantiles, read_summary
from loadtest.synthesis import PROJECT, synthesize

# Each reader's first read opens its connection, which takes milliseconds: with few readers and many reads these stay
# well below one in a hundred, so that p99 is not theirs.
SECONDS, RATE, READERS, REPEATS = 20, 300, 24, 3
TOLERATED_SHARE, TOLERATED_MS = 0.02, 0.3
CALIBRATION_MS = 5.0
QUANTILES = (("p50", 0.5), ("p99", 0.99))
_z = NormalDist().inv_cdf

DISTRIBUTIONS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("20ms", lambda _: 20.0),
    ("uniform(5ms,25ms)", lambda quantile: 5 + 20 * quantile),
    ("normal(20ms,2ms)", lambda quantile: 20 + 2 * _z(quantile)),
    ("lognormal(10ms,0.3)", lambda quantile: 10 * math.exp(0.3 * _z(quantile))),
    ("exp(10ms)", lambda quantile: -10 * math.log(1 - quantile)),
)


def response(sandbox: RunningSandbox) -> Quantiles:
    """Response times of one run that never writes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "locust", "-f", str(PROJECT / "loadtest" / "locustfile.py"), "--headless"]
        command += ["--only-summary", "-u", str(READERS), "-r", str(READERS), "-t", f"{SECONDS}s"]
        command += ["--arrival-rate", str(RATE), "--write-interval", "0", "--payload-bytes", "1024"]
        command += ["--outputs", str(sandbox.outputs_path), "--run-dir", f"{folder}/run"]
        subprocess.run(command, check=False, capture_output=True)
        summary = read_summary(Path(folder) / "run" / "summary.json")
        return next(row.response for row in summary.latency.rows if row.population == "all")


def reported_ms(sandbox: RunningSandbox, latency: str) -> tuple[float, float]:
    """p50 and p99 with this latency: each the middle one of several runs."""
    sandbox.set_fault("latency", latency)
    found = [response(sandbox) for _ in range(REPEATS)]
    p50, p99 = ([(getattr(run, name) or 0) / 1e6 for run in found] for name in ("p50_ns", "p99_ns"))
    return statistics.median(p50), statistics.median(p99)


def sampled(quantile_of: Callable[[float], float], quantile: float) -> tuple[float, float]:
    """Between which values the quantile of one run's sample lies in 99 of 100 runs, from the distribution itself."""
    margin = _z(0.995) * math.sqrt(quantile * (1 - quantile) / (RATE * SECONDS))
    return quantile_of(max(quantile - margin, 1e-9)), quantile_of(min(quantile + margin, 1 - 1e-9))


def main() -> int:
    """Print the table; returns how many quantiles did not come back."""
    print("Injected latency against reported   command: python -m benchmarks.latency_recovery")
    print(
        f"{RATE} reads/s, {REPEATS} runs of {SECONDS} s each; ms; tolerated {TOLERATED_SHARE:.0%} or {TOLERATED_MS} ms"
    )
    print(f"{'latency':<22} {'':<4} {'injected':>9} {'sampled':>15} {'reported':>9} {'difference':>11}  recovered")
    missed = 0
    with running_sandbox(synthesize("latency")) as sandbox:
        beside = reported_ms(sandbox, f"{CALIBRATION_MS:g}ms")[0] - CALIBRATION_MS
        print(f"a read takes {beside:.2f} ms beside the injected latency, which is added to it")
        for value, quantile_of in DISTRIBUTIONS:
            for (name, quantile), reported in zip(QUANTILES, reported_ms(sandbox, value), strict=True):
                wanted = quantile_of(quantile) + beside
                low, high = (limit + beside for limit in sampled(quantile_of, quantile))
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
    sys.exit(1 if main() else 0)
