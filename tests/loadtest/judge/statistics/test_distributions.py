"""The three quantile functions, beside SciPy's."""

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import special

from loadtest.judge.statistics.distributions import beta_quantile, normal_quantile, student_quantile

CLOSE = 2e-12
chances = st.sampled_from([0.0005, 0.005, 0.025, 0.05, 0.9, 0.95, 0.975, 0.995, 0.9995])
counts = st.one_of(st.integers(1, 10**9).map(float), st.floats(-1, 9).map(lambda power: 10**power))


@given(st.floats(1e-12, 1 - 1e-12))
def test_the_normal_distribution(chance: float) -> None:
    assert normal_quantile(chance) == pytest.approx(float(special.ndtri(chance)), rel=CLOSE, abs=1e-14)


@given(st.one_of(st.integers(1, 10**9), st.floats(1, 1e9)), chances)
@example(1, 0.975)  # Cauchy's distribution: 12.7
def test_students_t(freedom: float, chance: float) -> None:
    assert student_quantile(freedom, chance) == pytest.approx(float(special.stdtrit(freedom, chance)), rel=CLOSE)


@given(counts, counts, chances)
@example(1.0, 1e9, 0.025)
@example(1e9, 1.0, 0.975)
@example(5e8, 5e8, 0.975)  # the slowest: as many found as not
@example(297.7, 2.0, 0.0005)  # the first guess is so far out that a step of Newton's leaves the numbers
@example(0.128, 4510.3, 0.025)
def test_the_beta_distribution(first: float, second: float, chance: float) -> None:
    expected = float(special.betaincinv(first, second, chance))
    assume(expected > 1e-250)  # nothing that was counted is as rare
    assert beta_quantile(first, second, chance) == pytest.approx(expected, rel=CLOSE)


def test_nothing_found_has_the_bound_that_can_be_written_down() -> None:
    for tries in (1, 7, 100, 12_345, 10**8):
        bound = -math.expm1(math.log(0.05) / tries)
        assert beta_quantile(1, tries, 0.95) == pytest.approx(bound, rel=1e-13)


@given(counts)
def test_the_middle_of_what_is_symmetric_is_a_half(count: float) -> None:
    assert beta_quantile(count, count, 0.5) == pytest.approx(0.5, rel=1e-14)


def test_what_is_too_small_for_a_float_is_as_good_as_nothing() -> None:
    assert 0 <= beta_quantile(0.001, 1, 0.0005) < 1e-300
    assert beta_quantile(1, 0.001, 0.9995) == 1
