"""Reads as fast as the load generator's own delay: what it explains is not judged, and what it does not is."""

from dataclasses import replace

import pytest
from altered import changed, due_in, sampled, slower, windows_of

from benchmarks.simulated_runs import Truth, simulated
from loadtest.judge.measure.impact import measure_impact
from loadtest.judge.measure.impact_words import doubts_of
from loadtest.judge.measure.like_with_like import Kind
from loadtest.judge.measure.too_fast import TooFast
from loadtest.run.records import Verdict, WindowKind
from loadtest.summary.speed import Impact

MS = 1_000_000


def measured(delay_ms: float, unchanged_times: float) -> Impact:
    """200s of 20 ms that stay as they are, and 304s of 0.5 ms that take so many times as long while writing."""
    run = simulated(Truth(unchanged_ms=0.5), 1)
    slow = due_in(run, windows_of(run, WindowKind.WRITING)) & (run.reads.status == 304)
    delayed = changed(run, samples=sampled(run.reads.called_ns[::4], int(delay_ms * MS)))
    return measure_impact(slower(delayed, unchanged_times, slow))


@pytest.mark.parametrize("times", [1.0, 1.6])
def test_what_the_generators_delay_explains_is_neither_in_the_slowdown_nor_judged(times: float) -> None:
    impact = measured(delay_ms=0.5, unchanged_times=times)
    assert impact.verdict is Verdict.PASS
    assert impact.estimates[2].ratio == pytest.approx(1, abs=0.05)
    quick = impact.kinds[1]
    assert "not in the slowdown at p50, p90, p99" in quick.note
    assert ("not judged" in quick.note) == (times > 1)


def test_what_it_does_not_explain_fails_however_fast_the_reads_are() -> None:
    impact = measured(delay_ms=0.5, unchanged_times=20)
    assert impact.verdict is Verdict.FAIL


def test_a_quick_generator_judges_quick_reads() -> None:
    assert measured(delay_ms=0.02, unchanged_times=1.6).verdict is Verdict.FAIL


def test_a_kind_that_is_too_fast_at_one_quantile_is_doubted_at_the_others() -> None:
    impact = measured(delay_ms=0.02, unchanged_times=1)
    one, other = impact.kinds
    unsure = tuple(replace(e, ratio=1.4, low=1.1, high=1.7, verdict=Verdict.INCONCLUSIVE) for e in other.estimates[:1])
    doubted = replace(impact, kinds=(one, replace(other, estimates=unsure)))
    nothing: frozenset[Kind] = frozenset()
    fast: TooFast = {"p50": nothing, "p90": nothing, "p99": frozenset({"304"})}
    assert doubts_of(impact, "", fast) == ()
    assert "reads answered 304 alone" in doubts_of(doubted, "", fast)[0]
    assert doubts_of(doubted, "", {**fast, "p50": frozenset({"304"})}) == ()
