"""Whether two processes of readers make twice what one makes, where there are two cores and each server needs one, too.

A core for each pair of a reader process and an nginx of its own; both processes record into one run, as those do that
``--processes 2`` starts. Three loads take turns (``benchmarks.loads``): the first pair alone, the second, and both at
once. So one process and two are the same processes, with the same connections, on the same cores, in the same
seconds; the figure is what both make at once, by the clock on the wall and as their servers count it, beside the sum of
what each makes alone. What is below 1 is what they cost each other.

Cores share caches, memory and perhaps their arithmetic, so no two programs on them need be twice as quick as one. wrk,
which shares nothing with a second one of it, shows how much of that is the machine's: beside it readers are judged.

Part of ``benchmarks.reader_rate``; alone it takes two minutes.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.loads import GENERATOR_CORE, RUN, SERVER_CORE, SLICE_S, USERS, Case, Load, started, taking_turns
from benchmarks.nginx import Served, nginx_counting
from benchmarks.options import parser
from benchmarks.wrk import wrk
from loadtest.run.documents.made_up import render

CORES = (GENERATOR_CORE, SERVER_CORE)
CASES = (Case("1 KB", 1024, 0), Case("16 KB", 16 * 1024, 0))
WANTED = 0.9
Rates = tuple[float, float, float]
"""Reads per second of the first pair alone, of the second alone, and of both at once."""


def scaled(rates: Rates) -> float:
    """What both make at once, as a share of what they make alone."""
    first, second, both = rates
    return both / (first + second)


def of_readers(peers: Sequence[Served], case: Case, rounds: int, turns: int) -> list[Rates]:
    """The rates of ``rounds`` rounds of ``turns`` turns each."""
    with ExitStack() as running:
        folder = running.enter_context(tempfile.TemporaryDirectory())
        loads: list[Load] = []
        for number, (served, core) in enumerate(zip(peers, CORES, strict=True)):
            recorded = (f"--run-dir={folder}", f"--worker={number}", f"--workers={len(CORES)}")
            loads.append(running.enter_context(started("recording", served, case, core=core, recorded=recorded)))
            loads[-1].stop()
        groups = (loads[:1], loads[1:], loads)
        found = []
        for _ in range(rounds):
            first, second, both = taking_turns(peers, groups, turns)
            found.append((first, second, both))
        for load in loads:
            load.end()
    return found


def of_wrk(peers: Sequence[Served], rounds: int) -> list[Rates]:
    """The same of wrk; empty when it is not installed."""
    pairs = list(zip(peers, CORES, strict=True))
    found = [(*(wrk([pair]) for pair in pairs), wrk(pairs)) for _ in range(rounds)]
    return [(first, second, both) for first, second, both in found if both]


def two_processes(rounds: int = 5, turns: int = 8) -> int:
    """Print the table; returns how many figures were not as wanted."""
    print(f"\nTwo processes of readers into one run, {USERS} users each, a core for each with an nginx of its own")
    print(f"(closed loop; {rounds} rounds of {turns} turns of {SLICE_S:g} s; median, least … most;")
    print(f"wanted: {WANTED:.0%} of the sum, or of what wrk keeps of it)\n")
    print("| document | one, reads/s | the other | both at once | of the sum | wrk, of the sum |")
    print("|---|--:|--:|--:|--:|--:|", flush=True)
    missed = 0
    for case in CASES:
        document = render(RUN, 0, case.payload_bytes)
        with ExitStack() as running:
            peers = [running.enter_context(nginx_counting(document, core=core)) for core in CORES]
            found = of_readers(peers, case, rounds, turns)
            limits = [scaled(rates) for rates in of_wrk(peers, rounds)]
        shares = [scaled(rates) for rates in found]
        share, limit = statistics.median(shares), min(1.0, statistics.median(limits or [1.0]))
        figures = (f"{statistics.median(column):,.0f}" for column in zip(*found, strict=True))
        spread = f"{share:.2f} ({min(shares):.2f} … {max(shares):.2f})"
        print("| " + " | ".join((case.name, *figures, spread, f"{limit:.2f}" if limits else "")) + " |", flush=True)
        missed += share < WANTED * limit
    return missed


if __name__ == "__main__":
    options = parser("two_processes", __doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--turns", type=int, default=8)
    given = options.parse_args()
    sys.exit(1 if two_processes(given.rounds, given.turns) else 0)
