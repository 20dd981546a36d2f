"""Waking up on time. gevent's timers are as coarse as ``epoll_wait``: a millisecond, which a whole read may take.

All greenlets of a process share one alarm: a timer file descriptor, which ``epoll_wait`` waits for as for a socket.
Waking up takes about 50 microseconds, so the alarm rings a little early, and the rest is spent looking at sockets and
clock in turn. That is at most a tenth of each wait, so most of a core stays free however many reads there are. On a
system without timer descriptors the rest is a millisecond.
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
"""How early the alarm rings, if that is no more than a tenth of the wait."""
SOON_NS: Final = 30_000
"""A wait for which the alarm is not set anew while it rings, as setting it and waking up take as long."""
TIMER_COARSENESS_NS: Final = 1_000_000
_NEVER: Final = 2**63

_Sleeper = tuple[int, int, Waiter]


class Clock(Protocol):
    """Rings at a moment, or a little early, and then in every round of the event loop until it is set anew."""

    def set(self, due_ns: int, now_ns: int) -> None:
        """Ring for what is due at ``due_ns``."""

    def unset(self) -> None:
        """Do not ring until it is set again."""

    def close(self) -> None:
        """Never ring again."""


class Alarm:
    """Wakes the greenlets of one event loop, each at its time, in the order of their times."""

    def __init__(self) -> None:
        self._sleepers: list[_Sleeper] = []
        self._order = count()
        self._clock = clock(get_hub().loop, self._ring)

    def sleep_until(self, due_ns: int) -> None:
        """Return when ``time.monotonic_ns()`` reaches ``due_ns``; at once, without letting others run, if it has."""
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
            heapq.heappop(sleepers)[2].switch(None)  # does nothing for a greenlet that was killed meanwhile
            now_ns = time.monotonic_ns()
        if sleepers:
            self._clock.set(sleepers[0][0], now_ns)
        else:
            self._clock.unset()


def clock(loop: Any, ring: Callable[[], None]) -> Clock:
    """A clock of this event loop: a timer descriptor where the system has them, else the loop's own timers."""
    try:
        descriptor = TimerDescriptor()
    except (AttributeError, OSError):  # not Linux
        return _LoopClock(loop, ring)
    return _FileClock(loop, ring, descriptor)


class _FileClock:
    """A timer descriptor, which stays readable until it is set anew."""

    def __init__(self, loop: Any, ring: Callable[[], None], descriptor: TimerDescriptor) -> None:
        self._set_for = self._rings_ns = _NEVER
        self._descriptor = descriptor
        self._watcher = loop.io(descriptor.file, 1)
        self._watcher.start(ring)

    def set(self, due_ns: int, now_ns: int) -> None:
        if due_ns == self._set_for or (self._rings_ns <= now_ns and due_ns - now_ns <= SOON_NS):
            return  # it rings already, and goes on ringing
        self._set_for = due_ns
        self._rings_ns = due_ns - min(EARLY_NS, max(0, due_ns - now_ns) // 10)
        self._descriptor.set(self._rings_ns)

    def unset(self) -> None:
        if self._set_for != _NEVER:
            self._set_for = self._rings_ns = _NEVER
            self._descriptor.unset()

    def close(self) -> None:
        self._set_for = self._rings_ns = _NEVER
        self._watcher.stop()
        self._watcher.close()
        self._descriptor.close()


class _LoopClock:
    """A timer of the loop, and rounds of the loop for the last millisecond."""

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
os.register_at_fork(after_in_child=_alarms.clear)  # the child would share the descriptor with its parent


def alarm() -> Alarm:
    loop = get_hub().loop
    if loop not in _alarms:
        _alarms[loop] = Alarm()
    return _alarms[loop]


def sleep_until(due_ns: int) -> None:
    """Let others run until ``due_ns`` has come."""
    alarm().sleep_until(due_ns)
