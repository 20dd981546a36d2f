"""What a core of readers makes: recording readers beside a plain FastHttpUser and beside wrk, against nginx.

One core for the generators, one for nginx, which counts the answers. A plain and a recording load take turns, a quarter
of a second each (``benchmarks.loads``). As processes of one program also differ from start to start, there are several
such pairs; the figure is the median of their ratios. wrk (one thread, as many connections) has a turn of its own beside
each pair, and shows how far from the limit a reader is.

The ratio is also given for the reads in a second of CPU. That does not depend on how much of its core nginx gets, and
says more when the server is the limit or other work runs on these cores.

Then the same readers on a schedule (``benchmarks.reader_schedule``), and two processes of them, as ``--processes``
starts them: they make as many reads a second of CPU as one, or they stand in each other's way. Both share one core, so
that nginx has the other for itself, and take turns with one that is alone. With one on the core of nginx, readers and
nginx take that core from each other in each round: that is the last line, and says what a machine of two cores makes,
not how readers scale.

The tables are those of docs/measuring.md, ready to paste.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from contextlib import ExitStack

from benchmarks.loads import GENERATOR_CORE, RUN, SERVER_CORE, SLICE_S, USERS, Case, Load, started, taking_turns
from benchmarks.nginx import Served, nginx_counting
from benchmarks.options import parser
from benchmarks.reader_schedule import on_schedule
from loadtest.run.documents.made_up import render

KINDS = ("plain", "recording")
WRK_S = 2
WANTED_SCALE = 0.9
_WRK_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")

SMALL = Case("1 KB", 1024, 4.0)
CASES = (
    SMALL,
    Case("16 KB", 16 * 1024, 4.0),
    Case("256 KB", 256 * 1024, 2.5),
    Case("16 KB, half of the reads conditional", 16 * 1024, 4.0, share=0.5),
    Case("16 KB, each answer with an id of its own", 16 * 1024, 0, numbered=True),
    Case("16 KB over TLS", 16 * 1024, 2.5, over_tls=True),
)


def rates(served: Served, case: Case, turns: int) -> dict[str, float]:
    """Reads per second of one plain and one recording load, by kind, from ``turns`` turns of each; and of wrk."""
    with ExitStack() as running:
        loads = []
        for kind in KINDS:
            loads.append(running.enter_context(started(kind, served, case)))
            loads[-1].stop()
        rates_in_turns = taking_turns(served, [[load] for load in loads], turns)
        of_wrk = 0.0 if case.share else wrk(served)
        for load in loads:
            load.end()
    plain, recording = (load.reads_per_cpu_second for load in loads)
    return dict(zip(KINDS, rates_in_turns, strict=True)) | {"wrk": of_wrk, "per_cpu": recording / plain}


def wrk(served: Served) -> float:
    """Reads per second of wrk with one thread, which knows one request only; 0 when it is not installed."""
    if not shutil.which("wrk"):
        return 0.0
    command = ["taskset", "-c", str(GENERATOR_CORE), "wrk", "-t1", f"-c{USERS}", f"-d{WRK_S}s", served.url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    printed_rate = _WRK_RATE.search(printed)
    if printed_rate is None or "Non-2xx" in printed:
        raise RuntimeError(f"wrk did not read the document: {printed}")
    return float(printed_rate[1])


def beside_plain(pairs: int, turns: int) -> int:
    """Print the first table; returns how many ratios were too low."""
    print("Recording readers, a plain FastHttpUser and wrk on one core, closed loop, nginx on the other, loopback")
    print(f"({pairs} pairs of processes, {turns} turns of {SLICE_S:g} s each, {USERS} users; median, least … most)\n")
    print("| document | plain, reads/s | recording, reads/s | ratio | wanted | by CPU | wrk, reads/s |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    missed = 0
    for case in CASES:
        document = render(RUN, 0, case.payload_bytes)
        with nginx_counting(document, core=SERVER_CORE, over_tls=case.over_tls, numbered=case.numbered) as served:
            measured = [rates(served, case, turns) for _ in range(pairs)]
        plain, recording, of_wrk = (statistics.median(pair[kind] for pair in measured) for kind in (*KINDS, "wrk"))
        ratios = [pair["recording"] / pair["plain"] for pair in measured]
        ratio = statistics.median(ratios)
        per_cpu = statistics.median(pair["per_cpu"] for pair in measured)
        spread = f"{ratio:.2f} ({min(ratios):.2f} … {max(ratios):.2f})"
        figures = (f"{plain:,.0f}", f"{recording:,.0f}", spread, case.wanted or "", f"{per_cpu:.2f}")
        print("| " + " | ".join(map(str, (case.name, *figures, f"{of_wrk:,.0f}" if of_wrk else ""))) + " |", flush=True)
        missed += ratio < case.wanted
    return missed


def reads_per_cpu_second(second_core: int, turns: int) -> tuple[float, float]:
    """Of one process of readers, and of each of two, the second of them on ``second_core``."""
    with nginx_counting(render(RUN, 0, SMALL.payload_bytes), core=SERVER_CORE) as served, ExitStack() as running:
        loads: list[Load] = []
        for core in (GENERATOR_CORE, GENERATOR_CORE, second_core):
            loads.append(running.enter_context(started("recording", served, SMALL, core=core)))
            loads[-1].stop()
        taking_turns(served, [loads[:1], loads[1:]], turns)
        for load in loads:
            load.end()
    alone, *both = (load.reads_per_cpu_second for load in loads)
    return alone, statistics.mean(both)


def two_processes(turns: int) -> int:
    """Print how many reads a second of CPU one and two processes make; returns 1 when two make too few."""
    print(
        f"\nTwo processes of readers, {SMALL.name}, closed loop: reads in a second of CPU (wanted {WANTED_SCALE:.0%})\n"
    )
    print("| | one alone | each of two | ratio |")
    print("|---|--:|--:|--:|", flush=True)
    ratios = []
    for where, core in (("nginx on another core", GENERATOR_CORE), ("one of two beside nginx", SERVER_CORE)):
        one, two = reads_per_cpu_second(core, turns)
        ratios.append(two / one)
        print(f"| {where} | {one:,.0f} | {two:,.0f} | {two / one:.0%} |", flush=True)
    return int(ratios[0] < WANTED_SCALE)


def main(pairs: int = 8, turns: int = 30) -> int:
    """Print the tables; returns how many figures were not as wanted."""
    os.sched_setaffinity(0, {SERVER_CORE})
    print(f"command: python -m benchmarks.reader_rate --pairs {pairs} --turns {turns}")
    return beside_plain(pairs, turns) + on_schedule() + two_processes(turns)


if __name__ == "__main__":
    options = parser("reader_rate", __doc__)
    options.add_argument("--pairs", type=int, default=8)
    options.add_argument("--turns", type=int, default=30)
    parsed = options.parse_args()
    sys.exit(1 if main(parsed.pairs, parsed.turns) else 0)
