"""Locust's statistics are the same whether its reads are counted one by one or many at a time."""

import gc
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust.env import Environment
from locust.stats import StatsEntry

from loadtest.load.reading import locust_statistics
from loadtest.load.reading.locust_statistics import (
    LONGEST_WAIT_S,
    METHOD,
    MOST_AT_A_TIME,
    REQUEST_NAME,
    BatchedStatistics,
    statistics_of,
)

NOW = 1_700_000_000.0
READS = st.lists(
    st.tuples(st.floats(0, 100_000, allow_nan=False), st.integers(0, 10_000_000), st.floats(0, 2 * LONGEST_WAIT_S)),
    max_size=3 * MOST_AT_A_TIME,
)


clock = SimpleNamespace(now=NOW, time=lambda: clock.now)


@pytest.fixture(autouse=True, scope="module")
def the_time_of_day_is_that_of_the_last_read() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locust_statistics, "time", clock)
        yield


def environment() -> Any:
    made = Environment(user_classes=[])
    made.create_local_runner()
    return made


def told(entry: StatsEntry) -> dict[str, Any]:
    content = dict(entry.serialize())
    content["total_response_time"] = pytest.approx(content["total_response_time"])
    del content["start_time"], content["last_request_timestamp"]
    return content


def read(made: Any, response_time_ms: float | None, body_bytes: int, now: float, **others: Any) -> None:
    """One that ended ``now``, as a reader tells of it."""
    clock.now = now
    event = {
        "request_type": METHOD,
        "name": REQUEST_NAME,
        "exception": None,
        "response": None,
        "context": {},
        "url": "u",
    }
    event |= {
        "response_time": response_time_ms,
        "response_length": body_bytes,
        "start_time": now - (response_time_ms or 0) / 1000,
    }
    made.events.request.fire(**(event | others))


@given(READS)
def test_the_same_sums_extremes_and_histogram_as_one_by_one(reads: list[tuple[float, int, float]]) -> None:
    at_once, one_by_one = environment(), environment()
    statistics, now = BatchedStatistics(at_once), NOW
    seconds = StatsEntry(one_by_one.stats, REQUEST_NAME, METHOD)
    for response_time_ms, body_bytes, later in reads:
        now += later
        seconds._log_time_of_request(now)
        for made in (at_once, one_by_one):
            read(made, response_time_ms, body_bytes, now)
    statistics.give()
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
    BatchedStatistics(made)
    shown = []
    for number in range(5):
        read(made, 1.0, 10, NOW + number * LONGEST_WAIT_S * 0.6)
        shown.append(made.stats.total.num_requests)
    assert shown == [1, 1, 3, 3, 5]


def test_all_who_listen_get_an_event_for_each_read() -> None:
    made, early, late = environment(), [], []
    made.events.request.add_listener(lambda **event: early.append(event))
    statistics = statistics_of(made)
    made.events.request.add_listener(lambda **event: late.append(event))
    assert statistics_of(made) is statistics
    for number in range(7):
        read(made, float(number), 10, NOW)
    assert [each["response_time"] for each in early] == [each["response_time"] for each in late] == list(range(7))
    assert early[0].keys() >= {"response", "context", "exception", "start_time", "url", "response_length"}
    statistics.give()
    assert made.stats.total.num_requests == 7


def test_what_failed_and_what_is_no_read_is_counted_at_once_and_after_the_reads_before_it() -> None:
    made = environment()
    BatchedStatistics(made)
    for _ in range(3):
        read(made, 1.0, 10, NOW)
    read(made, 2.0, 0, NOW, exception=ValueError("torn body"))
    assert (made.stats.total.num_requests, made.stats.total.num_failures) == (4, 1)
    assert [each.occurrences for each in made.stats.errors.values()] == [1]
    read(made, 3.0, 5, NOW, name="login", request_type="POST")
    assert made.stats.get("login", "POST").num_requests == 1
    read(made, None, 5, NOW)
    assert made.stats.total.num_none_requests == 1
    clock.now = NOW + 1
    made.events.request.fire(request_type=METHOD, name=REQUEST_NAME, response_time=1.0, response_length=1)
    assert made.stats.get(REQUEST_NAME, METHOD).num_requests == 6


def test_without_a_runner_nobody_counts() -> None:
    made = Environment(user_classes=[])
    BatchedStatistics(made)
    read(made, 1.0, 10, NOW)
    assert made.stats.total.num_requests == 0


def test_a_slow_read_counts_when_it_ends_and_moves_the_beginning_of_the_statistics_no_further_back() -> None:
    made = environment()
    statistics = BatchedStatistics(made)
    began = made.stats.total.start_time = NOW - 5
    read(made, 30_000.0, 10, NOW)
    statistics.give()
    assert made.stats.total.num_reqs_per_sec == {int(NOW): 1}
    assert (made.stats.total.start_time, made.stats.total.last_request_timestamp) == (began, NOW)


def test_a_read_that_is_held_back_counts_in_its_own_second_however_late_the_next_one_ends() -> None:
    made = environment()
    BatchedStatistics(made)
    for ended in (NOW, NOW + 0.01, NOW + 10):  # the target freezes behind the second
        read(made, 1.0, 10, ended)
    assert made.stats.total.num_reqs_per_sec == {int(NOW): 2, int(NOW) + 10: 1}


def test_what_was_read_before_a_reset_is_not_counted_after_it() -> None:
    made = Environment(user_classes=[], reset_stats=True)
    made.create_local_runner()
    statistics = BatchedStatistics(made)
    for reset in (
        lambda: made.events.spawning_complete.fire(user_count=1),  # --reset-stats
        lambda: (made.events.reset_stats.fire(), made.stats.reset_all()),  # the button of Locust's page
    ):
        for _ in range(3):
            read(made, 1.0, 10, NOW)
        reset()
        statistics.give()
        assert made.stats.total.num_requests == 0


def test_all_reads_are_counted_when_a_test_has_stopped() -> None:
    made = environment()
    statistics_of(made)
    for _ in range(3):
        read(made, 1.0, 10, NOW)
    made.events.test_stop.fire(environment=made)
    assert made.stats.total.num_requests == 3


def test_an_environment_that_nobody_holds_goes() -> None:
    made = environment()
    statistics_of(made)
    gone = weakref.ref(made)
    made.runner.quit()
    del made
    gc.collect()
    assert gone() is None
