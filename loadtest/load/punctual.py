"""Waking up on time. gevent's timers are as coarse as ``epoll_wait``: a millisecond, as long as a whole read may take.

All greenlets of a process share one alarm, a timer that is a file, for which ``epoll_wait`` waits as for a socket: the
process sleeps meanwhile. To be woken takes a system some 50 microseconds, so the alarm rings that much early, and the
rest is spent looking at sockets and clock in turn: at most a tenth of each wait, so that most of a core is left however
many reads there are. Where there are no such files, that rest is a millisecond.
"""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final, Protocol

from gevent.hub import Waiter, get_hub

from loadtest.timer_descriptor import TimerDescriptor
from loadtest.units import SECOND

EARLY_NS: Final = 100_000
"""The alarm rings so early, if that is no more than a tenth of the wait."""
TIMER_COARSENESS_NS: Final = 1_000_000
_NEVER: Final = 2**63

_Sleeper = tuple[int, int, Waiter]


class Clock(Protocol):
    """Rings at a moment, or a little early, and then in every round of the event loop until it is set anew."""

    def set(self, due_ns: int, now_ns: int) -> None:
        """Ring for what is due at ``due_ns``."""

    def unset(self) -> None:
        """Do not ring."""

    def close(self) -> None:
        """Ring never again."""


class Alarm:
    """Wakes the greenlets of one event loop, each at its time, in the order of their times."""

    def __init__(self) -> None:
        self._sleepers: list[_Sleeper] = []
        self._order = count()
        self._clock = clock(get_hub().loop, self._ring)

    def sleep_until(self, due_ns: int) -> None:
        """Return when ``due_ns`` of ``time.monotonic_ns()`` has come; at once, without a look at others, if it has."""
        now_ns = time.monotonic_ns()
        if due_ns <= now_ns:
            return
        waiter = Waiter()
        sleeper = (due_ns, next(self._order), waiter)
        heapq.heappush(self._sleepers, sleeper)
        if self._sleepers[0] is sleeper:
            self._clock.set(due_ns, now_ns)
        waiter.get()

    def _ring(self) -> None:
        sleepers = self._sleepers
        now_ns = time.monotonic_ns()
        while sleepers and sleepers[0][0] <= now_ns:
            heapq.heappop(sleepers)[2].switch(None)  # killed meanwhile: nobody waits for it
            now_ns = time.monotonic_ns()
        if sleepers:
            self._clock.set(sleepers[0][0], now_ns)
        else:
            self._clock.unset()


def clock(loop: Any, ring: Callable[[], None]) -> Clock:
    """A clock of this event loop: a file where there are such, else its own timers."""
    try:
        descriptor = TimerDescriptor()
    except (AttributeError, OSError):  # no Linux
        return _LoopClock(loop, ring)
    return _FileClock(loop, ring, descriptor)


class _FileClock:
    """Its file stays readable until it is set anew."""

    def __init__(self, loop: Any, ring: Callable[[], None], descriptor: TimerDescriptor) -> None:
        self._set_for = _NEVER
        self._descriptor = descriptor
        self._watcher = loop.io(descriptor.file, 1)
        self._watcher.start(ring)

    def set(self, due_ns: int, now_ns: int) -> None:
        if due_ns != self._set_for:  # else it is a little early
            self._set_for = due_ns
            self._descriptor.set(due_ns - min(EARLY_NS, max(0, due_ns - now_ns) // 10))

    def unset(self) -> None:
        if self._set_for != _NEVER:
            self._set_for = _NEVER
            self._descriptor.unset()

    def close(self) -> None:
        self._set_for = _NEVER
        self._watcher.stop()
        self._watcher.close()
        self._descriptor.close()


class _LoopClock:
    """The timers of the loop, and rounds of it for the last millisecond."""

    def __init__(self, loop: Any, ring: Callable[[], None]) -> None:
        self._loop, self._ring = loop, ring
        self._due_ns = _NEVER
        self._timer = loop.timer(0)

    def set(self, due_ns: int, now_ns: int) -> None:
        self._due_ns = due_ns
        self._timer.stop()
        self._timer = self._loop.timer(max(0, due_ns - now_ns - TIMER_COARSENESS_NS) / SECOND)
        self._timer.start(self._look)

    def unset(self) -> None:
        self._due_ns = _NEVER
        self._timer.stop()

    close = unset

    def _look(self) -> None:
        due_ns, now_ns = self._due_ns, time.monotonic_ns()
        if due_ns <= now_ns:
            self._ring()
        if due_ns == self._due_ns != _NEVER:
            self.set(due_ns, now_ns)


_alarms: dict[Any, Alarm] = {}
os.register_at_fork(after_in_child=_alarms.clear)  # the file of an alarm would still be the parent's too


def alarm() -> Alarm:
    """That of this event loop."""
    loop = get_hub().loop
    found = _alarms.get(loop)
    if found is None:
        found = _alarms[loop] = Alarm()
    return found


def sleep_until(due_ns: int) -> None:
    """Let others run until ``due_ns`` has come."""
    alarm().sleep_until(due_ns)
