"""What a core of readers makes: recording readers beside a plain FastHttpUser and beside wrk, against nginx.

One core for the generators, one for nginx, which counts the answers. A plain and a recording load take turns, a quarter
of a second each (``benchmarks.loads``). As processes of one program also differ from start to start, there are several
such pairs; the figure is the median of their ratios. wrk (one thread, as many connections) has a turn of its own beside
each pair, and shows how far from the limit a reader is.

The ratio is also given for the reads in a second of CPU. That does not depend on how much of its core nginx gets, and
says more when the server is the limit or other work runs on these cores.

The table is that of docs/measuring.md, ready to paste.
"""

from __future__ import annotations

import os
import statistics
import sys
from contextlib import ExitStack

from benchmarks.loads import GENERATOR_CORE, RUN, SERVER_CORE, SLICE_S, USERS, Case, started, taking_turns
from benchmarks.nginx import Served, nginx_counting
from benchmarks.options import parser
from benchmarks.wrk import wrk
from loadtest.run.documents.made_up import render

KINDS = ("plain", "recording")

CASES = (
    Case("1 KB", 1024, 4.0),
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
        rates_in_turns = taking_turns([served], [[load] for load in loads], turns)
        of_wrk = 0.0 if case.share else wrk([(served, GENERATOR_CORE)])
        for load in loads:
            load.end()
    plain, recording = (load.reads_per_cpu_second for load in loads)
    return dict(zip(KINDS, rates_in_turns, strict=True)) | {"wrk": of_wrk, "per_cpu": recording / plain}


def main(pairs: int = 8, turns: int = 30) -> int:
    """Print the table; returns how many ratios were too low."""
    os.sched_setaffinity(0, {SERVER_CORE})
    print(f"command: python -m benchmarks.reader_rate --pairs {pairs} --turns {turns}")
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


if __name__ == "__main__":
    options = parser("reader_rate", __doc__)
    options.add_argument("--pairs", type=int, default=8)
    options.add_argument("--turns", type=int, default=30)
    parsed = options.parse_args()
    sys.exit(1 if main(parsed.pairs, parsed.turns) else 0)
