"""Windows, PUTs and arrivals: the same for every process, each read made once, and promises for every seed."""

import itertools
import statistics
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.load.workers import workers
from loadtest.load.workers.workers import Workers
from loadtest.run.records import WindowKind
from loadtest.run.schedule import ArrivalProcess, Arrivals, WindowSchedule, arrival_times, put_times
from loadtest.units import SECOND

seeds = st.integers(0, 2**31)
lengths = st.integers(SECOND // 5, 60 * SECOND)


@given(seeds, lengths, st.integers(0, 500))
def test_each_pair_has_one_quiet_and_one_writing_window_with_a_guard_between(seed: int, length: int, pair: int) -> None:
    windows = WindowSchedule(1000, length, seed)
    first, second = windows.window(2 * pair), windows.window(2 * pair + 1)
    assert {first.kind, second.kind} == {WindowKind.QUIET, WindowKind.WRITING}
    assert first.pair == second.pair == pair
    assert 0 < first.start_ns < first.end_ns <= second.start_ns - 2 * windows.guard_ns


def test_the_order_within_pairs_is_random_but_repeatable() -> None:
    kinds = [WindowSchedule(0, SECOND, 7).kind(2 * pair) for pair in range(400)]
    assert kinds == [WindowSchedule(5, 2 * SECOND, 7).kind(2 * pair) for pair in range(400)]
    assert 150 < kinds.count(WindowKind.QUIET) < 250


@given(seeds, lengths, st.floats(0.01, 60))
def test_every_put_lies_in_a_writing_window_and_no_writing_window_is_without(
    seed: int, length: int, interval: float
) -> None:
    windows = WindowSchedule(0, length, seed)
    due = list(itertools.islice(put_times(windows, int(interval * SECOND)), 50))
    assert due == sorted(due)
    inside = [windows.window(windows.index_at(time)) for time in due]
    assert all(w.kind is WindowKind.WRITING and w.start_ns <= t < w.end_ns for w, t in zip(inside, due, strict=True))
    writing = [i for i in range(inside[-1].index) if windows.kind(i) is WindowKind.WRITING]
    assert set(writing) <= {window.index for window in inside}


def test_interval_0_never_writes_and_window_0_writes_all_the_time() -> None:
    assert list(put_times(WindowSchedule(0, SECOND, 1), 0)) == []
    due = list(itertools.islice(put_times(WindowSchedule(0, 0, 1), SECOND), 20))
    assert all(number * SECOND <= time < (number + 1) * SECOND for number, time in enumerate(due))


@given(seeds, lengths, st.integers(0, 100))
def test_only_windows_that_were_over_count(seed: int, length: int, count: int) -> None:
    windows = WindowSchedule(50, length, seed)
    assert len(windows.whole_until(50 + count * length)) == count
    assert len(windows.whole_until(50 + (count + 1) * length - 1)) == count
    assert windows.whole_until(0) == []


@given(st.floats(0.5, 10_000), st.integers(1, 8))
def test_arrivals_of_all_processes_together_are_one_even_schedule(rate: float, processes: int) -> None:
    sources = [Arrivals(constant(rate), process, processes) for process in range(processes)]
    taken = sorted(source.take() for source in sources for _ in range(20))
    assert taken == [1000 + round(number * SECOND / rate) for number in range(20 * processes)]


def constant(rate: float) -> Iterator[int]:
    return arrival_times(1000, rate, ArrivalProcess.CONSTANT, 1)


@given(seeds, st.integers(1, 8))
def test_poisson_arrivals_of_all_processes_together_are_one_schedule(seed: int, processes: int) -> None:
    def schedule() -> Iterator[int]:
        return arrival_times(1000, 500, ArrivalProcess.POISSON, seed)

    sources = [Arrivals(schedule(), process, processes) for process in range(processes)]
    taken = sorted(source.take() for source in sources for _ in range(20))
    assert taken == list(itertools.islice(schedule(), 20 * processes))


def test_poisson_arrivals_have_the_rate_and_the_spread_of_a_poisson_process() -> None:
    times = list(itertools.islice(arrival_times(0, 200, ArrivalProcess.POISSON, 3), 20_001))
    gaps = [(after - before) / SECOND for before, after in itertools.pairwise(times)]
    assert statistics.fmean(gaps) == pytest.approx(1 / 200, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(1 / 200, rel=0.05)  # as large as the mean: exponential


def test_what_was_due_and_not_taken_can_be_asked_for_once() -> None:
    source = Arrivals(constant(10))
    assert source.take() == 1000
    assert list(source.take_overdue(1000 + SECOND // 4)) == [1000 + SECOND // 10, 1000 + SECOND // 5]
    assert list(source.take_overdue(1000 + SECOND // 4)) == []


def test_an_arrival_that_is_due_later_than_is_asked_for_stays_for_the_next_who_asks() -> None:
    source = Arrivals(constant(10))
    assert source.take_if_due(999) is None
    assert source.take_if_due(1000) == 1000
    assert source.take_if_due(1000 + SECOND // 20) is None
    assert source.take() == 1000 + SECOND // 10


STATES = ("ready", "spawning", "running", "missing")


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=8))
def test_workers_that_are_there_share_all_arrivals(states: list[str]) -> None:
    """Locust numbers its workers once and for all, so those of workers that have gone are missing."""
    clients = [SimpleNamespace(id=f"worker-{number}", state=state) for number, state in enumerate(states)]
    of_state = {name: [client for client in clients if client.state == name] for name in STATES}
    team = Workers(SimpleNamespace(clients=SimpleNamespace(**of_state), register_message=lambda *_: None))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(workers.Workers, "_compare_clocks", lambda *_: None)
        team.share_out()
    shares = team.shares
    assert set(shares) == {client.id for client in clients if client.state != "missing"}
    assert sorted(shares.values()) == list(range(len(shares)))
