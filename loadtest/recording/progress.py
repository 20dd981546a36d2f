"""What is shown while a run goes on: windows done, reads, writes, stale reads so far."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Any, Final

import gevent

from loadtest.recording.plan import Plan
from loadtest.recording.recorder import Counts
from loadtest.records import WindowKind

LINE_INTERVAL_S: Final = 5


class Progress:
    """Adds up the counts of all workers and prints a line every few seconds."""

    def __init__(self, plan: Plan, environment: Any) -> None:
        self._plan = plan
        self._environment = environment
        self._by_worker: dict[str, Counts] = {}
        self.local: Counts | None = None
        self.writes = 0
        self._greenlet = gevent.spawn(self._run)

    def update(self, worker: str, counts: dict[str, int]) -> None:
        """A worker's counts so far."""
        self._by_worker[worker] = Counts(**counts)

    def totals(self) -> Counts:
        """The counts of all workers together."""
        total = dict.fromkeys(asdict(Counts()), 0)
        for counts in [*self._by_worker.values(), *([self.local] if self.local else [])]:
            for name, value in asdict(counts).items():
                total[name] += value
        return Counts(**total)

    def line(self) -> str:
        """One line for a person."""
        windows = self._plan.windows()
        index = windows.index_at(time.monotonic_ns())
        counts = self.totals()
        parts = [
            f"{counts.reads:,} reads",
            f"{self.writes:,} writes",
            f"{counts.stale:,} stale reads so far",
            f"{counts.not_modified:,} answers 304",
        ]
        if counts.broken:
            parts.append(f"{counts.broken:,} not whole or not ours")
        if counts.errors:
            parts.append(f"{counts.errors:,} errors")
        if not windows.length_ns:
            where = "writing all the time"
        elif index < 0:
            where = "about to start"
        else:
            kind = "writing" if windows.kind(index) is WindowKind.WRITING else "quiet"
            where = f"{index} windows done, now {kind}"
        return f"{where}: {', '.join(parts)}"

    def stop(self) -> None:
        """Print no more lines."""
        self._greenlet.kill()

    def _run(self) -> None:
        while True:
            gevent.sleep(LINE_INTERVAL_S)
            sys.stderr.write(self.line() + "\n")
            sys.stderr.flush()
