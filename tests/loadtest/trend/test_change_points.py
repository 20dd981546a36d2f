"""Change points: what is found, that the scan is the likelihood ratio that it says it is, and the first bad run."""

import itertools
import math
from itertools import pairwise

import numpy as np
import pytest
from drawing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.trend_simulation import correlated, with_outliers
from loadtest.trend.change_points import LEAST_SEGMENT, Step, arcs, find_changes, likelihood_ratios
from loadtest.trend.critical import BUMPS, STEPS, p_value
from loadtest.trend.first_bad import Event, Worsening, events
from loadtest.trend.noise import PHIS, run_deviations, without_outliers

FLOOR = 0.002


def found(levels: np.ndarray, own: np.ndarray | None = None) -> tuple[Step, ...]:
    return find_changes(levels, np.full(len(levels), np.nan) if own is None else own, FLOOR)


def log_likelihood(values: np.ndarray, design: np.ndarray, phi: float) -> float:
    """Twice the profile log likelihood, by the covariance matrix in full."""
    count = len(values)
    alike = phi ** np.abs(np.subtract.outer(np.arange(count), np.arange(count))) / (1 - phi**2)
    inverse = np.linalg.inv(alike)
    levels = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ values)
    rest = values - design @ levels
    return float(-count * math.log(rest @ inverse @ rest / count) - np.linalg.slogdet(alike)[1])


@pytest.mark.parametrize("bumps", [False, True])
@pytest.mark.parametrize("places", [(), (9,)])
def test_the_scan_is_the_likelihood_ratio_written_out(bumps: bool, places: tuple[int, ...]) -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=20) + np.repeat([0.0, 2.0], [13, 7])
    candidates = arcs(20, places, bumps)
    bounds = (0, *places, 20)
    known = np.array([[low <= at < high for low, high in pairwise(bounds)] for at in range(20)])
    without = max(log_likelihood(values, known.astype(float), phi) for phi in PHIS)
    at = np.arange(20)
    tried = []
    for low, high in candidates.tolist():
        design = np.column_stack([known, (at >= low) & (at < high)]).astype(float)
        tried += [(log_likelihood(values, design, phi), (low, high)) for phi in PHIS]
    best, chosen = max(tried)
    ((worth, ends),) = likelihood_ratios(values[:, None], np.ones((20, 1)), places, candidates, 1e-9)
    assert worth == pytest.approx(best - without, rel=1e-6)
    assert set(ends) == ({*places, *chosen} - {20})


def test_a_step_is_found_with_its_size_by_its_third_run() -> None:
    """Ten per cent at two per cent of noise; the share over many seeds is printed by benchmarks.trend_simulation."""
    hits = 0
    for seed in range(20):
        levels = 0.02 * np.random.default_rng(seed).normal(size=40)
        levels[37:] += math.log(1.1)
        hits += any(step.at == 37 and step.size > 0.05 for step in found(levels))
    assert hits >= 18


def test_the_interval_of_a_size_holds_the_truth() -> None:
    held = []
    for seed in range(20):
        levels = 0.02 * np.random.default_rng(seed).normal(size=40)
        levels[20:] += 0.1
        steps = found(levels)
        held += [abs(step.size - 0.1) <= 1.96 * step.deviation for step in steps]
    assert len(held) >= 20
    assert np.mean(held) >= 0.8


def test_flat_series_show_nothing() -> None:
    random = np.random.default_rng(5)
    for noise in (correlated(0.0), correlated(0.5), with_outliers(0.0)):
        alarms = sum(bool(found(0.02 * levels)) for levels in noise(random, 60, 40))
        assert alarms <= 2


def test_a_bump_is_two_changes() -> None:
    levels = 0.02 * np.random.default_rng(1).normal(size=60)
    levels[30:38] += 0.12
    assert [step.at for step in found(levels)] == [30, 38]


def test_one_or_two_wild_runs_are_no_change() -> None:
    levels = 0.02 * np.random.default_rng(2).normal(size=40)
    for places in ((12,), (12, 13), (39,), (38, 39), (0,)):
        wild = levels.copy()
        wild[list(places)] += 1.5
        assert found(wild) == (), places


def test_runs_that_are_all_equal_but_for_a_step() -> None:
    """No noise at all is no reason to divide by it, nor to make a change of rounding."""
    assert found(np.zeros(30)) == ()
    assert found(np.array([0.0] * 15 + [1e-6] * 15)) == ()
    (step,) = found(np.array([0.0] * 20 + [0.1] * 10))
    assert step.at == 20
    assert step.size == pytest.approx(0.1, rel=1e-6)


