"""Rests: long quiet windows, one before the first PUT and one in each cycle, at a place that the seed draws."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.run.records import WindowKind
from loadtest.run.schedule import NO_RESTS, OPENING_PAIR, USUAL_RESTS, Rests, WindowSchedule, put_times, rests_for
from loadtest.units import SECOND

seeds = st.integers(0, 2**31)
lengths = st.integers(SECOND // 5, 30 * SECOND)
some_rests = st.builds(Rests, windows=st.integers(2, 6), pairs=st.integers(1, 5))


@given(seeds, lengths, some_rests)
def test_windows_follow_each_other_without_gap_or_overlap(seed: int, length: int, rests: Rests) -> None:
    windows = WindowSchedule(7, length, seed, rests)
    found = [windows.window(index) for index in range(60)]
    assert found[0].start_ns == 7 + windows.guard_ns
    for one, other in itertools.pairwise(found):
        assert one.end_ns + 2 * windows.guard_ns == other.start_ns
    assert [windows.index_at(time) for one in found for time in (one.start_ns, one.end_ns - 1)] == [
        index for index in range(60) for _ in range(2)
    ]
    assert [windows.kind(index) for index in range(60)] == [one.kind for one in found]


@given(seeds, lengths, some_rests)
def test_every_pair_has_a_writing_window_and_a_cycle_one_rest_right_after_its_own(
    seed: int, length: int, rests: Rests
) -> None:
    windows = WindowSchedule(0, length, seed, rests)
    cycle = 2 * rests.pairs + 2
    found = [windows.window(index) for index in range(1 + 4 * cycle)]
    assert (found[0].kind, found[0].pair) == (WindowKind.REST, OPENING_PAIR)
    for first, second in zip(found[1::2], found[2::2], strict=True):
        assert first.pair == second.pair
        assert [first.kind, second.kind].count(WindowKind.WRITING) == 1
        if WindowKind.REST in (first.kind, second.kind):
            assert first.kind is WindowKind.WRITING
            assert second.end_ns - second.start_ns == rests.windows * length - 2 * windows.guard_ns
    for number in range(4):
        inside = found[1 + number * cycle : 1 + (number + 1) * cycle]
        assert [one.kind for one in inside].count(WindowKind.REST) == 1


@given(seeds, lengths, some_rests)
def test_nothing_is_put_in_a_rest(seed: int, length: int, rests: Rests) -> None:
    windows = WindowSchedule(0, length, seed, rests)
    for due in itertools.islice(put_times(windows, max(1, length // 3)), 40):
        window = windows.window(windows.index_at(due))
        assert window.kind is WindowKind.WRITING
        assert window.start_ns <= due < window.end_ns


def test_the_place_of_a_rest_is_drawn_by_the_seed() -> None:
    def places(seed: int) -> list[int]:
        windows = WindowSchedule(0, SECOND, seed, USUAL_RESTS)
        return [index for index in range(1, 200) if windows.kind(index) is WindowKind.REST]

    assert places(1) == places(1)
    assert places(1) != places(2)
    inside = [(place - 1) % (2 * USUAL_RESTS.pairs + 2) for place in places(1)]
    assert set(inside) == {1, 3, 5, 7}


@given(seeds, st.integers(1, 400))
def test_a_run_has_rests_only_when_there_is_room_for_enough_of_them(seed: int, room: int) -> None:
    rests = rests_for(2 * SECOND, room * 2 * SECOND)
    if rests == NO_RESTS:
        assert room < 22
        return
    whole = WindowSchedule(0, 2 * SECOND, seed, rests).whole_until(room * 2 * SECOND)
    assert sum(window.kind is WindowKind.REST and window.pair != OPENING_PAIR for window in whole) >= 3


def test_who_says_no_length_gets_rests_and_who_has_no_windows_none() -> None:
    assert rests_for(2 * SECOND, None) == USUAL_RESTS
    assert rests_for(0, None) == rests_for(0, 10**12) == rests_for(2 * SECOND, 0) == NO_RESTS


@pytest.mark.parametrize(
    ("window", "interval", "promised"),
    [(1.0, 0.5, 2), (2.0, 0.5, 4), (0.58, 0.29, 2), (2.0, 0.3, 6), (1.0, 3.0, 1), (0.2, 0.1, 2), (30.0, 0.5, 60)],
)
@pytest.mark.parametrize("rests", [NO_RESTS, USUAL_RESTS])
def test_a_writing_window_gets_as_many_puts_as_it_holds_intervals(
    window: float, interval: float, promised: int, rests: Rests
) -> None:
    windows = WindowSchedule(0, round(window * SECOND), 3, rests)
    due = itertools.islice(put_times(windows, round(interval * SECOND)), 5 * promised)
    counts = [len(list(group)) for _, group in itertools.groupby(due, windows.index_at)]
    assert counts == [promised] * 5
