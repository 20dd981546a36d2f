"""What a core of readers makes: recording readers beside a plain FastHttpUser and beside wrk, against nginx.

One core for the generators, one for nginx, which counts the answers. The speed of a core here changes from second to
second, so loads that run one after the other say little. Here two live side by side and take turns by SIGSTOP and
SIGCONT, a quarter of a second each; both see the same fast and slow seconds. As processes of one program also differ
from start to start, there are several such pairs; the figure is the median of their ratios. wrk (one thread, as many
connections) has a turn of its own beside each pair, and shows how far from the limit a reader is.

Beside the ratio stands that of the reads in a second of CPU: it does not depend on how much of its core nginx has, and
says more when the server is what holds the readers up, or when other work runs on these cores.

Then the same readers on a schedule, on one core: how many of the reads that are due are made, how late they are sent,
and what is left of the core. And two processes of readers beside one, as ``--processes`` starts them: how many reads a
second of CPU each makes, as there is no third core for nginx here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.nginx import Served, nginx_counting
from benchmarks.options import parser
from loadtest.run.documents.made_up import render

RUN = "0123456789ab"
KINDS = ("plain", "recording")
USERS = 20
GENERATOR_CORE, SERVER_CORE = 0, 1
SLICE_S = 0.25
WRK_S = 2
SCHEDULE_RATE, SCHEDULE_USERS, SCHEDULE_S = 20_000, 100, 10
WANTED_ACHIEVED, WANTED_LATE_MS, WANTED_SCALE = 0.99, 2.0, 0.9
_WRK_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")


class Case(NamedTuple):
    """One line of the table."""

    name: str
    payload_bytes: int
    wanted: float
    share: float = 0.0
    over_tls: bool = False
    numbered: bool = False
    """Each answer has an id of its own, as API Gateway's have: no head is like one before."""


CASES = (
    Case("1 KB", 1024, 4.0),
    Case("16 KB", 16 * 1024, 4.0),
    Case("256 KB", 256 * 1024, 2.5),
    Case("16 KB, half conditional", 16 * 1024, 4.0, share=0.5),
    Case("16 KB, each has an id", 16 * 1024, 0, numbered=True),
    Case("16 KB over TLS", 16 * 1024, 2.5, over_tls=True),
)


class Load:
    """A load in a process of its own, warm and standing still."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.result: dict[str, Any] = {}

    def go(self) -> None:
        """Let it run."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Let it stand."""
        self._process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        """End it, and keep what it says of itself.

        Raises RuntimeError when a read of it failed.
        """
        self._process.terminate()
        self.go()
        self.result = json.loads(self._process.communicate(timeout=30)[0])
        if self.result["failures"]:
            raise RuntimeError(f"{self.result['failures']} reads failed in a load; the rate means nothing.")

    @property
    def reads_per_cpu_second(self) -> float:
        """How many reads it made in a second of its own CPU."""
        return float(self.result["reads"]) / (self.result["cpu_seconds"] or 1)


@contextmanager
def started(
    kind: str, served: Served, case: Case, *, core: int = GENERATOR_CORE, users: int = USERS, rate: float = 0
) -> Iterator[Load]:
    """A load that is warm; it is gone after the block."""
    command = ["taskset", "-c", str(core), sys.executable, "-m", "benchmarks.reader_load", kind, served.url, RUN]
    command += [str(case.payload_bytes), str(users), f"--share={case.share}", f"--rate={rate}"]
    trusted = {"SSL_CERT_FILE": str(served.certificate)} if served.certificate else {}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **trusted})
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"The {kind} load did not start; its own message is above.")
        yield Load(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(10)


def answers(served: Served) -> int:
    """How many requests nginx has taken so far, this one among them."""
    with urllib.request.urlopen(served.status_url) as response:
        return int(response.read().split(b"requests")[1].split()[2])


def rates(served: Served, case: Case, turns: int) -> dict[str, float]:
    """Reads per second of one plain and one recording load, by kind, from ``turns`` turns of each; and of wrk."""
    reads, seconds = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0.0)
    with ExitStack() as running:
        loads = {}
        for kind in KINDS:
            loads[kind] = running.enter_context(started(kind, served, case))
            loads[kind].stop()
        for turn in range(turns):
            for kind in KINDS if turn % 2 else reversed(KINDS):
                before = answers(served)
                loads[kind].go()
                began = time.perf_counter()
                time.sleep(SLICE_S)
                loads[kind].stop()
                seconds[kind] += time.perf_counter() - began
                reads[kind] += answers(served) - before - 1
        of_wrk = 0.0 if case.share else wrk(served)
        for load in loads.values():
            load.end()
    per_cpu = loads["recording"].reads_per_cpu_second / loads["plain"].reads_per_cpu_second
    return {kind: reads[kind] / seconds[kind] for kind in KINDS} | {"wrk": of_wrk, "per_cpu": per_cpu}