def test_runs_that_know_little_of_themselves_weigh_little() -> None:
    levels = 0.01 * np.random.default_rng(4).normal(size=40)
    levels[34:] += 0.12
    own = np.full(40, 0.005)
    assert [step.at for step in found(levels, own)] == [34]
    own[34:] = 0.5  # by their own account these six may be off by half
    assert found(levels, own) == ()


def test_deviations_are_proportions_whatever_is_known() -> None:
    levels = np.array([0.0, 0.1, 0.0, 0.1, 0.0])
    assert run_deviations(levels, np.full(5, np.nan)).tolist() == [1.0] * 5
    assert run_deviations(levels, np.zeros(5)).tolist() == [1.0] * 5
    assert run_deviations(np.zeros(5), np.full(5, 1e-170)).tolist() == [1.0] * 5
    mixed = run_deviations(levels, np.array([0.1, 0.1, np.nan, 0.1, 1.0]))
    assert mixed[2] == mixed[4] == max(mixed)


def test_outliers_are_drawn_in_and_steps_are_not() -> None:
    step = np.array([0.0, 1, 0, 1, 0, 1, 0, 1, 9, 10, 9]) / 100
    assert without_outliers(step, 0.0)[-3:].min() > 0.08
    spike = np.array([0.0, 1, 0, 1, 0, 1, 50, 1, 0, 1, 0]) / 100
    assert without_outliers(spike, 0.0).max() < 0.1


def test_chances_fall_and_the_tables_are_in_order() -> None:
    for table in (STEPS, BUMPS):
        assert list(table) == sorted(table)
        assert all(excess > 0 for _, excess in table.values())
    for runs in (10, 11, 35, 120, 500):
        chances = [p_value(ratio, runs, bumps=False) for ratio in (0.0, 10.0, 20.0, 40.0, 1e6)]
        assert chances == sorted(chances, reverse=True)
        assert chances[0] == 1.0


@settings(max_examples=examples(60))
@given(
    st.lists(st.floats(-5, 5, allow_nan=False), min_size=10, max_size=40),
    st.lists(st.one_of(st.just(math.nan), st.floats(0, 3)), min_size=40, max_size=40),
)
def test_any_series_gives_levels_that_last(levels: list[float], own: list[float]) -> None:
    steps = found(np.array(levels), np.array(own[: len(levels)]))
    bounds = [0, *(step.at for step in steps), len(levels)]
    assert all(high - low >= LEAST_SEGMENT for low, high in pairwise(bounds))
    for step in steps:
        assert step.earliest <= step.at <= step.latest
        assert 0 <= step.p <= 1
        assert step.size == pytest.approx(step.after - step.before)
        assert math.isfinite(step.deviation)


@st.composite
def worsenings(draw: st.DrawFn) -> Worsening:
    earliest, run, latest = sorted(draw(st.tuples(*[st.integers(0, 12)] * 3)))
    return Worsening(earliest, run, latest, draw(st.floats(0, 0.01)), draw(st.text("abc", min_size=1, max_size=3)))


def test_a_noisy_quantile_that_seems_to_have_changed_before_does_not_name_the_run() -> None:
    """As in 46 real runs of a sandbox that got slower with the 41st."""
    median = Worsening(39, 40, 40, 1e-10, "p50")
    noisy = Worsening(35, 35, 39, 1e-3, "p99")
    assert events([noisy, median]) == [Event(40, ("p50", "p99"))]


def test_what_can_have_begun_with_no_run_in_common_stays_apart_and_the_first_comes_first() -> None:
    early, late = Worsening(10, 12, 13, 1e-3, "early"), Worsening(20, 20, 20, 0.0, "late")
    assert events([late, early]) == [Event(12, ("early",)), Event(20, ("late",))]
    assert events([]) == []


@given(st.lists(worsenings(), max_size=6))
def test_every_change_is_in_one_event_and_no_fewer_events_would_do(changes: list[Worsening]) -> None:
    found = events(changes)
    assert sorted(text for event in found for text in event.texts) == sorted(change.text for change in changes)
    assert [event.run for event in found] == sorted({event.run for event in found} & {change.run for change in changes})
    fewest = next(
        count
        for count in range(len(changes) + 1)
        for runs in itertools.combinations(range(13), count)
        if all(any(change.earliest <= run <= change.latest for run in runs) for change in changes)
    )
    assert len(found) <= fewest
