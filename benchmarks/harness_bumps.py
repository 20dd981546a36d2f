"""Does the harness disturb what it measures: are reads later, or slower, while it flushes its spool or while it writes?

One clean run. Reads that were due within 5 ms from the start of a flush, or while a PUT was in flight, are compared
with the others: how late they were sent (the generator's own part), and how long they took. Placing the same flushes,
or PUTs, at 400 other times of the same run shows how large a ratio may be by chance.

While a PUT is in flight, the target and the writer work too. To keep this apart from the harness, the readers' process
has a core of its own, and all others share the rest.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.options import parser
from loadtest.project import locust_command
from loadtest.run.history.history import History
from loadtest.run.loading import load_history
from loadtest.sandbox.process import running_sandbox, synthesize

SECONDS, RATE, READERS = 90, 500, 40
AFTER_FLUSH_NS: Final = 5_000_000
PLACEMENTS: Final = 400
QUANTILES: Final = (0.5, 0.9, 0.99)

Column = np.ndarray[Any, np.dtype[Any]]


def measured(folder: Path) -> History:
    """A run that writes all the time, to a target that takes 5 ms a read and is not slowed down by writes."""
    with running_sandbox(synthesize("bumps"), faults={"latency": "5ms"}) as sandbox:
        command = locust_command()
        command += ["--only-summary", "-u", str(READERS), "-r", str(READERS), "-t", f"{SECONDS}s", "--window", "0"]
        command += ["--arrival-rate", str(RATE), "--write-interval", "0.5", "--payload-bytes", "16384"]
        command += ["--outputs", str(sandbox.outputs_path), "--run-dir", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as readers:
            _part(readers, folder)
    return load_history(folder)


def _part(readers: subprocess.Popen[bytes], run_dir: Path) -> None:
    """Once reads are recorded, give the readers one core, and the writer and the target the others."""
    while readers.poll() is None and not any(path.stat().st_size for path in run_dir.glob("spool/*.reads")):
        time.sleep(0.05)
    first, *others = sorted(os.sched_getaffinity(0))
    for process in _descendants(os.getpid()):
        os.sched_setaffinity(process, {first} if process == readers.pid else set(others) or {first})


def _descendants(process: int) -> Iterator[int]:
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        yield int(child)
        yield from _descendants(int(child))


def flushes(history: History) -> tuple[Column, Column]:
    """When a flush began, and the end of the time in which it can have delayed a read. A flush follows its sample."""
    samples = history.samples
    flushed = np.flatnonzero(np.diff(samples.flush_ns) > 0)
    return samples.at_ns[flushed], samples.at_ns[flushed] + AFTER_FLUSH_NS


def within(due: Column, starts: Column, ends: Column) -> Column:
    """Which times lie in one of the intervals, which are in order and do not overlap."""
    interval = np.searchsorted(starts, due, side="right") - 1
    inside: Column = (interval >= 0) & (due <= ends[interval])
    return inside


def ratios(values: Column, inside: Column) -> Column:
    """Quantiles of the values inside over those of the others."""
    found: Column = np.quantile(values[inside], QUANTILES) / np.quantile(values[~inside], QUANTILES)
    return found


def by_chance(values: Column, due: Column, starts: Column, ends: Column) -> Column:
    """The middle 95 % of the ratios when the intervals lie elsewhere; shape (2, quantiles)."""
    begin, length = due.min(), due.max() - due.min()
    shifts = np.random.default_rng(1).uniform(0.02, 0.98, PLACEMENTS) * length
    found = []
    for shift in shifts.astype(np.int64):
        moved = begin + (due - begin + shift) % length
        found.append(ratios(values, within(moved, starts, ends)))
    limits: Column = np.quantile(np.array(found), (0.025, 0.975), axis=0)
    return limits


def main() -> None:
    print("Does the harness disturb itself?   command: python -m benchmarks.harness_bumps")
    with tempfile.TemporaryDirectory() as folder:
        history = measured(Path(folder) / "run")
    reads, writes = history.reads, history.writes
    sent = reads.sent
    due = reads.scheduled_ns[sent]
    lateness, service = (reads.called_ns - reads.scheduled_ns)[sent], (reads.returned_ns - reads.called_ns)[sent]
    events = {"flush": flushes(history), "PUT": (writes.called_ns, writes.returned_ns)}
    spent = np.diff(history.samples.flush_ns)
    spent = spent[spent > 0]
    print(
        f"{len(due):,} reads, {len(spent)} flushes ({spent.mean() / 1e6:.2f} ms each, at most {spent.max() / 1e6:.2f})"
    )
    print("milliseconds of reads due then / of the others, and the ratios of the two that come about by chance")
    print(f"{'while':<6} {'what':<9} {'reads':>6}  " + "".join(f"{f'p{100 * q:g}':<30}" for q in QUANTILES))
    for event, (starts, ends) in events.items():
        inside = within(due, starts, ends)
        for name, values in (("lateness", lateness), ("service", service)):
            low, high = by_chance(values, due, starts, ends)
            then, otherwise = (np.quantile(values[chosen], QUANTILES) / 1e6 for chosen in (inside, ~inside))
            cells = (
                f"{one:.3f} / {other:.3f} ({least:.2f} to {most:.2f})".ljust(30)
                for one, other, least, most in zip(then, otherwise, low, high, strict=True)
            )
            print(f"{event:<6} {name:<9} {inside.sum():>6}  {''.join(cells)}")


if __name__ == "__main__":
    parser("harness_bumps", __doc__).parse_args()
    main()
