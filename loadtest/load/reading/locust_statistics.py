"""Counting reads in Locust's own statistics, many at a time: counting each costs more than recording it.

Statistics that take in those of another process (as a master's do) take in a batch by the same method, with the same
sums, extremes and histogram. Only listeners of ``events.request`` can see the difference; where there are others than
Locust's own, and for reads that fail, the event is fired.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final
from weakref import WeakKeyDictionary

from locust import stats as locust_stats

METHOD: Final = "GET"
REQUEST_NAME: Final = "samples"
MOST_AT_A_TIME: Final = 100
"""More would delay the reads that are due meanwhile."""
LONGEST_WAIT_S: Final = 0.1


class LocustStatistics:
    """Reads of one process that Locust has not counted yet."""

    def __init__(self, environment: Any) -> None:
        self._stats = environment.stats
        self._listeners: list[Any] = environment.events.request._handlers  # it has no other way to ask
        locusts_own = [one for one in self._listeners if getattr(one, "__module__", "") == "locust.runners"]
        self._locusts_own = locusts_own or None
        self._response_times_ms: list[float] = []
        self._bytes = 0
        self._due_s = 0.0

    @property
    def alone_listen(self) -> bool:
        """Whether Locust's own statistics are all that listens to ``events.request``."""
        return self._listeners == self._locusts_own

    def count(self, response_time_ms: float, body_bytes: int, now_s: float) -> None:
        """One read without an error. ``now_s`` is the time of the day, as ``time.time()`` gives it."""
        self._response_times_ms.append(response_time_ms)
        self._bytes += body_bytes
        if now_s >= self._due_s or len(self._response_times_ms) >= MOST_AT_A_TIME:
            self.give(now_s)

    def give(self, now_s: float) -> None:
        """Give Locust what it does not have yet."""
        times, self._response_times_ms = self._response_times_ms, []
        body_bytes, self._bytes = self._bytes, 0
        self._due_s = now_s + LONGEST_WAIT_S
        if not times:
            return
        batch: Any = locust_stats.StatsEntry(self._stats, REQUEST_NAME, METHOD)
        batch.start_time = batch.last_request_timestamp = now_s
        batch.num_requests = len(times)
        batch.total_response_time = sum(times)
        batch.min_response_time, batch.max_response_time = min(times), max(times)
        batch.total_content_length = body_bytes
        batch.response_times = Counter(map(locust_stats.bucket_response_time, times))
        batch.num_reqs_per_sec = {int(now_s): len(times)}
        self._stats.total.extend(batch)
        self._stats.entries[REQUEST_NAME, METHOD].extend(batch)


_of_environments: WeakKeyDictionary[Any, LocustStatistics] = WeakKeyDictionary()


def statistics_of(environment: Any) -> LocustStatistics:
    """One for all readers of a process, as that makes larger batches."""
    if environment not in _of_environments:
        _of_environments[environment] = LocustStatistics(environment)
    return _of_environments[environment]
