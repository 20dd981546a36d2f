"""Judging works on blocks and by group, and selects instead of sorting; what it says must not depend on any of that."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from history_language import history
from hypothesis import given
from hypothesis import strategies as st
from test_golden_findings import HISTORIES, history_of

from loadtest.judge.analyse import analyse, summarise
from loadtest.judge.measure import latency, rates
from loadtest.judge.measure.flights import due_during_put
from loadtest.judge.measure.like_with_like import unbiased
from loadtest.judge.measure.populations import POPULATIONS, members_of, successful, window_of
from loadtest.judge.order.sessions import count_sessions
from loadtest.judge.order.unseen import NONE, _last_before
from loadtest.judge.statistics import by_group as grouping
from loadtest.judge.statistics.by_group import by_group, quantiles_together
from loadtest.judge.statistics.quantiles import PER_MILLE, enough, quantiles, rank, selected
from loadtest.run.history import blocks
from loadtest.run.history.history import Flags, History, nothing_of, one_of
from loadtest.run.records import ReadOutcome, WindowKind
from loadtest.summary.summary import summary_bytes

few = st.lists(st.integers(-5, 30), max_size=60)
durations = st.lists(st.integers(-(2**62), 2**62) | st.integers(-3, 3), max_size=40)


def summary_of(name: str) -> bytes:
    return summary_bytes(summarise(history_of(name)))


@pytest.mark.parametrize("name", HISTORIES)
def test_blocks_of_any_size_say_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    whole = summary_of(name)
    monkeypatch.setattr(blocks, "BLOCK", 3)
    assert summary_of(name) == whole


@pytest.mark.parametrize("name", HISTORIES)
def test_clocks_that_are_known_exactly_are_one_clock(name: str) -> None:
    made = history_of(name)
    assert not (made.reads.on_one_clock and len(made.reads))
    nothing = nothing_of(np.int64, len(made.reads))
    on_one_clock = dataclasses.replace(made, reads=dataclasses.replace(made.reads, widening_ns=nothing), _made={})
    assert on_one_clock.reads.on_one_clock
    assert summary_bytes(summarise(on_one_clock)) == summary_of(name)


@pytest.mark.parametrize("name", HISTORIES)
def test_durations_of_any_width_say_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    narrow = summary_of(name)
    for module in (latency, rates):
        monkeypatch.setattr(module, "durations", lambda count, make: blocks.in_blocks(count, np.int64, make))
    assert summary_of(name) == narrow


@given(
    st.lists(
        st.integers(-(2**40), 2**40) | st.sampled_from([-(2**31) - 1, -(2**31), 2**31 - 1, 2**31, 0, 5]), max_size=30
    )
)
def test_durations_are_narrow_where_all_of_them_fit(times: list[int]) -> None:
    column = np.array(times, dtype=np.int64)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "BLOCK", 7)
        made = blocks.durations(len(column), lambda block: column[block])
    assert made.tolist() == times
    assert made.dtype == (np.int32 if all(-(2**31) <= one < 2**31 for one in times) else np.int64)


def test_a_recorded_run_is_judged_the_same_in_small_blocks(monkeypatch: pytest.MonkeyPatch, recorded_run: Path) -> None:
    whole = summary_bytes(analyse(recorded_run))
    monkeypatch.setattr(blocks, "BLOCK", 250)
    monkeypatch.setattr(grouping, "FEW_VALUES", 0)
    assert summary_bytes(analyse(recorded_run)) == whole


@given(few, few, st.sampled_from(["left", "right"]), st.booleans())
def test_places_are_those_of_searchsorted(table: list[int], wanted: list[int], side: str, rising: bool) -> None:
    column = np.array(sorted(table), dtype=np.int64)
    values = np.array(sorted(wanted) if rising else wanted, dtype=np.int64)
    assert blocks.places(column, values, side).tolist() == np.searchsorted(column, values, side).tolist()


@given(st.lists(st.integers(-3, 40), max_size=30), st.integers(1, 100))
def test_quantiles_are_selected_as_they_would_be_sorted(values: list[int], times: int) -> None:
    column = np.array(values * times, dtype=np.int64)
    rising = np.sort(column)
    count = len(rising)
    expected = [rising[rank(count, each)] if enough(count, each) else None for each in PER_MILLE.values()]
    assert selected(column.copy(), tuple(PER_MILLE.values())) == expected
    found = quantiles(column)
    assert [getattr(found, f"{name}_ns") for name in PER_MILLE] == expected
    assert found.max_ns == (int(rising[-1]) if len(rising) else None)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20)), max_size=20),
    st.lists(st.integers(0, 60), max_size=10),
    st.integers(0, 2**20 - 1),
)
def test_the_last_read_before_a_moment_is_the_one_that_was_called_last(
    reads: list[tuple[int, int]], moments: list[int], chosen: int
) -> None:
    text = "".join(f"r{0}[{called} {called + took}] " for called, took in sorted(reads))
    made = history(text)
    called, returned = made.reads.called_ns, made.reads.returned_ns
    among = np.array([read for read in range(len(reads)) if chosen >> read & 1], dtype=np.int64)
    until = np.sort(np.array(moments, dtype=np.int64)) + made.origin_ns
    found, asked = _last_before(made, np.isin(np.arange(len(reads)), among), until)
    for moment, read, when in zip(until.tolist(), found.tolist(), asked.tolist(), strict=True):
        before = [int(each) for each in among if returned[each] < moment]
        assert (read, when) == ((max(before), int(called[max(before)])) if before else (NONE, NONE))


@given(st.lists(st.integers(0, 255), max_size=30), st.lists(st.sampled_from(ReadOutcome), min_size=1, max_size=4))
def test_outcomes_are_found_among_those_that_are_wanted(outcomes: list[int], wanted: list[ReadOutcome]) -> None:
    column = np.array(outcomes, dtype=np.uint8)
    assert one_of(column, tuple(wanted)).tolist() == [outcome in wanted for outcome in outcomes]


@given(st.sets(st.integers(0, 30)))
def test_a_run_of_numbers_takes_what_the_numbers_take(numbers: set[int]) -> None:
    column, values = np.array(sorted(numbers), dtype=np.int64), np.arange(31) ** 2
    taken = blocks.rising_run(column)
    assert values[taken].tolist() == values[column].tolist()
    gapless = bool(numbers) and len(numbers) == max(numbers) - min(numbers) + 1
    assert isinstance(taken, slice) == gapless


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=40), st.sampled_from([np.uint16, np.int64]))
def test_sessions_are_counted_once(reads: list[tuple[int, bool]], kind: type) -> None:
    keys = np.array([key for key, _ in reads], dtype=kind)
    chosen = np.array([is_chosen for _, is_chosen in reads], dtype=np.bool_)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "BLOCK", 7)
        assert count_sessions(keys, chosen) == len({key for key, is_chosen in reads if is_chosen})


def test_no_block_is_left_out_and_their_order_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 4)
    assert blocks.each_block(10, lambda block: (block.start, block.stop)) == [(0, 4), (4, 8), (8, 10)]
    assert blocks.each_block(0, lambda block: block) == []
    assert blocks.count_of_each(np.array([3, 0, 0, 1, 1, 5])).tolist() == [2, 2, 0, 1, 0, 1]
    assert blocks.count_of_each(np.array([1]), 4).tolist() == [0, 1, 0, 0]
    with pytest.raises(ZeroDivisionError):
        blocks.each_block(10, lambda block: block.start // 0)
    assert dataclasses.asdict(quantiles(np.zeros(0, dtype=np.int64)))["count"] == 0


@given(
    st.lists(st.integers(-1, 4), max_size=40), st.booleans(), st.integers(1, 50), st.sampled_from([np.int8, np.int32])
)
def test_each_group_has_what_its_members_have_in_their_order(
    group: list[int], rising: bool, block: int, kind: type
) -> None:
    column = np.array(sorted(group) if rising else group, dtype=kind)
    places, squares = np.arange(len(column)), np.arange(len(column), dtype=np.int32) ** 2
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "BLOCK", block)
        found, squared = by_group(column, 5, lambda part: places[part], lambda part: squares[part])
    wanted = [np.flatnonzero(column == number).tolist() for number in range(5)]
    assert [members.tolist() for members in found] == wanted
    assert [members.tolist() for members in squared] == [[place**2 for place in members] for members in wanted]
    assert {each.dtype for each in (*found, *squared)} == {places.dtype, squares.dtype}


def test_what_is_gathered_may_be_sorted_and_no_group_is_no_column() -> None:
    times = np.array([3, 2, 1])
    ((found,),) = by_group(np.zeros(3, dtype=np.int8), 1, lambda part: times[part])
    found.sort()
    assert (found.tolist(), times.tolist()) == ([1, 2, 3], [3, 2, 1])
    assert by_group(np.full(3, -1, dtype=np.int8), 0, lambda part: times[part]) == [[]]
    (many,) = by_group(np.array([40_000, 0, 40_000, -1]), 50_000, lambda part: np.arange(4)[part])
    assert (many[40_000].tolist(), many[0].tolist(), len(many)) == ([0, 2], [1], 50_000)


@given(st.lists(durations, max_size=5), st.integers(1, 120), st.sampled_from([np.int32, np.int64]))
def test_quantiles_of_columns_together_are_those_of_all_their_values(
    columns: list[list[int]], times: int, kind: type
) -> None:
    rising = [np.sort(np.array(values * times, dtype=np.int64).astype(kind)) for values in columns]
    expected = quantiles(np.concatenate([np.zeros(0, dtype=kind), *rising]))
    assert quantiles_together(rising) == expected
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grouping, "FEW_VALUES", 0)
        assert quantiles_together(rising) == expected


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=2, max_size=40))
def test_a_quantile_between_two_values_is_the_same_in_a_narrow_column(values: list[int]) -> None:
    wide = np.sort(np.array(values, dtype=np.int64))
    assert unbiased(wide.astype(np.int32), 500) == unbiased(wide, 500)


def defined(made: History) -> dict[str, Flags]:
    """The reads of each population, as it is defined."""
    ok, status, windows = successful(made), made.reads.status, made.windows
    quiet, writing = np.zeros_like(ok), ok
    if len(windows):
        kind = np.append(windows.kind, 255)[window_of(made)]
        quiet, writing = ok & (kind == WindowKind.QUIET), ok & (kind == WindowKind.WRITING)
    during = due_during_put(made)
    return {
        "all": ok,
        "200": ok & (status == 200),
        "304": ok & (status == 304),
        "quiet": quiet,
        "writing": writing,
        "overlapping-put": writing & during,
        "clear-of-put": writing & ~during,
    }


@pytest.mark.parametrize("windows", ["", "quiet0[0 100] writing0[120 425] quiet1[430 600]"])
@pytest.mark.parametrize("name", HISTORIES)
def test_populations_are_as_they_are_defined(name: str, windows: str) -> None:
    made = history_of(name, windows)
    made.windows.kind[2:] = WindowKind.REST
    for population, members in defined(made).items():
        assert members_of(made, population).tolist() == members.tolist(), population
    assert set(POPULATIONS) == set(defined(made))
