"""What is shown while a run goes on: windows done, reads, writes, stale reads so far."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import reduce
from typing import Final

import gevent

from loadtest.recording.plan import Plan
from loadtest.recording.recorder import Counts
from loadtest.records import WindowKind

LINE_INTERVAL_S: Final = 5


class Progress:
    """Adds up the counts of all workers and prints a line every few seconds."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._by_worker: dict[str, Counts] = {}
        self.local: Callable[[], Counts] | None = None
        self.writes = 0
        self._greenlet = gevent.spawn(self._run)

    def update(self, worker: str, counts: dict[str, int]) -> None:
        """A worker's counts so far."""
        self._by_worker[worker] = Counts(**counts)

    def totals(self) -> Counts:
        """The counts of all workers together."""
        if self.local is not None:
            self._by_worker["local"] = self.local()
        return reduce(Counts.plus, self._by_worker.values(), Counts())

    def window(self) -> str:
        """Where the run is."""
        windows = self._plan.windows()
        index = windows.index_at(time.monotonic_ns())
        if index < 0:
            return "about to start"
        if not windows.length_ns:
            return "writing all the time"
        kind = "writing" if windows.kind(index) is WindowKind.WRITING else "quiet"
        return f"{index} windows done, now {kind}"

    def line(self) -> str:
        """One line for a person."""
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
        return f"{self.window()}: {', '.join(parts)}"

    def stop(self) -> None:
        """Print no more lines."""
        self._greenlet.kill()

    def _run(self) -> None:
        while True:
            gevent.sleep(LINE_INTERVAL_S)
            sys.stderr.write(self.line() + "\n")
            sys.stderr.flush()
