"""The signed-rank interval: as Wilcoxon's test says, close to tables, and right as often as it claims."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.judge.statistics.signed_rank import place_of, shift


def test_the_interval_covers_as_wilcoxons_test_says() -> None:
    from scipy import stats  # takes most of a second

    for count in range(6, 25):
        place = place_of(count, 0.025)
        distribution = stats.wilcoxon(np.arange(1, count + 1), alternative="less", method="exact", zero_method="wilcox")
        assert distribution.statistic == count * (count + 1) / 2
        # P(T <= place - 1) must be at most 2.5 %, and P(T <= place) more.
        assert _probability_at_most(count, place - 1) <= 0.025
        assert _probability_at_most(count, place) > 0.025


def test_known_places() -> None:
    # Hollander, Wolfe and Chicken, table A.4: two-sided 95 % for n = 6, 10, 15, 20, 25
    assert [place_of(count, 0.025) for count in (6, 10, 15, 20, 25)] == [1, 9, 26, 53, 90]


def test_the_approximation_for_many_continues_the_exact_one() -> None:
    assert place_of(201, 0.025) - place_of(200, 0.025) == pytest.approx(
        place_of(200, 0.025) - place_of(199, 0.025), rel=0.05
    )


def test_too_few() -> None:
    assert shift(np.arange(5.0)) is None
    assert shift(np.arange(6.0)) is not None


@given(st.lists(st.floats(-5, 5), min_size=6, max_size=30), st.floats(-3, 3))
def test_moves_with_the_data(values: list[float], by: float) -> None:
    here, there = shift(np.array(values)), shift(np.array(values) + by)
    assert there == pytest.approx(tuple(value + by for value in here), abs=1e-9)
    assert here.low <= here.center <= here.high


def test_an_outlier_moves_it_little() -> None:
    calm = shift(np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09]))
    wild = shift(np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 900.0]))
    assert abs(calm.center - wild.center) < 0.02


def test_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        found = shift(random.normal(0.1, 0.2, 12))
        covered += found.low <= 0.1 <= found.high
    assert 0.92 <= covered / 400 <= 0.985


def _probability_at_most(count: int, place: int) -> float:
    """P(T <= place) by counting subsets of the ranks."""
    ways = {0: 1}
    for rank in range(1, count + 1):
        for total, number in list(ways.items()):
            ways[total + rank] = ways.get(total + rank, 0) + number
    return sum(number for total, number in ways.items() if total <= place) / 2**count


def test_what_begins_late_in_a_long_run_counts_like_what_began_early() -> None:
    late = np.repeat([0.0, 0.3], 6_000) + np.random.default_rng(1).normal(scale=0.001, size=12_000)
    for differences in (late, late[::-1]):
        found = shift(differences)
        assert found is not None
        assert found.center == pytest.approx(0.15, abs=0.01)
