"""What the master's clock showed when another clock showed some moment: an interval that is proved, not a guess.

Each exchange of readings (:mod:`loadtest.run.clocks.clock_exchange`) proves that at the worker's reading w the offset
of its clock lay in [w - received, w - sent]. Away from w the offset may have drifted, by at most one part in
``PER_DRIFT`` of the time between. So every exchange bounds the offset at every moment, and all of them together bound
it best. ::

    offset  ──╮           ╭──╮       ╭──   the lowest of all upper bounds …
              ╰─────┬─────╯  ╰───┬───╯
                    │            │         an exchange: an interval at one moment
              ╭─────┴─────╮  ╭───┴───╮
            ──╯           ╰──╯       ╰──   … and the highest of all lower bounds

Nothing is assumed of the network: a delay that is longer in one direction makes the bound wider, and never wrong. That
the drift is bounded is the only assumption. Exchanges that no offset within it explains show that a clock jumped (a
suspended or migrated machine). What came before and after is bounded apart; a moment in the gap between came after
everything before it, and before everything after.

A clock that went back showed some moments twice, so nothing it showed can be placed: its bounds are as wide as the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Moments = NDArray[np.int64]

PER_DRIFT: Final = 800
"""Two clocks drift apart by at most one part in 800 (1,250 ppm). The kernel slews each CLOCK_MONOTONIC by up to 500 ppm
(adjtimex(2)), and 125 ppm are left for the crystal of each before that is corrected."""

EXCHANGE_DTYPE: Final = np.dtype([("sent_ns", "<i8"), ("remote_ns", "<i8"), ("received_ns", "<i8")])
"""One exchange: the master's clock before, the other clock, the master's clock after; in order of time."""


class Jump(NamedTuple):
    """A clock jumped between two readings of it, at least by ``by_ns``, which is positive when it jumped ahead."""

    after_ns: int
    before_ns: int
    by_ns: int


@dataclass(frozen=True, eq=False)
class _Piece:
    """The bounds of the offset at some readings of the clock, in order of time, from exchanges without a jump."""

    at_ns: Moments
    low_ns: Moments
    high_ns: Moments

    def lowest(self, moments: Moments) -> Moments:
        """The lower bound of the offset at each moment."""
        left, right, after, before = self._around(moments)
        lowest: Moments = np.maximum(self.low_ns[left] - after, self.low_ns[right] - before)
        return lowest

    def highest(self, moments: Moments) -> Moments:
        """The upper bound of the offset at each moment."""
        left, right, after, before = self._around(moments)
        highest: Moments = np.minimum(self.high_ns[left] + after, self.high_ns[right] + before)
        return highest

    def _around(self, moments: Moments) -> tuple[Moments, Moments, Moments, Moments]:
        """The readings before and after each moment, and the possible drift since the one and until the other."""
        right = np.searchsorted(self.at_ns, moments, side="right")
        left, right = np.maximum(right - 1, 0), np.minimum(right, len(self.at_ns) - 1)
        return left, right, _drift(np.abs(moments - self.at_ns[left])), _drift(np.abs(self.at_ns[right] - moments))


@dataclass(frozen=True, eq=False)
class ClockBounds:
    """The bounds of one clock against the master's. Moments are on that clock, results on the master's, in ns."""

    pieces: tuple[_Piece, ...]
    """None of a clock that went back."""
    jumps: tuple[Jump, ...]
    last: tuple[int, int] = (0, 0)
    """The last reading of a clock that went back, and when the master had it."""

    @classmethod
    def of(cls, exchanges: NDArray[np.void]) -> ClockBounds:
        """The tightest bounds that the ``exchanges`` prove (``EXCHANGE_DTYPE``, at least one, in any order)."""
        step = _step_back(exchanges)
        if step is not None:
            return step
        ordered = exchanges[np.argsort(exchanges["remote_ns"], kind="stable")]
        at = ordered["remote_ns"].astype(np.int64)
        low, high = at - ordered["received_ns"], at - ordered["sent_ns"]
        pieces: list[_Piece] = []
        jumps: list[Jump] = []
        first = 0
        while True:
            end = _first_contradiction(at, low, high, first)
            if end == len(at):
                pieces.append(_piece(at[first:], low[first:], high[first:]))
                return cls(tuple(pieces), tuple(jumps))
            last = _last_contradiction(at, low, high, first, end)
            pieces.append(_piece(at[first : last + 1], low[first : last + 1], high[first : last + 1]))
            ahead = int(low[end] - high[last])
            by = ahead if ahead > 0 else int(high[end] - low[last])
            jumps.append(Jump(int(at[last]), int(at[end]), by))
            first = end

    @classmethod
    def of_clock_that_went_back(cls, step: Jump, last: tuple[int, int]) -> ClockBounds:
        """All that is known of such a clock; ``last`` is its last reading, and when the master had that."""
        return cls((), (step,), last)

    @property
    def went_back(self) -> bool:
        return not self.pieces

    def earliest(self, moments: Moments) -> Moments:
        """The master's clock was not before this; rises with ``moments``."""
        if self.went_back:
            return np.zeros(len(moments), dtype=np.int64)
        return self._rising(moments, lambda piece, own: own - piece.highest(own), np.maximum, self.pieces, self._ends())

    def latest(self, moments: Moments) -> Moments:
        """The master's clock was not after this; rises with ``moments``."""
        if self.went_back:
            return np.full(len(moments), self._end(moments), dtype=np.int64)
        ends = [(-end, -begin) for begin, end in reversed(self._ends())]
        return self._rising(-moments, lambda piece, own: -own - piece.lowest(-own), np.minimum, self.pieces[::-1], ends)

    def silent_before_ns(self, moment_ns: int) -> int:
        """How long before a moment of the clock it was last compared."""
        return 0 if self.went_back else moment_ns - int(self.pieces[-1].at_ns[-1])

    def about(self, moments: Moments) -> Moments:
        """What the master's clock showed as far as is known; no proof."""
        remote_ns, received_ns = self.last
        return moments - remote_ns + received_ns if self.went_back else self.earliest(moments)

    def _end(self, moments: Moments) -> int:
        """When the last of the moments of a clock that went back was over; they are in order of time."""
        remote_ns, received_ns = self.last
        since_ns = max(0, int(moments[-1]) - remote_ns) if len(moments) else 0
        return received_ns + since_ns + -(-since_ns // PER_DRIFT)

    def _ends(self) -> list[tuple[int, int]]:
        """The stretch of time in which each piece bounds the clock by itself."""
        never = int(np.iinfo(np.int64).max)
        begins = [-never, *(jump.before_ns for jump in self.jumps)]
        return list(zip(begins, [*(jump.after_ns for jump in self.jumps), never], strict=True))

    def _rising(
        self,
        moments: Moments,
        of_piece: Callable[[_Piece, Moments], Moments],
        outer: np.ufunc,
        pieces: tuple[_Piece, ...],
        ends: list[tuple[int, int]],
    ) -> Moments:
        """The bound of each piece at its own moments, never less than before; its last bound holds in the gap."""
        bounds = np.empty(len(moments), dtype=np.int64)
        before: int | None = None
        for piece, (begin, end) in zip(pieces, ends, strict=True):
            own = (moments >= begin) & (moments <= end)
            own_bounds = of_piece(piece, moments[own])
            bounds[own] = own_bounds if before is None else outer(own_bounds, before)
            if piece is not pieces[-1]:
                last = int(of_piece(piece, np.array([end]))[0])
                before = last if before is None else int(outer(last, before))
                bounds[moments > end] = before
        return bounds


def _step_back(exchanges: NDArray[np.void]) -> ClockBounds | None:
    """The bounds of a clock that an exchange proves to have gone back: an earlier exchange, over by then, read more."""
    told = exchanges[np.argsort(exchanges["received_ns"], kind="stable")]
    highest = np.maximum.accumulate(told["remote_ns"])
    over = np.searchsorted(told["received_ns"], told["sent_ns"], side="right") - 1
    steps = np.where(over >= 0, highest[over] - told["remote_ns"], 0)
    place = int(np.argmax(steps))
    if steps[place] <= 0:
        return None
    step = Jump(int(highest[over[place]]), int(told["remote_ns"][place]), -int(steps[place]))
    return ClockBounds.of_clock_that_went_back(step, (int(told["remote_ns"][-1]), int(told["received_ns"][-1])))


def _drift(apart: Moments) -> Moments:
    """The largest drift in a time, rounded up."""
    return -(-apart // PER_DRIFT)


def _first_contradiction(at: Moments, low: Moments, high: Moments, first: int) -> int:
    """The first exchange that contradicts those from ``first`` on; the number of exchanges when there is none."""
    lowest, highest, before = int(low[first]), int(high[first]), int(at[first])
    for place in range(first + 1, len(at)):
        drift = -(-(int(at[place]) - before) // PER_DRIFT)
        lowest, highest = max(int(low[place]), lowest - drift), min(int(high[place]), highest + drift)
        if lowest > highest:
            return place
        before = int(at[place])
    return len(at)


def _last_contradiction(at: Moments, low: Moments, high: Moments, first: int, end: int) -> int:
    """Going back from ``end``: the first exchange that cannot have been made after the jump."""
    lowest, highest, after = int(low[end]), int(high[end]), int(at[end])
    for place in range(end - 1, first, -1):
        drift = -(-(after - int(at[place])) // PER_DRIFT)
        lowest, highest = max(int(low[place]), lowest - drift), min(int(high[place]), highest + drift)
        if lowest > highest:
            return place
        after = int(at[place])
    return first


def _piece(at: Moments, low: Moments, high: Moments) -> _Piece:
    """Consistent exchanges, with the bound of each tightened by all others."""
    return _Piece(at, _outer(at, low, np.maximum, -1), _outer(at, high, np.minimum, 1))


def _outer(at: Moments, bound: Moments, inner: np.ufunc, sign: int) -> Moments:
    """Each bound, or what drift has made of another one by then, whichever is tighter; in two passes."""
    # A bound b at moment a is worth b + sign * |t - a| / PER_DRIFT at t; in units of 1 / PER_DRIFT nothing is rounded.
    fine, time = (bound - bound[0]) * PER_DRIFT, (at - at[0]) * sign
    forward = inner.accumulate(fine - time) + time
    backward = inner.accumulate((fine + time)[::-1])[::-1] - time
    tight: Moments = inner(forward, backward)
    bounds: Moments = bound[0] + (tight // PER_DRIFT if sign < 0 else -(-tight // PER_DRIFT))
    return bounds
