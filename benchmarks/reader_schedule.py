"""Recording readers on a schedule, on one core, nginx on the other: how much of it they make, how late, at what cost.

The table is that of docs/measuring.md, ready to paste.
"""

from __future__ import annotations

import os
import sys
import time

from benchmarks.loads import RUN, SERVER_CORE, Case, Load, started
from benchmarks.nginx import nginx_counting
from benchmarks.options import parser
from loadtest.run.documents.made_up import render

RATES, SCHEDULE_USERS = (5_000, 10_000, 20_000), 100
TOO_MANY = 100_000
"""More than a core can make: its readers are always behind, and show what they make at most."""
WANTED_ACHIEVED, WANTED_LATE_MS = 0.99, 2.0
CASE = Case("1 KB", 1024, 0, share=0.5)


def main(seconds: float = 10) -> int:
    """Print what is made of reads on a schedule; returns how many figures were not as wanted."""
    os.sched_setaffinity(0, {SERVER_CORE})
    print(f"command: python -m benchmarks.reader_schedule --seconds {seconds:g}")
    print(f"On a schedule: 1 KB, half of the reads conditional, {SCHEDULE_USERS} users, one core, {seconds:g} s each")
    print(f"(wanted: {WANTED_ACHIEVED:.0%} made, late by less than {WANTED_LATE_MS:g} ms at p99)\n")
    print("| reads/s due | made | late at p50 | late at p99 | CPU a read | left of the core |")
    print("|--:|--:|--:|--:|--:|--:|", flush=True)
    missed = 0
    for rate in RATES:
        load = _loaded(rate, seconds)
        found = load.result
        achieved = found["answered"] / found["due"]
        left = 1 - found["cpu_seconds"] / found["seconds"]
        print(
            f"| {rate:,} | {achieved:.2%} | {found['late_p50_ms']:.2f} ms | {found['late_p99_ms']:.2f} ms "
            f"| {1e6 / load.reads_per_cpu_second:.0f} µs | {left:.0%} |",
            flush=True,
        )
        missed += int(achieved < WANTED_ACHIEVED) + int(found["late_p99_ms"] > WANTED_LATE_MS)
    most = _loaded(TOO_MANY, seconds / 2).result
    print(f"\nAt most, where {TOO_MANY:,} reads/s are due: {most['answered'] / most['seconds']:,.0f} reads/s.")
    return missed


def _loaded(rate: float, seconds: float) -> Load:
    """A load that has ended, of readers on a schedule."""
    with (
        nginx_counting(render(RUN, 0, CASE.payload_bytes), core=SERVER_CORE) as served,
        started("recording", served, CASE, users=SCHEDULE_USERS, rate=rate) as load,
    ):
        time.sleep(seconds)
        load.end()
    return load


if __name__ == "__main__":
    options = parser("reader_schedule", __doc__)
    options.add_argument("--seconds", type=float, default=10)
    parsed = options.parse_args()
    sys.exit(1 if main(parsed.seconds) else 0)
