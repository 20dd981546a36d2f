"""A server that freezes 1 s in every 10 s, 200 reads a second: what is reported, beside the truth and plain Locust.

Truth follows from the definition of the fault, read by read: one that is due while the server is frozen waits for the
end of the freeze; each takes, beside, what reads took in the eight seconds before and behind these two freezes.

The reads judged are those due from half a second before one freeze to half a second after the next: 12 s with two
freezes, so a sixth of them waits. Over whole periods it would be exactly a tenth, and p90 would lie where the truth
jumps from a read's own time to the shortest wait: there the report is far off (19 to 23 ms for 0.6 ms).

Two hundred reads that are answered at once take the server its time to answer and the generator its time to take in.
The truth knows no queue, so both are in the difference. To tell them apart, two hundred reads that wait for the end of
a freeze are also sent by ``benchmarks.bare_client``, which does next to nothing when an answer comes.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.bare_client import answer_times
from loadtest.recorded_run.run_files import load_history
from loadtest.sandbox.process import RunningSandbox, running_sandbox
from loadtest.synthesis import PROJECT, synthesize

RATE, READERS = 200, 400
"""More readers than reads can be waiting: one that is not free would add its own wait."""
FREEZE_S, PERIOD_S, RUNS = 1.0, 10.0, 6
MARGIN_S = 0.5
CALM_S = 8.0
"""Before and behind the reads judged, in which nothing is frozen; what they take by themselves is measured there."""
SPAN_S = PERIOD_S + FREEZE_S + 2 * MARGIN_S
QUANTILES = (0.5, 0.9, 0.95, 0.99)
WANTED = 0.05
_STARTUP_S = 2.5
"""What Locust takes to start, at most, and how long its reads are slower then."""
BARE_FREEZES = 5


class Times(NamedTuple):
    """Response times in milliseconds, of the same reads: as the fault's definition has them, and as reported."""

    truth: np.ndarray
    reported: np.ndarray
    behind_freeze: np.ndarray
    """When reads that were due in a freeze came back, counted from its end."""


def freeze(sandbox: RunningSandbox) -> float:
    """Set the fault; gives the moment (``time.monotonic``), to a few milliseconds, from which its periods count."""
    before = time.monotonic()
    sandbox.set_fault("freeze", f"{FREEZE_S:g}s/{PERIOD_S:g}s")
    return (before + time.monotonic()) / 2


def measured(sandbox: RunningSandbox, folder: Path) -> Times:
    """A run of this project's readers."""
    set_at = freeze(sandbox)
    command = [sys.executable, "-m", "locust", "-f", str(PROJECT / "loadtest" / "locustfile.py"), "--headless"]
    command += ["--only-summary", "-u", str(READERS), "-r", str(READERS), "-t", f"{4 * PERIOD_S:g}s"]
    command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(folder), "--arrival-rate", str(RATE)]
    command += ["--payload-bytes", "512", "--conditional-share", "1"]
    subprocess.run(command, check=False, capture_output=True)
    reads = load_history(folder).reads
    due = reads.scheduled_ns / 1e9 - set_at
    response_ms = (reads.returned_ns - reads.scheduled_ns) / 1e6
    span = first_span(float(due.min()) + _STARTUP_S + CALM_S)
    judged = (due >= span) & (due < span + SPAN_S)
    beside = (due >= span - CALM_S) & (due < span + SPAN_S + CALM_S) & ~judged
    own = np.random.default_rng(1).choice(response_ms[beside], int(judged.sum()))
    left_ms = left_s(due[judged]) * 1e3
    waited = left_ms > 0
    return Times(left_ms + own, response_ms[judged], (response_ms[judged] - left_ms)[waited])


def first_span(begun: float) -> float:
    """The start of the first span that lies wholly behind ``begun``, both in seconds since the fault was set."""
    offset = PERIOD_S - FREEZE_S - MARGIN_S
    return offset + max(0, math.ceil((begun - offset) / PERIOD_S)) * PERIOD_S


def left_s(due: np.ndarray) -> np.ndarray:
    """How long a server stays frozen, at moments given in seconds since the fault was set; 0 when it is not."""
    to_end = PERIOD_S - due % PERIOD_S
    return np.where(to_end <= FREEZE_S, to_end, 0.0)


def bare_client_ms(sandbox: RunningSandbox) -> np.ndarray:
    """The same as ``Times.behind_freeze``, of reads that a client sends that does nothing else."""
    set_at = freeze(sandbox)
    return np.concatenate([_bare_answers_ms(sandbox, set_at, period) for period in range(BARE_FREEZES)])


def _bare_answers_ms(sandbox: RunningSandbox, set_at: float, period: int) -> np.ndarray:
    end = set_at + (period + 1) * PERIOD_S
    due = np.arange(end - FREEZE_S, end, 1 / RATE) + 1 / (2 * RATE)
    return (np.array(answer_times(sandbox.samples_url, due.tolist())) - end) * 1e3


def plain_locust_ms(sandbox: RunningSandbox) -> list[float]:
    """What plain Locust reports of a run that meets two freezes: percentiles of its own statistics."""
    set_at = freeze(sandbox)
    seconds = math.ceil(SPAN_S + _STARTUP_S)
    time.sleep(first_span(0) - _STARTUP_S - (time.monotonic() - set_at))
    command = [sys.executable, "-m", "locust", "-f", str(PROJECT / "benchmarks" / "plain_locustfile.py"), "--headless"]
    command += ["-u", str(RATE // 10), "-r", str(RATE), "-t", f"{seconds}s", "--host", sandbox.samples_url, "--json"]
    command += ["--loglevel", "ERROR"]
    printed = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    (entry,) = json.loads(printed[printed.index("[") :])
    counts = {float(duration): count for duration, count in entry["response_times"].items()}
    return quantiles(np.repeat(list(counts), list(counts.values())))


def quantiles(times: np.ndarray) -> list[float]:
    """The values at ``QUANTILES``, by nearest rank."""
    return [float(value) for value in np.quantile(times, QUANTILES, method="inverted_cdf")]


def main() -> int:
    """Print the table; returns 1 when a quantile is further off than wanted."""
    print("Coordinated omission   command: python -m benchmarks.coordinated_omission")
    print(f"server frozen {FREEZE_S:g} s in every {PERIOD_S:g} s, {RATE} reads/s, milliseconds", end="; ")
    print(f"the reads around two freezes in each of {RUNS} runs")
    with running_sandbox(synthesize("freeze")) as sandbox, tempfile.TemporaryDirectory() as folder:
        runs = []
        for number in range(RUNS):
            time.sleep(random.uniform(0, 1))
            runs.append(measured(sandbox, Path(folder) / str(number)))
        plain = plain_locust_ms(sandbox)
        bare = bare_client_ms(sandbox)
    truth, reported, behind = (np.concatenate(part) for part in zip(*runs, strict=True))
    missed = 0
    print(f"{'':<5} {'truth':>9} {'this project':>13} {'difference':>11} {'plain Locust':>13}")
    for quantile, true, ours, theirs in zip(QUANTILES, quantiles(truth), quantiles(reported), plain, strict=True):
        off = ours / true - 1
        missed += abs(off) > WANTED
        print(f"p{100 * quantile:<4g} {true:>9.2f} {ours:>13.2f} {off:>+11.1%} {theirs:>13.1f}")
    print("reads that waited came back so many milliseconds behind the end of their freeze (median, p99):")
    for who, came in (("this project", behind), ("bare client", bare)):
        print(f"{who:<15} {np.median(came):>9.2f} {np.quantile(came, 0.99):>13.2f}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