def wrk(served: Served) -> float:
    """Reads per second of wrk with one thread, which knows one request only; 0 when it is not installed."""
    if not shutil.which("wrk"):
        return 0.0
    command = ["taskset", "-c", str(GENERATOR_CORE), "wrk", "-t1", f"-c{USERS}", f"-d{WRK_S}s", served.url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = _WRK_RATE.search(printed)
    if found is None or "Non-2xx" in printed:
        raise RuntimeError(f"wrk did not read the document: {printed}")
    return float(found[1])


def beside_plain(pairs: int, turns: int) -> int:
    """Print the first table; returns how many ratios were too low."""
    print("Recording readers, a plain FastHttpUser and wrk on one core, closed loop, nginx on the other, loopback")
    print(f"({pairs} pairs of processes, {turns} turns of {SLICE_S:g} s each, {USERS} users; median, least … most)")
    print(f"{'':>24} {'plain':>9} {'recording':>10} {'ratio':>22} {'wanted':>7} {'by CPU':>7} {'wrk':>9} {'of wrk':>7}")
    missed = 0
    for case in CASES:
        document = render(RUN, 0, case.payload_bytes)
        with nginx_counting(document, core=SERVER_CORE, over_tls=case.over_tls, numbered=case.numbered) as served:
            found = [rates(served, case, turns) for _ in range(pairs)]
        plain, recording, of_wrk = (statistics.median(pair[kind] for pair in found) for kind in (*KINDS, "wrk"))
        ratios = [pair["recording"] / pair["plain"] for pair in found]
        ratio = statistics.median(ratios)
        spread = f"{ratio:.2f} ({min(ratios):.2f} … {max(ratios):.2f})"
        per_cpu = statistics.median(pair["per_cpu"] for pair in found)
        limit = f"{per_cpu:>7.2f} " + (f"{of_wrk:>9,.0f} {recording / of_wrk:>7.0%}" if of_wrk else "")
        line = f"{case.name:>24} {plain:>9,.0f} {recording:>10,.0f} {spread:>22} {case.wanted or '':>7} {limit}"
        print(line.rstrip(), flush=True)
        missed += ratio < case.wanted
    return missed


def on_schedule() -> int:
    """Print the second table; returns how many figures were not as wanted."""
    case = Case("1 KB", 1024, 0, share=0.5)
    with (
        nginx_counting(render(RUN, 0, case.payload_bytes), core=SERVER_CORE) as served,
        started("recording", served, case, users=SCHEDULE_USERS, rate=SCHEDULE_RATE) as load,
    ):
        time.sleep(SCHEDULE_S)
        load.end()
    found = load.result
    achieved = found["answered"] / found["due"]
    left = 1 - found["cpu_seconds"] / found["seconds"]
    print(
        f"\nOn a schedule: {SCHEDULE_RATE:,} reads/s of {case.name}, half conditional, {SCHEDULE_USERS} users, one core"
    )
    print(
        f"made {achieved:.2%} of the reads that were due (wanted {WANTED_ACHIEVED:.0%}); sent late by "
        f"{found['late_p50_ms']:.3f} ms at p50, {found['late_p99_ms']:.2f} ms at p99 (wanted {WANTED_LATE_MS:g}); "
        f"{left:.0%} of the core is left",
        flush=True,
    )
    return int(achieved < WANTED_ACHIEVED) + int(found["late_p99_ms"] > WANTED_LATE_MS)


def cpu_seconds_of(process: int) -> float:
    """What a process of one thread, as nginx is here, has used so far."""
    return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def two_processes(seconds: float = 5) -> int:
    """Print how many reads a second of CPU one and two processes make; returns 1 when two make too few."""
    per_cpu, nginx_share = {}, {}
    for count in (1, 2):
        case = Case("1 KB", 1024, 0)
        with nginx_counting(render(RUN, 0, case.payload_bytes), core=SERVER_CORE) as served, ExitStack() as running:
            loads = [running.enter_context(started("recording", served, case, core=core)) for core in range(count)]
            before = cpu_seconds_of(served.process)
            time.sleep(seconds)
            nginx_share[count] = (cpu_seconds_of(served.process) - before) / seconds
            for load in loads:
                load.end()
        per_cpu[count] = [load.reads_per_cpu_second for load in loads]
    one, two = per_cpu[1][0], statistics.mean(per_cpu[2])
    print(
        f"\nTwo processes of readers on two cores, which nginx shares: {two:,.0f} reads a second of CPU each, "
        f"against {one:,.0f} of one alone: {two / one:.0%} (wanted {WANTED_SCALE:.0%}); nginx had {nginx_share[2]:.0%} "
        f"of a core beside two, {nginx_share[1]:.0%} beside one",
        flush=True,
    )
    return int(two / one < WANTED_SCALE)


def main(pairs: int = 8, turns: int = 30) -> int:
    """Print the tables; returns how many figures were not as wanted."""
    os.sched_setaffinity(0, {SERVER_CORE})
    print(f"command: python -m benchmarks.reader_rate --pairs {pairs} --turns {turns}")
    return beside_plain(pairs, turns) + on_schedule() + two_processes()


if __name__ == "__main__":
    options = parser("reader_rate", __doc__)
    options.add_argument("--pairs", type=int, default=8)
    options.add_argument("--turns", type=int, default=30)
    given = options.parse_args()
    sys.exit(1 if main(given.pairs, given.turns) else 0)
