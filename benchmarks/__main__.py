"""Runs all benchmarks, or those that are named, one after the other, and prints their tables."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = {
    "sandbox_rate": "how many reads a second the sandbox serves on one core",
    "reader_rate": "what recording costs, beside a plain FastHttpUser",
    "reader_schedule": "reads that are due at set times: how many are made, how late, at what cost",
    "two_processes": "whether two processes of readers make twice the reads of one, a core for each",
    "scale": "how long a report on ten million reads takes",
    "fault_recovery": "injected faults against reported ones",
    "coordinated_omission": "a freezing server, beside plain Locust",
    "latency_recovery": "injected latency against reported",
    "harness_bumps": "whether flushing and writing disturb the reads",
    "impact_recovery": "ten clean runs, and reads that wait for writes by a known time",
    "impact_simulation": "false alarms, detection and coverage of the write impact",
    "until_decided_simulation": "runs that end when all is decided: how long, and how often wrong, beside fixed ones",
    "compare_simulation": "how often a comparison of two runs is right",
    "trend_simulation": "how often a trend is right: false alarms, and how soon a step is found",
    "trend_history": "sixty real runs that get slower, lag and recover (a quarter of an hour, can be made in pieces)",
    "many_machines": "workers that share nothing with their master, and what receiving their records costs it",
    "other_clocks": "real runs with workers whose clocks are others: no false alarm, and a known lag found",
    "clock_simulation": "whether the bound of another machine's clock holds, and how short a lag is seen behind it",
    "duel_simulation": "how often a duel is right: false alarms, detection, undecided",
    "duel": "twenty real duels of one build (47 minutes, can be made in pieces; --slowdown for a slower one)",
    "compare_runs": "two runs of one build, and one that is slower",
    "kills": "60 runs with killed processes: what was lost, and what the report says about it",
    "mutation": "whether the tests notice a broken check (about a quarter of an hour)",
}


def main(names: list[str]) -> int:
    """Run the benchmarks; returns 1 when one of them failed, 2 for a name that does not exist."""
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    failed = []
    for name in names or BENCHMARKS:
        print(f"== {name}: {BENCHMARKS[name]}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
        print(flush=True)
    if failed:
        print(f"Not as wanted: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
