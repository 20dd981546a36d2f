"""What is gathered by group and told of several groups together is what plain NumPy says of the reads one by one."""

from __future__ import annotations

import numpy as np
import pytest
from history_language import history
from hypothesis import given
from hypothesis import strategies as st
from test_golden_findings import HISTORIES
from test_load_generator import samples

from loadtest.judge.measure.flights import due_during_put
from loadtest.judge.measure.like_with_like import unbiased
from loadtest.judge.measure.populations import POPULATIONS, members_of, successful, window_of
from loadtest.judge.statistics.by_group import by_group, quantiles_together
from loadtest.judge.statistics.quantiles import quantiles
from loadtest.run import blocks
from loadtest.run.history import Flags, History
from loadtest.run.records import WindowKind

durations = st.lists(st.integers(-(2**62), 2**62) | st.integers(-3, 3), max_size=40)


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
    assert quantiles_together(rising) == quantiles(np.concatenate([np.zeros(0, dtype=kind), *rising]))


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
    text, given_settings = HISTORIES[name]
    made = history(f"{text} {windows}", samples=samples([700] * 150), **given_settings)
    made.windows.kind[2:] = WindowKind.REST
    for population, members in defined(made).items():
        assert members_of(made, population).tolist() == members.tolist(), population
    assert set(POPULATIONS) == set(defined(made))
