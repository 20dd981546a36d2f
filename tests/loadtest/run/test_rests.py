"""Rests: long quiet windows, one before the first PUT and one in each cycle, at a place that the seed draws."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loadtest.run.records import WindowKind
from loadtest.run.schedule import NO_RESTS, OPENING_PAIR, USUAL_RESTS, Rests, WindowSchedule, put_times, rests_for
from loadtest.units import SECOND

seeds = st.integers(0, 2**31)
lengths = st.integers(SECOND // 5, 30 * SECOND)
some_rests = st.builds(Rests, windows=st.integers(2, 6), pairs=st.integers(1, 5))


@given(seeds, st.integers(SECOND // 5, 60 * SECOND), st.integers(1, 6), st.integers(0, 5))
def test_rests_leave_no_gap_and_every_process_finds_the_same_window(
    seed: int, length: int, windows_long: int, pairs: int
) -> None:
    windows = WindowSchedule(1000, length, seed, Rests(windows_long, pairs))
    found = [windows.window(index) for index in range(60)]
    guard = windows.guard_ns
    assert found[0].kind is WindowKind.REST
    assert found[0].start_ns == 1000 + guard
    for index, (one, following) in enumerate(itertools.pairwise(found)):
        assert one.end_ns + guard == following.start_ns - guard
        moments = (one.start_ns - guard, one.start_ns, one.end_ns - 1, one.end_ns + guard - 1)
        assert {windows.index_at(moment) for moment in moments} == {index}
        assert windows.kind(index) is one.kind
    for one, two in zip(found[1:59:2], found[2:59:2], strict=True):
        assert one.pair == two.pair
        assert WindowKind.WRITING in (one.kind, two.kind)
        assert (two.kind is WindowKind.REST) == (two.end_ns - two.start_ns > length) or windows_long == 1
        assert one.kind is not WindowKind.REST  # a rest follows the writing window of its pair
    assert windows.whole_until(found[20].start_ns) == found[:20]


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


@given(seeds, lengths, some_rests, st.integers(2, 3))
@example(7, SECOND, USUAL_RESTS, 2)
def test_nothing_is_put_in_a_rest(seed: int, length: int, rests: Rests, puts_of_a_window: int) -> None:
    windows = WindowSchedule(0, length, seed, rests)
    for due in itertools.islice(put_times(windows, length // puts_of_a_window), 40):
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


@given(seeds, st.integers(1, 800))
def test_a_run_has_rests_only_when_there_is_room_for_enough_of_them(seed: int, seconds: int) -> None:
    rests = rests_for(2 * SECOND, seconds * SECOND)
    if rests == NO_RESTS:
        assert seconds < 44
        return
    whole = WindowSchedule(0, 2 * SECOND, seed, rests).whole_until(seconds * SECOND)
    assert sum(window.kind is WindowKind.REST and window.pair != OPENING_PAIR for window in whole) >= 3


def test_who_says_no_length_gets_rests_and_who_has_no_windows_none() -> None:
    assert rests_for(2 * SECOND, None) == rests_for(2 * SECOND, 120 * SECOND) == USUAL_RESTS
    for window_ns, run_ns in ((2 * SECOND, 40 * SECOND), (0, None), (0, 10**12), (2 * SECOND, 0)):
        assert rests_for(window_ns, run_ns) == NO_RESTS


@pytest.mark.parametrize(
    ("window", "interval", "promised"),
    [(1.0, 0.5, 2), (2.0, 0.5, 4), (0.58, 0.29, 2), (2.0, 0.3, 6), (1.0, 3.0, 1), (0.2, 0.1, 2), (30.0, 0.5, 60),
     (1.0, 1.0, 1), (2.0, 1.5, 1)],
)  # fmt: skip
@pytest.mark.parametrize("rests", [NO_RESTS, USUAL_RESTS])
def test_a_writing_window_gets_as_many_puts_as_it_holds_intervals(
    window: float, interval: float, promised: int, rests: Rests
) -> None:
    windows = WindowSchedule(0, round(window * SECOND), 3, rests)
    due = itertools.islice(put_times(windows, round(interval * SECOND)), 5 * promised)
    counts = [len(list(group)) for _, group in itertools.groupby(due, windows.index_at)]
    assert counts == [promised] * 5
