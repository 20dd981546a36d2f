"""Locust's statistics are the same whether its reads are counted one by one or many at a time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust.env import Environment
from locust.stats import StatsEntry

from loadtest.load.reading.locust_statistics import (
    LONGEST_WAIT_S,
    METHOD,
    MOST_AT_A_TIME,
    REQUEST_NAME,
    LocustStatistics,
)

NOW = 1_700_000_000.0
READS = st.lists(
    st.tuples(st.floats(0, 100_000, allow_nan=False), st.integers(0, 10_000_000), st.floats(0, 2 * LONGEST_WAIT_S)),
    max_size=3 * MOST_AT_A_TIME,
)


def environment() -> Any:
    made = Environment(user_classes=[])
    made.create_local_runner()
    return made


def told(entry: StatsEntry) -> dict[str, Any]:
    content = dict(entry.serialize())
    content["total_response_time"] = pytest.approx(content["total_response_time"])
    del content["start_time"], content["last_request_timestamp"]
    return content


@given(READS)
def test_the_same_sums_extremes_and_histogram_as_one_by_one(reads: list[tuple[float, int, float]]) -> None:
    at_once, one_by_one = environment(), environment()
    statistics, now = LocustStatistics(at_once), NOW
    seconds = StatsEntry(one_by_one.stats, REQUEST_NAME, METHOD)
    for response_time_ms, body_bytes, later in reads:
        now += later
        statistics.count(response_time_ms, body_bytes, now)
        seconds._log_time_of_request(now)
        one_by_one.stats.log_request(METHOD, REQUEST_NAME, response_time_ms, body_bytes)
    statistics.give(now)
    for ours, theirs in (
        (at_once.stats.total, one_by_one.stats.total),
        (at_once.stats.get(REQUEST_NAME, METHOD), one_by_one.stats.get(REQUEST_NAME, METHOD)),
    ):
        got, wanted = told(ours), told(theirs)
        by_second, in_order = got.pop("num_reqs_per_sec"), seconds.num_reqs_per_sec
        del wanted["num_reqs_per_sec"]
        assert got == wanted
        assert sum(by_second.values()) == len(reads)
        late = 0
        for second in range(int(NOW), int(now) + 1):  # a read is counted in its own second or, with its batch, the next
            late += in_order.get(second, 0) - by_second.get(second, 0)
            assert 0 <= late <= MOST_AT_A_TIME


def test_a_read_is_shown_when_nothing_was_for_a_tenth_of_a_second() -> None:
    made = environment()
    statistics = LocustStatistics(made)
    shown = []
    for number in range(5):
        statistics.count(1.0, 10, NOW + number * LONGEST_WAIT_S * 0.6)
        shown.append(made.stats.total.num_requests)
    assert shown == [1, 1, 3, 3, 5]


def test_whoever_else_listens_is_noticed_at_once() -> None:
    made = environment()
    statistics = LocustStatistics(made)
    assert statistics.alone_listen

    def listener(**_: Any) -> None:
        """One of a user's own locustfile, which may come while the run goes on."""

    made.events.request.add_listener(listener)
    assert not statistics.alone_listen
    made.events.request.remove_listener(listener)
    assert statistics.alone_listen
    assert not LocustStatistics(Environment(user_classes=[])).alone_listen  # no runner, so nobody counts
