"""A server that freezes 1 s in every 10 s, 200 reads a second: what is reported, beside the truth and plain Locust.

Truth: a tenth of the reads is due while the server is frozen, evenly over that second; each waits for its end. So a
read at quantile p waits 0 for p up to 0.9, and (p - 0.9) / 0.1 seconds above; plus what a read takes by itself,
measured without the fault. The p90 lies on the very edge between the two and is printed, but can be on either side of
it; p89 and p91 are there to show both. Two hundred reads that are answered at once take their time to send and to take
in, which belongs to the measurement, not to the fault: small documents keep it short.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from loadtest.recorded_run.history import History
from loadtest.recorded_run.run_files import load_history
from loadtest.sandbox.process import RunningSandbox, running_sandbox
from loadtest.synthesis import PROJECT, synthesize

RATE, READERS = 200, 400
"""More readers than reads can be waiting: one that is not free would add its own wait."""
FREEZE_S, PERIOD_S, PERIODS = 1.0, 10.0, 5
QUANTILES = (0.5, 0.89, 0.9, 0.91, 0.95, 0.99)


def truth_ms(quantile: float, own_ms: float) -> float:
    """Response time at ``quantile`` from the fault's definition."""
    frozen = FREEZE_S / PERIOD_S
    return max(0.0, quantile - (1 - frozen)) / frozen * FREEZE_S * 1e3 + own_ms


def measured(sandbox: RunningSandbox, folder: Path, seconds: float) -> History:
    """A run of this project's readers."""
    command = [sys.executable, "-m", "locust", "-f", str(PROJECT / "loadtest" / "locustfile.py"), "--headless"]
    command += ["--only-summary", "-u", str(READERS), "-r", str(READERS), "-t", f"{round(seconds) + 6}s"]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(folder), "--arrival-rate", str(RATE)]
    command += ["--payload-bytes", "512", "--conditional-share", "1"]
    subprocess.run(command, check=False, capture_output=True)
    return load_history(folder)


def quantiles_ms(history: History, seconds: float) -> list[float]:
    """Response times at the quantiles, of the reads due in the first ``seconds`` (whole periods of the fault)."""
    reads = history.reads
    due = reads.scheduled_ns - reads.scheduled_ns.min() < seconds * 1e9
    times = sorted((reads.returned_ns - reads.scheduled_ns)[due])
    return [times[min(len(times) - 1, int(quantile * len(times)))] / 1e6 for quantile in QUANTILES]


def plain_locust_ms(sandbox: RunningSandbox, seconds: float) -> list[float]:
    """What plain Locust reports: percentiles of its own statistics."""
    command = [sys.executable, "-m", "locust", "-f", str(PROJECT / "benchmarks" / "plain_locustfile.py"), "--headless"]
    command += [
        "-u",
        str(RATE // 10),
        "-r",
        str(RATE),
        "-t",
        f"{round(seconds)}s",
        "--host",
        sandbox.samples_url,
        "--json",
    ]
    command += ["--loglevel", "ERROR"]
    printed = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    (entry,) = json.loads(printed[printed.index("[") :])
    times = sorted((float(time), count) for time, count in entry["response_times"].items())
    total = sum(count for _, count in times)
    found = []
    for quantile in QUANTILES:
        below = 0
        for time, count in times:
            below += count
            if below > quantile * total:
                found.append(time)
                break
    return found


def main() -> None:
    """Print the table."""
    seconds = PERIODS * PERIOD_S
    print("Coordinated omission   command: python -m benchmarks.coordinated_omission")
    print(f"server frozen {FREEZE_S:g} s in every {PERIOD_S:g} s, {RATE} reads/s, {PERIODS} periods; milliseconds")
    with running_sandbox(synthesize("freeze")) as sandbox, tempfile.TemporaryDirectory() as folder:
        own = quantiles_ms(measured(sandbox, Path(folder) / "calm", 10), 10)
        sandbox.set_fault("freeze", f"{FREEZE_S:g}s/{PERIOD_S:g}s")
        ours = quantiles_ms(measured(sandbox, Path(folder) / "frozen", seconds), seconds)
        plain = plain_locust_ms(sandbox, seconds)
    print(f"{'':<5} {'truth':>9} {'this project':>13} {'difference':>11} {'plain Locust':>13}")
    for quantile, alone, our, theirs in zip(QUANTILES, own, ours, plain, strict=True):
        truth = truth_ms(quantile, own[0])
        ratio = f"{our / truth - 1:>+11.1%}"
        print(f"p{100 * quantile:<4g} {truth:>9.1f} {our:>13.1f} {ratio} {theirs:>13.1f}   (calm: {alone:.1f})")


if __name__ == "__main__":
    main()
