"""Turns of a duel: both sides have the same windows, PUTs and arrivals, each at times of its own."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from loadtest.run.documents.kinds import made_up_documents
from loadtest.run.duel_schedule import DuelSchedule, Side, schedule_of
from loadtest.run.plan import Plan
from loadtest.run.schedule import NO_RESTS, ArrivalProcess, WindowSchedule, put_times
from loadtest.units import SECOND

seeds = st.integers(0, 2**31 - 1)
lengths = st.integers(SECOND // 5, 60 * SECOND)


def both(seed: int, length: int) -> tuple[DuelSchedule, DuelSchedule]:
    base, new = (schedule_of(1000, length, seed, NO_RESTS, side) for side in ("base", "new"))
    assert isinstance(base, DuelSchedule) and isinstance(new, DuelSchedule)
    return base, new


@given(seeds, lengths)
def test_one_reads_while_the_other_rests_and_each_has_half_of_every_pair(seed: int, length: int) -> None:
    base, new = both(seed, length)
    for pair in range(20):
        turns = sorted((base.turn(pair), new.turn(pair)))
        assert turns == [(1000 + (4 * pair + at) * length, 1000 + (4 * pair + at + 2) * length) for at in (0, 2)]
        for place in (2 * pair, 2 * pair + 1):
            one, other = base.window(place), new.window(place)
            assert (one.index, one.pair, one.kind) == (other.index, other.pair, other.kind)
            assert one.end_ns - one.start_ns == other.end_ns - other.start_ns


def test_who_begins_is_drawn_and_the_same_for_every_process() -> None:
    firsts = [both(5, SECOND)[0].turn(pair)[0] < both(5, SECOND)[1].turn(pair)[0] for pair in range(400)]
    assert 150 < sum(firsts) < 250
    assert firsts != [both(6, SECOND)[0].turn(pair)[0] < both(6, SECOND)[1].turn(pair)[0] for pair in range(400)]


@given(seeds, lengths, st.integers(0, 10**13), st.sampled_from(list(Side)))
def test_a_moment_of_a_turn_is_found_again(seed: int, length: int, own: int, side: Side) -> None:
    windows = DuelSchedule(1000, length, seed, side=side)
    moment = windows.moment(own)
    assert windows.own_ns(moment) == own
    assert windows.index_at(moment) == own // length
    start, end = windows.turn(own // windows.turn_ns)
    assert start <= moment < end


@given(seeds, lengths, st.integers(0, 200), st.sampled_from(list(Side)))
def test_windows_that_are_over_are_those_that_ended(seed: int, length: int, quarters: int, side: Side) -> None:
    windows = DuelSchedule(0, length, seed, side=side)
    end = quarters * length // 4
    over = [window for window in map(windows.window, range(quarters)) if window.end_ns + windows.guard_ns <= end]
    assert windows.whole_until(end) == over


@given(seeds, lengths, st.floats(0.05, 10), st.sampled_from(list(Side)))
def test_puts_lie_in_writing_windows_of_their_own_side(seed: int, length: int, interval: float, side: Side) -> None:
    base, new = both(seed, length)
    due = [list(itertools.islice(put_times(one, int(interval * SECOND)), 30)) for one in (base, new)]
    for windows, times in zip((base, new), due, strict=True):
        assert times == sorted(times)
        inside = [windows.window(windows.index_at(time)) for time in times]
        assert all(w.kind == 1 and w.start_ns <= t < w.end_ns for w, t in zip(inside, times, strict=True))
    own = [[windows.own_ns(time) for time in times] for windows, times in zip((base, new), due, strict=True)]
    assert own[0] == own[1]


@given(seeds, lengths, st.floats(1, 2000), st.sampled_from(list(ArrivalProcess)))
def test_both_have_the_same_arrivals_each_in_turns_of_its_own(
    seed: int, length: int, rate: float, process: ArrivalProcess
) -> None:
    plans = [
        Plan("run", "dir", "boot", "http://h/", 1000, length, seed, 2048, rate, process, 0.5, 1,
             made_up_documents(2048), side=side)
        for side in ("base", "new")
    ]  # fmt: skip
    own = []
    for plan in plans:
        arrivals, windows = plan.arrivals(0), plan.windows()
        assert arrivals is not None and isinstance(windows, DuelSchedule)
        due = [arrivals.take() for _ in range(200)]
        assert due == sorted(due)
        own.append([windows.own_ns(time) for time in due])
        assert [windows.moment(time) for time in own[-1]] == due
    assert own[0] == own[1]


def test_a_run_of_its_own_is_as_it_was() -> None:
    assert type(schedule_of(0, SECOND, 1, NO_RESTS)) is WindowSchedule
