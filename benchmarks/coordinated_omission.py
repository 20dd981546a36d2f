"""A server that freezes 1 s in every 10 s, 200 reads a second: what is reported, beside the truth and plain Locust.

The truth follows from the definition of the fault, read by read: a read that is due while the server is frozen waits
for the end of the freeze, and each read also takes as long as reads took in the eight seconds before and after two
freezes.

The same runs are judged over two spans, which both hold two freezes:

- 12 s, from half a second before one freeze to half a second after the next: a sixth of the reads waits.
- 20 s, two whole periods: exactly a tenth waits, so p90 is where the truth jumps from a read's own time to the shortest
  wait, and a single read moves it by ten times a read. So it is shown and not judged.

When two hundred reads are answered at once, the server needs time to answer and the generator needs time to take the
answers in. The truth has no queue, so both are in the difference. To separate them, ``benchmarks.bare_client``, which
does almost nothing per answer, sends the same reads.
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
from typing import Final, NamedTuple

import numpy as np

from benchmarks.bare_client import answer_times
from benchmarks.options import parser
from benchmarks.real_runs import real_run
from loadtest.project import PROJECT, locust_command
from loadtest.run.loading import load_history
from loadtest.sandbox.process import RunningSandbox, running_sandbox, synthesize

RATE, READERS = 200, 400
"""More readers than reads can be waiting: one that is not free would add its own wait."""
FREEZE_S, PERIOD_S, RUNS, BARE_RUNS = 1.0, 10.0, 6, 3
MARGIN_S = 0.5
CALM_S = 8.0
"""Before and behind the two freezes, in which nothing is frozen; what reads take by themselves is measured there."""
AROUND_FREEZES_S: Final = PERIOD_S + FREEZE_S + 2 * MARGIN_S
WHOLE_PERIODS_S: Final = 2 * PERIOD_S
QUANTILES: Final = (0.5, 0.9, 0.95, 0.99)
JUDGED: Final = {AROUND_FREEZES_S: QUANTILES, WHOLE_PERIODS_S: (0.5, 0.95, 0.99)}
"""Which quantiles must be close to the truth, by the length of the span in seconds."""
WANTED = 0.05
_STARTUP_S = 2.5
"""What Locust takes to start, at most, and how long its reads are slower then."""


class Run(NamedTuple):
    """Reads: when they were due, in seconds since the fault was set, what they took, and when their spans begin."""

    due: np.ndarray
    response_ms: np.ndarray
    span: float

    def within(self, seconds: float) -> np.ndarray:
        return (self.due >= self.span) & (self.due < self.span + seconds)

    def calm(self) -> np.ndarray:
        beside = (self.due >= self.span - CALM_S) & (self.due < self.span + AROUND_FREEZES_S + CALM_S)
        beside &= ~self.within(AROUND_FREEZES_S)
        return beside

    def truth_ms(self, seconds: float) -> np.ndarray:
        """What the reads of the span would take by the definition of the fault."""
        due = self.due[self.within(seconds)]
        return left_s(due) * 1e3 + np.random.default_rng(1).choice(self.response_ms[self.calm()], len(due))


def freeze(sandbox: RunningSandbox) -> float:
    """Set the fault; gives the moment (``time.monotonic``), to a few milliseconds, from which its periods count."""
    before = time.monotonic()
    sandbox.set_fault("freeze", f"{FREEZE_S:g}s/{PERIOD_S:g}s")
    return (before + time.monotonic()) / 2


def recorded_run(sandbox: RunningSandbox, folder: Path) -> Run:
    set_at = freeze(sandbox)
    settings = ("--arrival-rate", str(RATE), "--payload-bytes", "512", "--conditional-share", "1")
    real_run(sandbox, folder, READERS, 4 * PERIOD_S, *settings)
    reads = load_history(folder).reads
    due = reads.scheduled_ns / 1e9 - set_at
    response_ms = (reads.returned_ns - reads.scheduled_ns) / 1e6
    return Run(due, response_ms, first_span(float(due.min()) + _STARTUP_S + CALM_S))


def bare_run(sandbox: RunningSandbox) -> Run:
    """The same schedule, sent by a client that does nothing else."""
    set_at = freeze(sandbox)
    span = first_span(0)
    due = span + np.arange(RATE * WHOLE_PERIODS_S) / RATE
    answered = np.array(answer_times(sandbox.samples_url, (set_at + due).tolist(), READERS))
    return Run(due, (answered - set_at - due) * 1e3, span)


def first_span(begun: float) -> float:
    """The start of the first span that lies wholly behind ``begun``, both in seconds since the fault was set."""
    offset = PERIOD_S - FREEZE_S - MARGIN_S
    return offset + max(0, math.ceil((begun - offset) / PERIOD_S)) * PERIOD_S


def left_s(due: np.ndarray) -> np.ndarray:
    """How long a server stays frozen, at moments given in seconds since the fault was set; 0 when it is not."""
    to_end = PERIOD_S - due % PERIOD_S
    return np.where(to_end <= FREEZE_S, to_end, 0.0)


def plain_locust_ms(sandbox: RunningSandbox, seconds: float) -> list[float]:
    """What plain Locust reports of a run of that span: percentiles of its own statistics."""
    set_at = freeze(sandbox)
    run_time = math.ceil(seconds + _STARTUP_S)
    time.sleep(first_span(0) - _STARTUP_S - (time.monotonic() - set_at))
    command = locust_command(locustfile=PROJECT / "benchmarks" / "plain_locustfile.py")
    command += ["-u", str(RATE // 10), "-r", str(RATE), "-t", f"{run_time}s", "--host", sandbox.samples_url, "--json"]
    command += ["--loglevel", "ERROR"]
    printed = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    (entry,) = json.loads(printed[printed.index("[") :])
    counts = {float(duration): count for duration, count in entry["response_times"].items()}
    return quantiles(np.repeat(list(counts), list(counts.values())))


def quantiles(times: np.ndarray) -> list[float]:
    """The values at ``QUANTILES``, by nearest rank."""
    return [float(value) for value in np.quantile(times, QUANTILES, method="inverted_cdf")]


def compare_with_truth(seconds: float, runs: list[Run], bare: list[Run], plain: list[float]) -> int:
    """Print the table of one span; returns how many of the quantiles judged are further off than wanted."""
    truth = quantiles(np.concatenate([run.truth_ms(seconds) for run in runs]))
    ours, theirs = (
        quantiles(np.concatenate([run.response_ms[run.within(seconds)] for run in some])) for some in (runs, bare)
    )
    missed = 0
    print(f"the reads of {seconds:g} s with two freezes in each of {len(runs)} runs")
    print(f"{'':<5} {'truth':>9} {'this project':>13} {'difference':>11} {'bare client':>12} {'plain Locust':>13}")
    for quantile, true, our, their, locusts in zip(QUANTILES, truth, ours, theirs, plain, strict=True):
        judged = quantile in JUDGED[seconds]
        missed += judged and abs(our / true - 1) > WANTED
        off = f"{our / true - 1:+.1%}" if judged else "not judged"
        print(f"p{100 * quantile:<4g} {true:>9.2f} {our:>13.2f} {off:>11} {their:>12.2f} {locusts:>13.1f}")
    return missed


def main() -> int:
    """Print a table for each span; returns 1 when a quantile is further off than wanted."""
    print("Coordinated omission   command: python -m benchmarks.coordinated_omission")
    print(f"server frozen {FREEZE_S:g} s in every {PERIOD_S:g} s, {RATE} reads/s, milliseconds")
    with running_sandbox(synthesize("freeze")) as sandbox, tempfile.TemporaryDirectory() as folder:
        runs = []
        for number in range(RUNS):
            time.sleep(random.uniform(0, 1))
            runs.append(recorded_run(sandbox, Path(folder) / str(number)))
        bare = [bare_run(sandbox) for _ in range(BARE_RUNS)]
        plain = {seconds: plain_locust_ms(sandbox, seconds) for seconds in JUDGED}
    missed = [compare_with_truth(seconds, runs, bare, plain[seconds]) for seconds in JUDGED]
    return int(sum(missed) > 0)


if __name__ == "__main__":
    parser("coordinated_omission", __doc__).parse_args()
    sys.exit(main())
