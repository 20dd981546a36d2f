"""What workers make that share nothing with their master, and what the master spends on receiving their records.

    python -m benchmarks.many_machines [--workers 1 2 4] [--seconds S]

A master and workers behind mount namespaces of their own, so that none sees the run directory, read a document of 1 KB
from nginx in a closed loop. nginx has a core for itself; master and workers share the other, so reads in a second of
the workers' own CPU are what can be compared. The master's CPU is that of its process while records come in.

Then one worker that sends its records and one beside the master, which only writes them, read on one schedule: how late
each called its reads shows whether sending delays them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.loads import GENERATOR_CORE, SERVER_CORE
from benchmarks.nginx import free_port, nginx_serving
from benchmarks.options import parser
from benchmarks.other_hosts import hiding
from loadtest import units
from loadtest.project import locust_command
from loadtest.run.files import READS_FILE, RUN_FILE
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE

WORKERS = (1, 2, 4)
SECONDS = 6
WARM_UP_S = 2
RATE = 4_000
"""Reads per second of the two workers together."""
WANTED_CPU_SHARE = 0.05
"""Of a core, for each 10,000 reads a second that come in."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Moment:
    """What had been received and spent at one moment."""

    at_s: float
    reads: int
    master_cpu_s: float
    workers_cpu_s: float


def main(arguments: list[str]) -> int:
    """Print the table; returns 1 when the master spent more than is wanted."""
    wanted = parser("many_machines", __doc__)
    wanted.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    wanted.add_argument("--seconds", type=float, default=SECONDS)
    options = wanted.parse_args(arguments)
    print("| workers | reads/s | reads per second of the workers' CPU | master's CPU for 10,000 reads/s |")
    print("|--:|--:|--:|--:|")
    too_much = False
    for workers in options.workers:
        first, last = measured(workers, options.seconds)
        reads, seconds = last.reads - first.reads, last.at_s - first.at_s
        own = reads / (last.workers_cpu_s - first.workers_cpu_s)
        share = (last.master_cpu_s - first.master_cpu_s) / reads * 10_000
        too_much |= share > WANTED_CPU_SHARE
        print(f"| {workers} | {reads / seconds:,.0f} | {own:,.0f} | {share:.1%} of a core |", flush=True)
    print("\n| worker | late at p50 | late at p99 |\n|---|--:|--:|")
    for place, late in lateness(5 * options.seconds).items():
        quantiles = (units.duration(int(np.quantile(late, share))) for share in (0.5, 0.99))
        print(f"| {place} | {' | '.join(quantiles)} |")
    return 1 if too_much else 0


def measured(workers: int, seconds: float) -> tuple[Moment, Moment]:
    """One run of workers that send: two moments of it, so many seconds apart."""
    with ExitStack() as stack:
        how = ("--arrival-rate", "0", "-u", str(20 * workers), "--run-time", f"{round(seconds) + WARM_UP_S + 6}s")
        run_dir, started = _running(stack, ("sends",) * workers, *how)
        _wait_for(run_dir)
        time.sleep(WARM_UP_S)
        first = _moment(run_dir, started)
        time.sleep(seconds)
        return first, _moment(run_dir, started)


def lateness(seconds: float) -> dict[str, NDArray[np.int64]]:
    """How late reads were called, by a worker that sends its records and by one that does not, in one run."""
    with ExitStack() as stack:
        how = ("--arrival-rate", str(RATE), "-u", "100", "--run-time", f"{round(seconds)}s")
        run_dir, (master, *_) = _running(stack, ("sends", "beside the master"), *how)
        os.waitpid(master, 0)
        workers = json.loads((run_dir / RUN_FILE).read_text())["attendance"]["processes"]
        reads = pq.read_table(run_dir / READS_FILE, columns=["worker", "scheduled_ns", "called_ns"])
        late = reads["called_ns"].to_numpy() - reads["scheduled_ns"].to_numpy()
        return {each["place"]: late[reads["worker"].to_numpy() == each["share"]] for each in workers if each["place"]}


def _running(stack: ExitStack, places: tuple[str, ...], *how: str) -> tuple[Path, list[int]]:
    """The run directory of a run that has begun, and the processes of its master and workers, one at each place."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    url = stack.enter_context(nginx_serving(b'{"samples":["' + b"x" * 1_009 + b'"]}', core=SERVER_CORE))
    run_dir, port = folder / "hidden" / "run", free_port()
    run_dir.parent.mkdir()
    pinned = ["taskset", "-c", str(GENERATOR_CORE)]
    master = [*locust_command("--master", "--master-bind-port", str(port), "--expect-workers", str(len(places)))]
    master += ["--outputs", "none", "--host", url.removesuffix("/v1/samples"), "--bucket", "unused", "-r", "1000"]
    master += ["--write-interval", "0", "--run-dir", str(run_dir), *how]
    started = [_started(stack, [*pinned, *master])]
    for place in places:
        worker = locust_command("--worker", "--master-port", str(port), "--place", place, headless=False)
        hidden = hiding(run_dir.parent) if place == "sends" else ()
        started.append(_started(stack, [*pinned, *hidden, *worker]))
    return run_dir, started


def _started(stack: ExitStack, command: list[str]) -> int:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process.pid


def _wait_for(run_dir: Path) -> None:
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in run_dir.glob("spool/*.reads")):
        if time.monotonic() > deadline:
            raise RuntimeError("no worker sent a record within a minute")
        time.sleep(0.05)


def _moment(run_dir: Path, processes: list[int]) -> Moment:
    size = sum(path.stat().st_size for path in run_dir.glob("spool/*.reads"))
    master, *workers = (_cpu_s(process) for process in processes)
    return Moment(time.monotonic(), size // SPOOLED_READ_DTYPE.itemsize, master, sum(workers))


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
