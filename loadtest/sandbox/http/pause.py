"""Sleeping to the microsecond: the event loop's own timers have a resolution of one millisecond.

A fault of 5 ms has to be 5 ms, or nobody can see that the analysis recovers it. Linux has timers that are file
descriptors (timerfd_create(2)); elsewhere the event loop's timers have to do.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import time
from itertools import count

from loadtest.timer_descriptor import TimerDescriptor


class PreciseTimer:
    """One timer descriptor that serves all sleepers of an event loop."""

    def __init__(self) -> None:
        self._descriptor = TimerDescriptor()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor.file, self._expired)

    async def sleep_until(self, due_ns: int) -> None:
        """Return at or just after ``due_ns`` of ``time.monotonic_ns()``."""
        future: asyncio.Future[None] = self._loop.create_future()
        entry = (due_ns, next(self._order), future)
        heapq.heappush(self._sleepers, entry)
        if self._sleepers[0] is entry:
            self._descriptor.set(due_ns)
        await future

    def close(self) -> None:
        """Close the descriptor and cancel the sleepers."""
        self._loop.remove_reader(self._descriptor.file)
        self._descriptor.close()
        for _, _, future in self._sleepers:
            future.cancel()

    def _expired(self) -> None:
        try:
            os.read(self._descriptor.file, 8)
        except BlockingIOError:
            return
        now = time.monotonic_ns()
        while self._sleepers and self._sleepers[0][0] <= now:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)
        if self._sleepers:
            self._descriptor.set(self._sleepers[0][0])


_timers: dict[asyncio.AbstractEventLoop, PreciseTimer] = {}


async def pause(seconds: float) -> None:
    """Sleep for ``seconds``: never less, and usually less than 0.2 ms more."""
    if seconds <= 0:
        return
    due_ns = time.monotonic_ns() + int(seconds * 1e9)
    loop = asyncio.get_running_loop()
    timer = _timers.get(loop)
    if timer is None:
        try:
            timer = _timers[loop] = PreciseTimer()
        except (AttributeError, OSError):  # no Linux
            await asyncio.sleep(seconds)
            return
    await timer.sleep_until(due_ns)
