"""When things are due: windows (quiet, writing, rests), PUTs, and arrivals of reads.

These are pure functions of a seed and a start. Every process of a run computes the same schedule from the same few
numbers, and the analysis can compute it again. Times are nanoseconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from loadtest.run.records import WindowKind
from loadtest.units import SECOND

_LONGEST_GUARD: Final = SECOND // 4
_GUARD_SHARE: Final = 10
_FOREVER: Final = 2**62
_ROUNDING_NS: Final = 1_000
"""Tolerance for rounding: a window of 0.58 s holds two intervals of 0.29 s, though neither is exact in binary."""
OPENING_PAIR: Final = -1
"""The rest before the first PUT belongs to no pair."""


@dataclass(frozen=True)
class Window:
    """A stretch of time in which the writer is quiet, writes or rests; guard time is already cut at both ends."""

    index: int
    pair: int
    kind: WindowKind
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class Rests:
    """How long the rests of a run are and how often they come; none when ``windows`` is 0."""

    windows: int = 0
    pairs: int = 0

    @property
    def opening(self) -> int:
        """How many windows the run begins with without a write, because version 0 has just been put."""
        return self.windows + self.windows // 2

    @property
    def cycle(self) -> int:
        """From one rest to the next, on average: the pairs between them, a writing window and the rest itself."""
        return 2 * self.pairs + 1 + self.windows


NO_RESTS: Final = Rests()
USUAL_RESTS: Final = Rests(windows=4, pairs=3)
_SHORTER: Final = (
    (USUAL_RESTS, 4),
    (Rests(windows=4, pairs=2), 4),
    (Rests(windows=4, pairs=1), 4),
    (Rests(windows=3, pairs=1), 3),
)
"""Kinds of rests, each with how many of them a run must have room for. A shorter run has fewer pairs between rests."""


LEAST_ROOM: Final = min(rests.opening + least * rests.cycle for rests, least in _SHORTER)
"""The least number of windows of a run with rests."""


def rests_for(length_ns: int, run_ns: int | None) -> Rests:
    """The rests of a run with windows of ``length_ns``; ``run_ns`` is None when the length of the run is not known."""
    if not length_ns:
        return NO_RESTS
    if run_ns is None:
        return USUAL_RESTS
    room = run_ns // length_ns
    return next((rests for rests, least in _SHORTER if room >= rests.opening + least * rests.cycle), NO_RESTS)


@dataclass(frozen=True)
class WindowSchedule:
    """The endless series of windows from ``start_ns`` on.

    Two windows make a pair, one quiet and one writing, in an order drawn from ``seed``: drift of the machine or of the
    network then hits both alike. With ``length_ns`` 0 there is one endless writing window, and nothing to compare.

    A quiet window cannot show an effect of PUTs that lasts longer than a window, as it begins under that effect. So
    there are *rests*, several windows long: one before the first PUT, and one in each cycle, after a writing window
    with which it makes a pair. The place of that pair in its cycle is drawn from ``seed``. ::

        rest                     cycle 0                                  cycle 1
        ├───────────────────────┤├──┤├──┤├──┤├───────────────┤├──┤├──┤   ├──┤├───────────────┤├──┤├──┤…
                                  w   q   w   rest             q   w       w   rest            w   q
    """

    start_ns: int
    length_ns: int
    seed: int
    rests: Rests = NO_RESTS

    @property
    def guard_ns(self) -> int:
        """Time cut from both ends of a window, so that a slow PUT does not reach into the next one."""
        return min(_LONGEST_GUARD, self.length_ns // _GUARD_SHARE)

    def kind(self, index: int) -> WindowKind:
        return self._position(index).kind if self.length_ns else WindowKind.WRITING

    def window(self, index: int) -> Window:
        """Window ``index``, guard time cut."""
        if not self.length_ns:
            return Window(0, 0, WindowKind.WRITING, self.start_ns, self.start_ns + _FOREVER)
        place = self._position(index)
        start = self.start_ns + place.at * self.length_ns
        end = start + place.windows * self.length_ns
        return Window(index, place.pair, place.kind, start + self.guard_ns, end - self.guard_ns)

    def index_at(self, time_ns: int) -> int:
        """Index of the window that ``time_ns`` is in (-1 before the start)."""
        if time_ns < self.start_ns:
            return -1
        if not self.length_ns:
            return 0
        at, rests = (time_ns - self.start_ns) // self.length_ns, self.rests
        if not rests.windows:
            return at
        if at < rests.opening:
            return 0
        cycle, after = divmod(at - rests.opening, rests.cycle)
        begins = 2 * self._resting_pair(cycle) + 1
        inside = min(max(0, after - begins), rests.windows - 1)  # windows of the cycle's rest that are over
        return 1 + cycle * (2 * rests.pairs + 2) + after - inside

    def whole_until(self, end_ns: int) -> list[Window]:
        """The windows that were over, guard time included, when the run ended at ``end_ns``."""
        return [self.window(index) for index in range(max(0, self.index_at(end_ns)))] if self.length_ns else []

    def _position(self, index: int) -> WindowPosition:
        rests = self.rests
        if not rests.windows:
            pair, second = divmod(index, 2)
            return WindowPosition(self._drawn(pair, second), pair, index, 1)
        if index == 0:
            return WindowPosition(WindowKind.REST, OPENING_PAIR, 0, rests.opening)
        cycle, inside = divmod(index - 1, 2 * rests.pairs + 2)
        number, second = divmod(inside, 2)
        pair, resting = cycle * (rests.pairs + 1) + number, self._resting_pair(cycle)
        at = rests.opening + cycle * rests.cycle + inside
        if number == resting:
            kind = WindowKind.REST if second else WindowKind.WRITING
            return WindowPosition(kind, pair, at, rests.windows if second else 1)
        return WindowPosition(self._drawn(pair, second), pair, at + (rests.windows - 1 if number > resting else 0), 1)

    def _drawn(self, pair: int, second: int) -> WindowKind:
        quiet_first = random.Random(f"{self.seed}/pair/{pair}").random() < 0.5  # noqa: S311 - a schedule, no secret
        return WindowKind.QUIET if quiet_first != bool(second) else WindowKind.WRITING

    def _resting_pair(self, cycle: int) -> int:
        """The pair of a cycle that is made of a writing window and a rest."""
        draw = random.Random(f"{self.seed}/rest/{cycle}")  # noqa: S311 - a schedule, no secret
        return draw.randrange(self.rests.pairs + 1)


class WindowPosition(NamedTuple):
    """Where a window is: ``at`` and ``windows`` are its start and its length, counted in windows."""

    kind: WindowKind
    pair: int
    at: int
    windows: int


def put_times(windows: WindowSchedule, interval_ns: int) -> Iterator[int]:
    """When the PUTs are due: none when ``interval_ns`` is 0, else in a writing window as many as it holds intervals.

    The time between the guards is divided equally among them. Within its part, each PUT is due at a random moment of
    the middle half, drawn from the seed: evenly spaced PUTs would always meet evenly spaced reads in the same phase,
    and hide what happens in all others.
    """
    if interval_ns <= 0:
        return
    generator = random.Random(f"{windows.seed}/puts")  # noqa: S311 - a schedule, no secret
    index = 0
    while True:
        window = windows.window(index)
        index += 1
        if window.kind is not WindowKind.WRITING:
            continue
        length = window.end_ns - window.start_ns
        count = (
            max(1, (windows.length_ns + _ROUNDING_NS) // interval_ns) if windows.length_ns else length // interval_ns
        )
        step = length // count
        for slot in range(count):
            yield window.start_ns + slot * step + int(step * (0.25 + generator.random() / 2))


class ArrivalProcess(StrEnum):
    """How the reads that are due are spread over time."""

    CONSTANT = "constant"
    POISSON = "poisson"


class Arrivals:
    """The share of one Locust process in the reads that are due.

    All processes know the same global schedule, of evenly spaced arrivals or of a Poisson process drawn from a seed.
    Each takes every ``processes``-th arrival. A read that is taken late keeps the time at which it was due, so that its
    response time includes the wait (no coordinated omission; Tene, "How NOT to Measure Latency").
    """

    def __init__(self, schedule: Iterator[int], process: int = 0, processes: int = 1) -> None:
        self._mine = itertools.islice(schedule, process, None, processes)
        self._next = next(self._mine)

    @property
    def next_ns(self) -> int:
        """When the next read is due. Asking does not give it out."""
        return self._next

    def take(self) -> int:
        """When the next read is due. Each arrival is given out once."""
        due, self._next = self._next, next(self._mine)
        return due

    def take_if_due(self, until_ns: int) -> int | None:
        """Give out the next read if it is due by ``until_ns``, and return when it is due."""
        due = self._next
        if due > until_ns:
            return None
        self._next = next(self._mine)
        return due

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
        return map(start_ns.__add__, map(round, map(interval.__mul__, itertools.count())))
    gap = random.Random(f"{seed}/arrivals").expovariate  # noqa: S311 - a schedule, no secret
    return map(round, itertools.accumulate((gap(1 / interval) for _ in itertools.repeat(None)), initial=start_ns))
