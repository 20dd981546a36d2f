"""When each of the two runs of a duel reads: in turns, in pairs of random order, so that drift hits both alike.

Two runs on one machine share a start and a seed. A turn is a quiet and a writing window. In each pair of turns one run
has the first and the other the second, by lot. Both have their two windows in the same order, and their reads and PUTs
are due at the same places of a turn. ::

    pair        0                       1
    base       ├─q─┤├─w─┤              ├─w─┤├─q─┤
    new                  ├─q─┤├─w─┤                ├─w─┤├─q─┤ …
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from loadtest.run.schedule import Rests, WindowPosition, WindowSchedule


class Side(StrEnum):
    """Which of the two runs it is."""

    BASE = "base"
    NEW = "new"


@dataclass(frozen=True)
class DuelSchedule(WindowSchedule):
    """The windows of one side. It has no rests: while the other reads, nothing is written here."""

    side: Side = Side.BASE

    @property
    def turn_ns(self) -> int:
        return 2 * self.length_ns

    def turn(self, pair: int) -> tuple[int, int]:
        """When this side's turn of a pair begins and ends."""
        first = _base_first(self.seed, pair) == (self.side is Side.BASE)
        start = self.start_ns + (2 * pair + (0 if first else 1)) * self.turn_ns
        return start, start + self.turn_ns

    def moment(self, own_ns: int) -> int:
        """The moment at which this side has had ``own_ns`` of turns."""
        pair, inside = divmod(own_ns, self.turn_ns)
        return self.turn(pair)[0] + inside

    def own_ns(self, until_ns: int) -> int:
        """How much turn time this side has had by then."""
        if until_ns <= self.start_ns:
            return 0
        pair = (until_ns - self.start_ns) // (2 * self.turn_ns)
        return pair * self.turn_ns + min(max(0, until_ns - self.turn(pair)[0]), self.turn_ns)

    def index_at(self, time_ns: int) -> int:
        """The window of this side that ``time_ns`` is in, or else the next one (-1 before the start)."""
        return -1 if time_ns < self.start_ns else self.own_ns(time_ns) // self.length_ns

    def _position(self, index: int) -> WindowPosition:
        pair, second = divmod(index, 2)
        at = (self.turn(pair)[0] - self.start_ns) // self.length_ns + second
        return WindowPosition(self._drawn(pair, second), pair, at, 1)


@lru_cache(maxsize=64)
def _base_first(seed: int, pair: int) -> bool:
    return random.Random(f"{seed}/turn/{pair}").random() < 0.5  # noqa: S311 - a schedule, no secret


def schedule_of(start_ns: int, length_ns: int, seed: int, rests: Rests, side: str = "") -> WindowSchedule:
    """The windows of a run, or of one ``side`` of a duel."""
    if side:
        return DuelSchedule(start_ns, length_ns, seed, side=Side(side))
    return WindowSchedule(start_ns, length_ns, seed, rests)
