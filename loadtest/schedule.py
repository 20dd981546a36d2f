"""When things are due: windows (quiet, writing) in random order within pairs, PUTs, and arrivals of reads.

Pure functions of a seed and a start: every process of a run computes the same schedule from the same few numbers, and
the analysis can compute it again. Times are nanoseconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from loadtest.records import WindowKind

SECOND: Final = 1_000_000_000
_LONGEST_GUARD: Final = SECOND // 4
_GUARD_SHARE: Final = 10
_FOREVER: Final = 2**62


@dataclass(frozen=True)
class Window:
    """A stretch of time in which the writer is quiet or writing; guard time is already cut at both ends."""

    index: int
    pair: int
    kind: WindowKind
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class Windows:
    """The endless series of windows from ``start_ns`` on.

    Two windows make a pair, one quiet and one writing, in an order drawn from ``seed``: drift of the machine or of the
    network then hits both alike. With ``length_ns`` 0 there is one endless writing window, and nothing to compare.
    """

    start_ns: int
    length_ns: int
    seed: int

    @property
    def guard_ns(self) -> int:
        """Time cut from both ends of a window, so that what a PUT leaves behind does not count for its neighbour."""
        return min(_LONGEST_GUARD, self.length_ns // _GUARD_SHARE)

    def kind(self, index: int) -> WindowKind:
        """Whether window ``index`` is quiet or writing."""
        if not self.length_ns:
            return WindowKind.WRITING
        pair, second = divmod(index, 2)
        quiet_first = random.Random(f"{self.seed}/pair/{pair}").random() < 0.5  # noqa: S311 - a schedule, no secret
        return WindowKind.QUIET if quiet_first != bool(second) else WindowKind.WRITING

    def window(self, index: int) -> Window:
        """Window ``index``, guard time cut."""
        if not self.length_ns:
            return Window(0, 0, WindowKind.WRITING, self.start_ns, self.start_ns + _FOREVER)
        start = self.start_ns + index * self.length_ns
        guard = self.guard_ns
        return Window(index, index // 2, self.kind(index), start + guard, start + self.length_ns - guard)

    def index_at(self, time_ns: int) -> int:
        """Index of the window that ``time_ns`` lies in (-1 before the start)."""
        if time_ns < self.start_ns:
            return -1
        return (time_ns - self.start_ns) // self.length_ns if self.length_ns else 0

    def whole_until(self, end_ns: int) -> list[Window]:
        """The windows that were over, guard time included, when the run ended at ``end_ns``."""
        if not self.length_ns:
            return []
        return [self.window(index) for index in range(max(0, (end_ns - self.start_ns) // self.length_ns))]


def put_times(windows: Windows, interval_ns: int) -> Iterator[int]:
    """When the PUTs are due: one in every ``interval_ns`` of a writing window, none when ``interval_ns`` is 0.

    Within its interval each PUT falls at a random place (middle half, from the seed): evenly spaced PUTs would meet
    evenly spaced reads always in the same phase, and hide what happens in all others.
    """
    if interval_ns <= 0:
        return
    generator = random.Random(f"{windows.seed}/puts")  # noqa: S311 - a schedule, no secret
    index = 0
    while True:
        window = windows.window(index)
        index += 1
        if window.kind is WindowKind.QUIET:
            continue
        step = min(interval_ns, window.end_ns - window.start_ns)
        for slot in range(window.start_ns, window.end_ns - step + 1, step):
            yield slot + int(step * (0.25 + generator.random() / 2))


class ArrivalProcess(StrEnum):
    """How the reads that are due are spread over time."""

    CONSTANT = "constant"
    POISSON = "poisson"


class Arrivals:
    """The share of one Locust process in the reads that are due.

    All processes know the same global schedule, ``rate`` arrivals a second, evenly spaced or a Poisson process drawn
    from ``seed``; each takes every ``processes``-th of them. A read that is taken late keeps the time at which it was
    due, so that its response time counts the wait (no coordinated omission; Tene, "How NOT to Measure Latency").
    """

    def __init__(self, schedule: Iterator[int], process: int = 0, processes: int = 1) -> None:
        self._mine = itertools.islice(schedule, process, None, processes)
        self._next = next(self._mine)

    def take(self) -> int:
        """When the next read is due. Each arrival is given out once."""
        due, self._next = self._next, next(self._mine)
        return due

    def take_if_due(self, now_ns: int) -> int | None:
        """When the next read was due, if that is past; it is given out then."""
        return self.take() if self._next <= now_ns else None

    def take_overdue(self, now_ns: int) -> Iterator[int]:
        """The arrivals that were due before ``now_ns`` and that nobody has taken."""
        while self._next <= now_ns:
            yield self.take()


def arrival_times(start_ns: int, rate: float, process: ArrivalProcess, seed: int) -> Iterator[int]:
    """The global schedule of reads, endless; ``rate`` is per second and positive."""
    if rate <= 0:
        raise ValueError(f"an arrival rate must be positive, not {rate}")
    interval = SECOND / rate
    if process is ArrivalProcess.CONSTANT:
        return (start_ns + round(number * interval) for number in itertools.count())
    gap = random.Random(f"{seed}/arrivals").expovariate  # noqa: S311 - a schedule, no secret
    return map(round, itertools.accumulate((gap(1 / interval) for _ in itertools.repeat(None)), initial=start_ns))
