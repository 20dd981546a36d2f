"""Counting reads in Locust's own statistics, many at a time: counting each by itself costs more than recording it.

``events.request`` is fired for every read. In it, a listener of ours stands in for the one by which Locust counts. It
gives Locust's statistics a batch by the method with which a master takes in those of a worker, so sums, extremes and
histogram are the same.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Final

from locust import stats as locust_stats

METHOD: Final = "GET"
REQUEST_NAME: Final = "samples"
MOST_AT_A_TIME: Final = 100
"""More would delay the reads that are due meanwhile."""
LONGEST_WAIT_S: Final = 0.1


class BatchedStatistics:
    """Reads of one process that Locust has not counted yet."""

    def __init__(self, environment: Any) -> None:
        self._stats = environment.stats
        self._response_times_ms: list[float] = []
        self._bytes = 0
        self._due_s = self._last_s = 0.0
        request_event = environment.events.request
        listeners = request_event._handlers  # Locust's own listener is known to nothing else
        self._locusts_own = [one for one in listeners if getattr(one, "__module__", "") == "locust.runners"]
        for one in self._locusts_own:  # none without a runner: then nobody counts
            listeners[listeners.index(one)] = self.on_request
        events = environment.events
        for event in (events.reset_stats, events.spawning_complete, events.test_stop):
            event._handlers.insert(0, self.give)  # before a listener of Locust's resets or shows what was counted

    def on_request(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int,
        response: object = None,
        context: object = None,
        exception: object = None,
        start_time: object = None,
        url: object = None,
        **more: Any,
    ) -> None:
        """Count a request. One that failed, or that is no read, is counted at once and by Locust itself."""
        if exception or response_time is None or name != REQUEST_NAME or request_type != METHOD:
            self.give()
            for one in self._locusts_own:
                one(request_type, name, response_time, response_length, exception)
            return
        now_s = time.time()
        is_due = now_s >= self._due_s
        if is_due:  # those before it may be of another second
            self.give()
        self._response_times_ms.append(response_time)
        self._bytes += response_length
        self._last_s = now_s
        if is_due or len(self._response_times_ms) >= MOST_AT_A_TIME:
            self.give()

    def give(self, **_of_event: Any) -> None:
        """Give Locust what it does not have yet. A read counts when it ended, as with Locust, however long it took."""
        times, self._response_times_ms = self._response_times_ms, []
        body_bytes, self._bytes = self._bytes, 0
        self._due_s = time.time() + LONGEST_WAIT_S
        if not times:
            return
        batch: Any = locust_stats.StatsEntry(self._stats, REQUEST_NAME, METHOD)
        batch.start_time = batch.last_request_timestamp = self._last_s
        batch.num_requests = len(times)
        batch.total_response_time = sum(times)
        batch.min_response_time, batch.max_response_time = min(times), max(times)
        batch.total_content_length = body_bytes
        batch.response_times = Counter(map(locust_stats.bucket_response_time, times))
        batch.num_reqs_per_sec = {int(self._last_s): len(times)}
        self._stats.total.extend(batch)
        self._stats.entries[REQUEST_NAME, METHOD].extend(batch)


def statistics_of(environment: Any) -> BatchedStatistics:
    """One for all readers of a process, as that makes larger batches."""
    if not hasattr(environment, "batched_statistics"):
        environment.batched_statistics = BatchedStatistics(environment)
    held: BatchedStatistics = environment.batched_statistics
    return held
