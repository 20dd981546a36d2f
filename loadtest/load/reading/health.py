"""The generator's own health: how late its event loop wakes, its CPU time, its garbage collection.

A load generator that is late creates the latency that it reports. These samples let the analysis tell the two apart.
"""

from __future__ import annotations

import gc
import time
from typing import Any, Final

import gevent

from loadtest.load.reading.punctual import sleep_until
from loadtest.run.records import SAMPLE_INTERVAL_NS
from loadtest.run.spool.spool import Spool
from loadtest.units import SECOND

FLUSH_INTERVAL_NS: Final = SECOND // 10
"""A read that is due meanwhile waits: the fewer records at once, the shorter. But each flush costs time."""


class HealthMonitor:
    """Samples one Locust process about 50 times a second, and flushes its spool ten times a second."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.last_awake_ns = time.monotonic_ns()
        self._longest_delay_ns = 0
        self._gc_ns = 0
        self._gc_started = 0
        gc.callbacks.append(self._on_garbage_collection)
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Take no more samples. Stopping twice is fine."""
        self._greenlet.kill()
        if self._on_garbage_collection in gc.callbacks:
            gc.callbacks.remove(self._on_garbage_collection)

    def longest_delay_ns(self) -> int:
        """The longest delay of the event loop since this was last asked."""
        longest, self._longest_delay_ns = self._longest_delay_ns, 0
        return longest

    def _run(self) -> None:
        flush_every = FLUSH_INTERVAL_NS // SAMPLE_INTERVAL_NS
        sample = 0
        while True:
            due = time.monotonic_ns() + SAMPLE_INTERVAL_NS
            sleep_until(due)
            now = self.last_awake_ns = time.monotonic_ns()
            delay = now - due
            self._longest_delay_ns = max(self._longest_delay_ns, delay)
            self._spool.sample(now, delay, time.process_time_ns(), self._gc_ns)
            sample += 1
            if sample % flush_every == 0:
                self._spool.flush()

    def _on_garbage_collection(self, phase: str, _info: dict[str, Any]) -> None:
        if phase == "start":
            self._gc_started = time.monotonic_ns()
        else:
            self._gc_ns += time.monotonic_ns() - self._gc_started
