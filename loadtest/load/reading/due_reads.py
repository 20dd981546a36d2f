"""Reads that are due, and the readers that are free to make them: the one that waits longest makes the next read.

A read is given out when it is due, not before. So a reader that is stopped while it waits takes no read with it, and a
reader that finishes late goes on at once with the reads that have become due, without waiting: the busier a process
is, the less a read costs it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from gevent.hub import Waiter, get_hub

from loadtest.load.reading.punctual import clock
from loadtest.run.schedule import Arrivals
from loadtest.units import SECOND

AT_ONCE: Final = 4
"""Reads sent in each round of the event loop. Then it looks for answers, which must be stamped in time."""
NEAR_NS: Final = 10_000_000
"""A reader that Locust stops while it waits makes its read first, if that is due this soon."""


class DueReads:
    """The reads of one process that are due, by ``time.monotonic_ns()``; ``rate`` is how many there are a second."""

    def __init__(self, arrivals: Arrivals, rate: float) -> None:
        self._arrivals = arrivals
        self._free: OrderedDict[Waiter, None] = OrderedDict()
        self._many = int(rate * NEAR_NS / SECOND)
        self._loop = get_hub().loop
        self._clock = clock(self._loop, self._ring)
        self._returned: list[int] = []
        self._has_ended = False

    @property
    def is_near(self) -> bool:
        """Whether a reader that begins to wait now gets a read within about ``NEAR_NS``."""
        return len(self._free) < self._many

    def take_if_due(self, now_ns: int) -> int | None:
        """When the next read was due that nobody has taken, if there is one; each is given out once."""
        if self._has_ended:
            return None
        return self._returned.pop(0) if self._returned else self._arrivals.take_if_due(now_ns)

    def wait(self) -> int | None:
        """Wait for a read to become due. Returns when it was due, or None when there are no more."""
        now_ns = time.monotonic_ns()
        due = self.take_if_due(now_ns)
        if due is not None or self._has_ended:
            return due
        waiter = Waiter()
        free = self._free
        if not free:
            self._clock.set(self._arrivals.next_ns, now_ns)
        free[waiter] = None
        try:
            due_ns: int | None = waiter.get()
        except BaseException:  # stopped while it waited
            free.pop(waiter, None)
            raise
        return due_ns

    def give_back(self, due_ns: int) -> None:
        """Take back a read whose reader will not make it: the next reader that asks makes it."""
        self._returned.append(due_ns)
        if self._free:
            self._clock.set(due_ns, due_ns)

    def end(self, ended_ns: int) -> list[int]:
        """Give out no more reads. Returns those that were due by ``ended_ns`` and that nobody has taken."""
        self._has_ended = True
        self._clock.close()
        while self._free:
            self._loop.run_callback(self._free.popitem(last=False)[0].switch, None)
        return [due for due in self._returned if due <= ended_ns] + list(self._arrivals.take_overdue(ended_ns))

    def _ring(self) -> None:
        free = self._free
        now_ns = time.monotonic_ns()
        for _ in range(AT_ONCE):
            if not free:
                self._clock.unset()  # a reader that finishes looks by itself
                return
            if (due := self.take_if_due(now_ns)) is None:
                self._clock.set(self._arrivals.next_ns, now_ns)
                return
            free.popitem(last=False)[0].switch(due)
            now_ns = time.monotonic_ns()
        # there may be more: the clock rings again in the next round of the loop
