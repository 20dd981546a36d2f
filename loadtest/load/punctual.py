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
from typing import Any, Final

from gevent.hub import Waiter, get_hub

from loadtest.timer_descriptor import TimerDescriptor
from loadtest.units import SECOND

EARLY_NS: Final = 100_000
"""The alarm rings so early, if that is no more than a tenth of the wait."""
TIMER_COARSENESS_NS: Final = 1_000_000

_Sleeper = tuple[int, int, Waiter]


class Alarm:
    """Wakes the greenlets of one event loop, each at its time, in the order of their times."""

    def __init__(self) -> None:
        self._loop = get_hub().loop
        self._sleepers: list[_Sleeper] = []
        self._order = count()
        self._set_for: _Sleeper | None = None
        try:
            descriptor = TimerDescriptor()
        except (AttributeError, OSError):  # no Linux
            self._clock: _FileClock | _LoopClock = _LoopClock(self._loop, self._ring)
        else:
            self._clock = _FileClock(self._loop, self._ring, descriptor)

    def sleep_until(self, due_ns: int) -> None:
        """Return when ``due_ns`` of ``time.monotonic_ns()`` has come; at once, without a look at others, if it has."""
        now_ns = time.monotonic_ns()
        if due_ns <= now_ns:
            return
        waiter = Waiter()
        sleeper = (due_ns, next(self._order), waiter)
        heapq.heappush(self._sleepers, sleeper)
        if self._sleepers[0] is sleeper:
            self._set(sleeper, now_ns)
        waiter.get()

    def _set(self, first: _Sleeper, now_ns: int) -> None:
        wait_ns = first[0] - now_ns
        self._set_for = first
        self._clock.set(first[0] - min(EARLY_NS, wait_ns // 10))

    def _ring(self) -> None:
        sleepers = self._sleepers
        now_ns = time.monotonic_ns()
        while sleepers and sleepers[0][0] <= now_ns:
            heapq.heappop(sleepers)[2].switch(None)  # killed meanwhile: nobody waits for it
            now_ns = time.monotonic_ns()
        if not sleepers:
            self._clock.unset()
        elif sleepers[0] is not self._set_for:
            self._set(sleepers[0], now_ns)
        # else it is a little early, and the clock rings again in the next round of the loop


class _FileClock:
    """Rings in every round of the loop from a moment on, until it is set anew: its file stays readable."""

    def __init__(self, loop: Any, ring: Callable[[], None], descriptor: TimerDescriptor) -> None:
        self._descriptor = descriptor
        self.set, self.unset = descriptor.set, descriptor.unset
        self._watcher = loop.io(descriptor.file, 1)
        self._watcher.start(ring)


class _LoopClock:
    """The same with the timers of the loop, and rounds of it for the last millisecond."""

    def __init__(self, loop: Any, ring: Callable[[], None]) -> None:
        self._loop, self._ring = loop, ring
        self._due_ns: int | None = None
        self._timer = loop.timer(0)

    def set(self, due_ns: int) -> None:
        self._due_ns = due_ns
        self._timer.stop()
        self._timer = self._loop.timer(max(0, due_ns - time.monotonic_ns() - TIMER_COARSENESS_NS) / SECOND)
        self._timer.start(self._look)

    def unset(self) -> None:
        self._due_ns = None
        self._timer.stop()

    def _look(self) -> None:
        due_ns = self._due_ns
        if due_ns is not None and due_ns <= time.monotonic_ns():
            self._ring()
        if self._due_ns is not None and self._due_ns == due_ns:
            self.set(due_ns)


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
