"""The live counts of a run, for Locust's page and for the terminal or the log.

On a terminal a few lines are redrawn in place. Elsewhere a plain line is printed now and then.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from functools import reduce
from typing import Final

import gevent

from loadtest import units
from loadtest.load.progress.live_display import LiveDisplay
from loadtest.load.progress.text import Snapshot, plain_line, status_lines
from loadtest.load.reading.recorder import Counts
from loadtest.run.documents.kinds import are_observed
from loadtest.run.plan import Plan
from loadtest.run.records import WindowKind
from loadtest.units import SECOND

LINE_INTERVAL_S: Final = 5
REDRAW_INTERVAL_S: Final = 0.4
RECENT_NS: Final = 5 * SECOND
"""The rate of reads and the delay of the generator are taken over this time."""


_DOING: Final = {WindowKind.QUIET: "quiet", WindowKind.WRITING: "writing", WindowKind.REST: "quiet (a rest)"}


class Progress:
    """Adds up the counts of all workers and shows them until it is stopped.

    Args:
        plan: the run.
        ends_ns: when the run will end (CLOCK_MONOTONIC); None when that is not known.
        live: whether to redraw the display of a terminal; otherwise plain lines are printed.
    """

    def __init__(self, plan: Plan, ends_ns: int | None = None, *, live: bool = False) -> None:
        self._plan = plan
        self._ends_ns = ends_ns
        self._by_worker: dict[str, Counts] = {}
        self._delays: deque[tuple[int, int]] = deque()
        self._reads: deque[tuple[int, int]] = deque()
        self.local: Callable[[], Counts] | None = None
        self.writes = 0
        self.trouble = ""
        """What is wrong with the writer; "" when nothing is."""
        self._display = LiveDisplay(sys.stderr) if live else None
        self._greenlet = gevent.spawn(self._redraw, self._display) if self._display else gevent.spawn(self._print)

    def update(self, worker: str, counts: dict[str, int]) -> None:
        self._by_worker[worker] = Counts(**counts)
        self._delays.append((time.monotonic_ns(), self._by_worker[worker].loop_delay_ns))

    def totals(self) -> Counts:
        """The counts of all workers together, with the longest delay of an event loop in the last seconds."""
        now_ns = time.monotonic_ns()
        if self.local is not None:
            self._by_worker["local"] = counts = self.local()
            self._delays.append((now_ns, counts.loop_delay_ns))
        _forget(self._delays, now_ns - RECENT_NS)
        totals = reduce(Counts.plus, self._by_worker.values(), Counts())
        totals.loop_delay_ns = max((delay for _, delay in self._delays), default=0)
        return totals

    def window(self) -> str:
        """The current window, in words."""
        return self._window(time.monotonic_ns())

    def snapshot(self) -> Snapshot:
        now_ns = time.monotonic_ns()
        counts = self.totals()
        start_ns = self._plan.start_ns
        return Snapshot(
            elapsed_ns=max(0, now_ns - start_ns),
            total_ns=None if self._ends_ns is None else max(1, self._ends_ns - start_ns),
            window=self._window(now_ns),
            counts=counts,
            writes=self.writes,
            trouble=self.trouble,
            reads_per_second=self._rate(now_ns, counts.reads),
        )

    def elapsed_s(self) -> float:
        return max(0, time.monotonic_ns() - self._plan.start_ns) / SECOND

    def stop(self) -> None:
        """Stop the display, and leave the terminal as it was. Stopping twice is fine."""
        self._greenlet.kill()
        if self._display is not None:
            self._display.close()

    def _window(self, now_ns: int) -> str:
        windows = self._plan.windows()
        index = windows.index_at(now_ns)
        if index < 0:
            return "about to start"
        if not windows.length_ns:
            return "watching" if are_observed(self._plan.documents) else "writing all the time"
        return f"{units.counted(index, 'window')} done, now {_DOING[windows.kind(index)]}"

    def _rate(self, now_ns: int, reads: int) -> float | None:
        """Recent reads per second; None before the count was taken twice since the start."""
        if now_ns < self._plan.start_ns:
            return None
        self._reads.append((now_ns, reads))
        _forget(self._reads, now_ns - RECENT_NS)
        then_ns, before = self._reads[0]
        return (reads - before) * SECOND / (now_ns - then_ns) if now_ns > then_ns else None

    def _redraw(self, display: LiveDisplay) -> None:
        while True:
            width, height = display.size()
            display.show(status_lines(self.snapshot(), width)[:height], coloured=display.coloured)
            gevent.sleep(REDRAW_INTERVAL_S)

    def _print(self) -> None:
        while True:
            gevent.sleep(LINE_INTERVAL_S)
            sys.stderr.write(plain_line(self.snapshot()) + "\n")
            sys.stderr.flush()


def _forget(counts: deque[tuple[int, int]], before_ns: int) -> None:
    """Drop counts from before ``before_ns``, but keep the last one, to compare with."""
    while len(counts) > 1 and counts[0][0] < before_ns:
        counts.popleft()
