"""When looks are due, what they are at, and what becomes of the windows after the one that ended a run."""

import itertools

from drawing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.run.history.looks import (
    LEAST_PAIRS,
    LookMade,
    RunLooks,
    complete_pairs,
    planned_looks,
    rests_until_decided,
    windows_until_ns,
)
from loadtest.run.schedule import WindowSchedule, rests_for
from loadtest.units import SECOND


@settings(max_examples=examples(40))
@given(st.integers(5, 400), st.integers(2, 600), st.integers(0, 1_000))
def test_looks_are_at_complete_pairs_and_rise_to_all_that_there_may_be(tenths: int, seconds: int, seed: int) -> None:
    window_ns, run_ns = tenths * SECOND // 10, seconds * SECOND
    schedule = WindowSchedule(SECOND, window_ns, seed, rests_until_decided(window_ns, run_ns))
    looks = planned_looks(schedule, SECOND + run_ns)
    assert [look.number for look in looks] == list(range(1, len(looks) + 1))
    for look in looks:
        windows = schedule.whole_until(look.until_ns)
        assert complete_pairs(window.pair for window in windows) == look.pairs >= LEAST_PAIRS
        assert look.until_ns <= SECOND + run_ns
    assert all(a.pairs < b.pairs and a.until_ns < b.until_ns for a, b in itertools.pairwise(looks))
    pairs = complete_pairs(window.pair for window in schedule.whole_until(SECOND + run_ns))
    assert (looks[-1].pairs if looks else 0) == (pairs if pairs >= LEAST_PAIRS else 0)


@given(st.integers(2, 400), st.integers(2, 3_000))
def test_rests_are_as_long_as_in_a_run_of_fixed_length_so_they_see_as_far(tenths: int, seconds: int) -> None:
    window_ns, run_ns = tenths * SECOND // 10, seconds * SECOND
    assert rests_until_decided(window_ns, run_ns).windows == rests_for(window_ns, run_ns).windows, (
        "as long, so it sees as far"
    )


def test_two_minutes_have_a_look_with_three_rests_before_their_half() -> None:
    schedule = WindowSchedule(0, 2 * SECOND, 7, rests_until_decided(2 * SECOND, 120 * SECOND))
    looks = planned_looks(schedule, 120 * SECOND)
    early = [look for look in looks if look.until_ns < 58 * SECOND]
    assert early
    windows = schedule.whole_until(early[-1].until_ns)
    assert sum(window.kind == 2 and window.pair >= 0 for window in windows) >= 3


def made(number: int, *undecided: str) -> LookMade:
    return LookMade(number=number, until_ns=100 * number, pairs=number, undecided=list(undecided))


def test_what_came_after_the_look_that_ended_the_run_is_no_window_of_it() -> None:
    looks = RunLooks(planned=8, pairs=20, made=[made(1, "write-impact"), made(3)])
    run = {"ended": {"at_ns": 350}, "looks": looks.model_dump(mode="json")}
    assert windows_until_ns(run) == 300
    assert looks.said == "decided after 2 of 8 looks"
    undecided = RunLooks(planned=8, pairs=20, made=[made(1), made(3, "fresh-reads")])
    assert undecided.said == ""
    assert windows_until_ns({**run, "looks": undecided.model_dump(mode="json")}) == 350
    assert windows_until_ns({"ended": {"at_ns": 350}}) == 350
