"""Reads that are due, and the readers that are free to make them: who has been free for longest makes the next one.

A read is given out when it is due, not before. Nobody who is stopped while it waits then takes a read along, and a
reader that finishes late goes on at once with what has become due meanwhile, without waiting for anything: the busier
a process is, the less a read costs it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from gevent.hub import Waiter, get_hub

from loadtest.load.punctual import clock
from loadtest.run.schedule import Arrivals
from loadtest.units import SECOND

AT_ONCE: Final = 4
"""So many reads are sent in each round of the event loop; then it looks for answers, which must be stamped in time."""
NEAR_NS: Final = 10_000_000
"""Whom Locust asks to stop while it waits for a read is stopped when it has made it, if that is so near."""


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
        """Whether who begins to wait now will have a read to make within some ``NEAR_NS``."""
        return len(self._free) < self._many

    def take_if_due(self, now_ns: int) -> int | None:
        """When a read was due that has not been given out, if there is one; each is given out once."""
        if self._has_ended:
            return None
        return self._returned.pop(0) if self._returned else self._arrivals.take_if_due(now_ns)

    def wait(self) -> int | None:
        """Wait for a read to become due; returns when it was, or None when there are no more."""
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
            found: int | None = waiter.get()
        except BaseException:  # stopped while it waited
            free.pop(waiter, None)
            raise
        return found

    def give_back(self, due_ns: int) -> None:
        """A read that was given out and will not be made by who took it: the next who asks makes it."""
        self._returned.append(due_ns)
        if self._free:
            self._clock.set(due_ns, due_ns)

    def end(self, ended_ns: int) -> list[int]:
        """Give out no more; the reads that were due by ``ended_ns`` and that nobody has taken."""
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
                self._clock.unset()  # who finishes looks for itself
                return
            if (due := self.take_if_due(now_ns)) is None:
                self._clock.set(self._arrivals.next_ns, now_ns)
                return
            free.popitem(last=False)[0].switch(due)
            now_ns = time.monotonic_ns()
        # there may be more: the clock rings again in the next round of the loop
