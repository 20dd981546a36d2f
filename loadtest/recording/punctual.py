"""Waking up on time. gevent's timers are as coarse as ``epoll_wait``: a millisecond, as long as a whole read may take.

All greenlets of a process share one alarm, a timer that is a file, for which ``epoll_wait`` waits as for a socket: the
process sleeps meanwhile. Where there are no such files, the last stretch before a moment is spent looking at the clock
again and again, once for all greenlets, which keeps everything else running.
"""

from __future__ import annotations

import heapq
import os
import time
from itertools import count
from typing import Any, Final

from gevent.hub import Waiter, get_hub

from loadtest.schedule import SECOND
from loadtest.timer_descriptor import TimerDescriptor

TIMER_COARSENESS_NS: Final = 1_000_000


class Alarm:
    """Wakes the greenlets of one event loop, each at its time, in the order of their times."""

    def __init__(self) -> None:
        self._loop = get_hub().loop
        self._sleepers: list[tuple[int, int, Waiter]] = []
        self._order = count()
        try:
            descriptor = TimerDescriptor()
        except (AttributeError, OSError):  # no Linux
            self._clock: _FileClock | _LoopClock = _LoopClock(self._loop, self._ring)
        else:
            self._clock = _FileClock(self._loop, self._ring, descriptor)

    def sleep_until(self, due_ns: int) -> None:
        """Return when ``due_ns`` of ``time.monotonic_ns()`` has come; at once, without a look at others, if it has."""
        if due_ns <= time.monotonic_ns():
            return
        waiter = Waiter()
        entry = (due_ns, next(self._order), waiter)
        heapq.heappush(self._sleepers, entry)
        if self._sleepers[0] is entry:
            self._clock.set(due_ns)
        waiter.get()

    def _ring(self) -> None:
        sleepers = self._sleepers
        while sleepers and sleepers[0][0] <= time.monotonic_ns():
            heapq.heappop(sleepers)[2].switch(None)  # of one that was killed meanwhile nobody waits
        if sleepers:
            self._clock.set(sleepers[0][0])
        else:
            self._clock.unset()


class _FileClock:
    def __init__(self, loop: Any, ring: Any, descriptor: TimerDescriptor) -> None:
        self._descriptor = descriptor
        self.set, self.unset = descriptor.set, descriptor.unset
        self._watcher = loop.io(descriptor.file, 1)
        self._watcher.start(ring)


class _LoopClock:
    """With the timers of the event loop, and turns of it for the last millisecond."""

    def __init__(self, loop: Any, ring: Any) -> None:
        self._loop, self._ring = loop, ring
        self._due_ns = 0
        self._timer = loop.timer(0)

    def set(self, due_ns: int) -> None:
        self._due_ns = due_ns
        self._look()

    def unset(self) -> None:
        self._due_ns = 0

    def _look(self) -> None:
        left_ns = self._due_ns - time.monotonic_ns()
        self._timer.stop()
        if not self._due_ns:
            return
        if left_ns <= 0:
            self._ring()
            return
        self._timer = self._loop.timer(max(0, left_ns - TIMER_COARSENESS_NS) / SECOND)
        self._timer.start(self._look)


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
