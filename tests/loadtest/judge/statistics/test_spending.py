"""Alpha spending: published bounds, and that all looks together err no more often than is allowed."""

import numpy as np
import pytest
from drawing import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from loadtest.judge.statistics.spending import ALLOWED, Spending, nominal, spent_evenly, spent_late, tails_of_last

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)
rising_shares = st.lists(st.integers(1, 40), min_size=1, max_size=8, unique=True).map(
    lambda counts: [count / 40 for count in sorted(counts)]
)


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        (spent_late, (4.877, 3.357, 2.680, 2.290, 2.031)),
        (spent_evenly, (2.438, 2.427, 2.410, 2.397, 2.386)),
    ],
)
def test_bounds_are_those_that_are_published(spending: Spending, published: tuple[float, ...]) -> None:
    """Jennison and Turnbull, tables of Lan and DeMets' bounds; the same as of the R packages ldbounds and gsDesign."""
    assert [float(-special.ndtri(tail)) for tail in nominal(FIVE, spending)] == pytest.approx(published, abs=0.001)


def test_one_look_at_the_end_is_an_interval_of_95_percent() -> None:
    assert tails_of_last([1.0]) == pytest.approx((ALLOWED, ALLOWED), rel=1e-6)


@settings(max_examples=examples(15))
@given(rising_shares, st.sampled_from([spent_late, spent_evenly]), st.integers(0, 2**32 - 1))
def test_all_looks_together_err_no_more_often_than_is_allowed(
    shares: list[float], spending: Spending, seed: int
) -> None:
    """Sums of independent observations, looked at wherever: as often beyond a bound as was spent."""
    tails = np.array(nominal(shares, spending))
    assert np.all((tails >= 0) & (tails <= ALLOWED * 1.0001)), "no look is less sure than one alone"
    bounds = -special.ndtri(tails)
    random, count = np.random.default_rng(seed), 40_000
    steps = np.sqrt(np.diff([0.0, *shares]))
    sums = np.cumsum(random.normal(size=(count, len(shares))) * steps, axis=1)
    crossed = float(np.mean(np.any(sums / np.sqrt(shares) > bounds, axis=1)))
    assert crossed == pytest.approx(spending(shares[-1]), abs=5 * np.sqrt(ALLOWED / count))


@pytest.mark.parametrize("shares", [[], [0.0], [0.5, 0.5], [0.6, 0.5], [1.1]])
def test_looks_that_cannot_be_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="rising shares"):
        nominal(shares, spent_late)
