"""The statistics of a comparison: against scipy, against the definition, and when drift must widen the interval."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.compare.drift import MOST_LEVELS, Series, drift_deviation
from loadtest.compare.shift import LEAST_WINDOWS, _chances, critical_place, ratio_of, shift_between
from loadtest.judge.statistics.signed_rank import Shift


@pytest.mark.parametrize(("first", "second"), [(4, 4), (5, 9), (12, 7), (15, 15)])
def test_the_interval_is_that_of_the_mann_whitney_test(first: int, second: int) -> None:
    """A shift lies in the interval exactly when scipy's exact test does not reject it at 5 %."""
    random = np.random.default_rng(first * 100 + second)
    from scipy import stats  # takes most of a second

    base, new = random.normal(size=first), random.normal(size=second) + 0.4
    found = shift_between(base, new)
    for shift in np.linspace(found.low - 1, found.high + 1, 41):
        p_value = stats.mannwhitneyu(new - shift, base, method="exact").pvalue
        assert (found.low <= shift <= found.high) == (p_value > 0.05)


@given(st.integers(1, 12), st.integers(1, 12))
def test_chances_add_up_and_are_symmetric(first: int, second: int) -> None:
    chances = _chances(first, second)
    assert len(chances) == first * second + 1
    assert chances.sum() == pytest.approx(1)
    assert chances == pytest.approx(chances[::-1])


def test_exact_and_normal_places_meet() -> None:
    assert abs(critical_place(40, 40) - critical_place(40, 41)) <= 20  # of some 600


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_the_estimate_moves_with_the_data(offset: float, shift: float) -> None:
    base = np.linspace(0, 1, 11) + offset
    found = shift_between(base, base + shift)
    assert found.center == pytest.approx(shift, abs=1e-9)
    assert found.low <= found.center <= found.high


def test_one_wild_window_moves_it_little() -> None:
    base = np.linspace(0, 0.1, 20)
    wild = base.copy()
    wild[7] += 5
    found = shift_between(base, wild)
    assert abs(found.center) < 0.01


def test_too_few_windows_give_nothing() -> None:
    enough = np.arange(float(LEAST_WINDOWS))
    assert shift_between(enough, enough) is not None
    assert shift_between(enough, enough[1:]) is None
    assert shift_between(np.zeros(0), enough) is None


def test_extra_deviation_widens_in_quadrature() -> None:
    base = np.linspace(0, 1, 11)
    narrow, wide = shift_between(base, base), shift_between(base, base, extra_deviation=2.0)
    assert wide.high == pytest.approx(math.hypot(narrow.high, 1.959964 * 2))
    assert wide.low == -wide.high or wide.low == pytest.approx(-wide.high)


def test_many_windows_are_thinned_not_cut() -> None:
    rising = np.linspace(0, 1, 5_000)
    found = shift_between(rising, rising + 0.5)
    assert found.center == pytest.approx(0.5)


def series(values: np.ndarray) -> Series:
    return Series(np.arange(len(values)) * 2.0, values)


def test_independent_windows_show_next_to_no_drift() -> None:
    random = np.random.default_rng(1)
    pairs = [[series(random.normal(size=60) * 0.02) for _ in range(2)] for _ in range(50)]
    assert np.median([drift_deviation(*pair) for pair in pairs]) < 0.004  # the noise of the means themselves


@pytest.mark.parametrize("time_constant", [4.0, 50.0])
def test_the_size_of_drift_is_recovered(time_constant: float) -> None:
    """The deviation of the difference of two runs' means, over many pairs of runs, whether drift is fast or slow."""
    keep = math.exp(-1 / time_constant)
    random = np.random.default_rng(2)

    def run() -> np.ndarray:
        levels = [random.normal() * 0.05]
        for _ in range(119):
            levels.append(keep * levels[-1] + random.normal() * 0.05 * math.sqrt(1 - keep**2))
        return np.array(levels).reshape(60, 2).mean(axis=1) + random.normal(size=60) * 0.02

    pairs = [(run(), run()) for _ in range(100)]
    truth = np.std([new.mean() - base.mean() for base, new in pairs])
    found = np.median([drift_deviation(series(base), series(new)) for base, new in pairs])
    assert 0.6 * truth < found < 1.6 * truth


def test_too_few_windows_show_no_drift() -> None:
    assert drift_deviation(series(np.arange(3.0)), series(np.arange(30.0))) == 0


def test_the_change_between_two_intervals() -> None:
    base, new = Shift(0.1, 0.0, 0.3), Shift(0.5, 0.4, 0.6)
    found = ratio_of(base, new)
    assert found.center == pytest.approx(0.4)
    assert found.low == pytest.approx(0.4 - math.hypot(0.1, 0.2))
    assert found.high == pytest.approx(0.4 + math.hypot(0.1, 0.1))


def test_windows_that_are_all_alike_show_no_drift() -> None:
    assert drift_deviation(series(np.ones(20)), series(np.zeros(20))) == 0


def test_many_windows_are_merged() -> None:
    random = np.random.default_rng(3)
    pair = [series(random.normal(size=MOST_LEVELS * 3 + 1)) for _ in range(2)]
    assert drift_deviation(*pair) < 0.05


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=12), st.floats(0.1, 10))
def test_drift_scales_with_the_levels(levels: list[float], factor: float) -> None:
    values = np.array(levels)
    base, new = series(values), series(values[::-1])
    scaled = drift_deviation(series(values * factor), series(values[::-1] * factor))
    assert scaled == pytest.approx(factor * drift_deviation(base, new), rel=1e-6, abs=1e-9)
