"""Latency that the sandbox adds must come back: p50 and p99 of known distributions, within 2 % or 0.3 ms.

What a read takes by itself is measured without the fault, at p50, and added to what the distribution says.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

from loadtest.sandbox.process import RunningSandbox, running_sandbox
from loadtest.summary import Quantiles, read_summary
from loadtest.synthesis import PROJECT, synthesize

SECONDS, RATE, READERS = 40, 300, 60
TOLERATED_SHARE, TOLERATED_MS = 0.02, 0.3
_z = NormalDist().inv_cdf

DISTRIBUTIONS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("5ms", lambda _: 5.0),
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


def main() -> None:
    """Print the table."""
    print("Injected latency against reported   command: python -m benchmarks.latency_recovery")
    print(f"{RATE} reads/s for {SECONDS} s each; milliseconds; tolerated {TOLERATED_SHARE:.0%} or {TOLERATED_MS} ms")
    print(f"{'latency':<22} {'':<4} {'injected':>9} {'reported':>9} {'difference':>11}  recovered")
    with running_sandbox(synthesize("latency")) as sandbox:
        alone = (response(sandbox).p50_ns or 0) / 1e6
        print(f"{'none':<22} p50  {0:>9.2f} {alone:>9.2f}")
        for value, quantile_of in DISTRIBUTIONS:
            sandbox.set_fault("latency", value)
            found = response(sandbox)
            for name, quantile, reported_ns in (("p50", 0.5, found.p50_ns), ("p99", 0.99, found.p99_ns)):
                wanted, reported = quantile_of(quantile) + alone, (reported_ns or 0) / 1e6
                off = reported - wanted
                recovered = "yes" if abs(off) <= max(TOLERATED_SHARE * wanted, TOLERATED_MS) else "NO"
                print(f"{value:<22} {name}  {wanted:>9.2f} {reported:>9.2f} {off:>+8.2f} ms  {recovered}", flush=True)


if __name__ == "__main__":
    main()
