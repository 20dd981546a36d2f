"""What PUTs leave behind, like compared with like, and reads as fast as the generator: of simulated targets."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from altered import changed, due_in, sampled, slower, windows_of
from history_language import history

from benchmarks.simulated_runs import Truth, simulated
from loadtest import units
from loadtest.judge.checks.write_impact import write_impact
from loadtest.judge.measure.impact import measure_impact
from loadtest.judge.measure.impact_words import doubts_of
from loadtest.judge.measure.like_with_like import Kind, Scale, Stretch, unbiased
from loadtest.judge.measure.position import Placed, unlike_windows
from loadtest.judge.measure.rests import untouched
from loadtest.judge.measure.too_fast import TooFast
from loadtest.judge.statistics.student import student
from loadtest.run.records import Verdict, WindowKind
from loadtest.summary.speed import Impact

UNLIKE = Truth(unchanged_ms=0.5)


@cache
def measure(seed: int = 1, **truth: Any) -> Impact:
    return measure_impact(simulated(Truth(**truth), seed))


def test_a_target_that_writes_leave_alone_passes_and_its_rests_say_so() -> None:
    impact = measure()
    assert impact.verdict is Verdict.PASS
    assert impact.basis == "pairs"
    assert (impact.after.rests, impact.after.seen, impact.after.doubts) == (5, False, ())
    assert {lag.verdict for lag in impact.after.lags} == {Verdict.PASS}
    assert {lag.quantile for lag in impact.after.lags} == {"p50", "p90", "p99"}
    assert impact.after.opening is not None
    assert "rests" not in impact.sentence


class TestWhatAPutLeavesBehind:
    def test_for_four_seconds_fails_though_quiet_windows_inherit_it(self) -> None:
        impact = measure(after=2, after_to_s=4)
        assert impact.verdict is Verdict.FAIL
        assert impact.basis == "rests"
        assert impact.estimates[2].ratio == pytest.approx(2, rel=0.15)
        assert "after a PUT take" in impact.sentence
        lags = [lag for lag in impact.after.lags if lag.quantile == "p50" and not lag.kind]
        assert [lag.verdict for lag in lags if lag.to_ns <= 4e9] == [Verdict.FAIL] * len(lags[:-1])
        assert lags[-1].from_ns == 4e9
        assert lags[-1].verdict is Verdict.PASS

    def test_later_than_the_writing_windows_fails_and_is_no_speed_up(self) -> None:
        impact = measure(after=2, after_from_s=1.5, after_to_s=3.5)
        assert impact.verdict is Verdict.FAIL
        assert "reads due 2.00 s to 4.00 s after a PUT take" in impact.sentence.lower().replace("put", "PUT")

    def test_for_longer_than_a_rest_does_not_pass_and_asks_for_longer_rests(self) -> None:
        impact = measure(after=2, after_to_s=8.5)
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert "before the first one" in impact.sentence
        assert "--window 4" in impact.sentence

    def test_within_the_tolerance_moves_the_comparison_to_the_rests(self) -> None:
        impact = measure(after=1.15, after_to_s=4)
        assert impact.basis == "rests"
        assert impact.estimates == impact.after.writing
        assert impact.estimates[0].ratio == pytest.approx(1.15, rel=0.06)

    @pytest.mark.parametrize("only", ["200", "304"])
    @pytest.mark.parametrize("unchanged_ms", [20.0, 0.5])
    def test_in_one_kind_of_answer_is_not_diluted_by_the_other(self, only: str, unchanged_ms: float) -> None:
        impact = measure(after=2, after_to_s=4, only=only, unchanged_ms=unchanged_ms)
        assert impact.verdict is Verdict.FAIL
        failed = {lag.kind for lag in impact.after.lags if lag.verdict is Verdict.FAIL}
        assert failed & {"200", "304"} == {only}

    def test_in_one_kind_for_as_long_as_a_rest_does_not_pass(self) -> None:
        impact = measure(after=2, after_to_s=8.5, only="304", unchanged_ms=0.5)
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert "before the first one" in impact.sentence

    @pytest.mark.parametrize("times", [1.5, 2])
    def test_for_longer_than_most_of_the_first_rest_does_not_pass(self, times: float) -> None:
        """Version 0 is put before the run, too, so only the end of the first rest is free of it."""
        impact = measure(after=times, after_to_s=12)
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert "before the first one" in impact.sentence

    def test_at_one_read_in_twenty_for_longer_than_a_rest_does_not_pass(self) -> None:
        """Quiet windows, lags and rests are all under it alike, and p50 knows nothing of it."""
        impact = measure(after=5, after_to_s=8.5, share=0.05)
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert "before the first one at p99: " in impact.sentence

    def test_for_longer_than_is_looked_may_go_unseen_and_that_is_said(self) -> None:
        clean, lasting = measure(), measure(after=2, after_to_s=20)
        assert [impact.verdict for impact in (clean, lasting)] == [Verdict.PASS] * 2
        for impact in (clean, lasting):
            length = units.seconds(impact.after.rest_ns)
            assert f"for longer than {length} can go unseen; --window 4 looks twice as far" in impact.sentence
        assert "can go unseen" not in measure(after=2, after_to_s=4).sentence

    def test_at_one_read_in_twenty_is_seen_at_p99(self) -> None:
        assert measure(after=5, after_to_s=4, share=0.05).verdict is Verdict.FAIL

    @pytest.mark.parametrize("seconds", [60, 90])
    def test_is_seen_in_shorter_runs(self, seconds: float) -> None:
        assert measure(after=2, after_to_s=4, seconds=seconds).verdict is Verdict.FAIL

    def test_is_said_to_be_missed_by_a_run_without_rests(self) -> None:
        impact = measure(2, rests=False)
        assert impact.after is None
        assert impact.verdict is Verdict.PASS
        assert "for longer than 200 ms may reach into quiet windows" in impact.sentence

    def test_makes_a_speed_up_that_no_run_without_rests_passes(self) -> None:
        impact = measure(after=2, after_from_s=0.6, after_to_s=3.5, rests=False, seconds=90)
        assert impact.estimates[2].high < 1
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert "reads are faster while writing" in impact.sentence


class TestAnUnevenMixOfAnswers:
    def test_is_measured_as_well_as_an_even_one(self) -> None:
        """A read counts alike, however long reads of its kind take: the quick ones are not thrown away."""
        even, uneven = (measure(3, while_writing=1.1, unchanged_ms=unchanged_ms) for unchanged_ms in (20.0, 0.5))
        for one, other in zip(even.estimates, uneven.estimates, strict=True):
            assert (one.ratio, one.low, one.high) == pytest.approx((other.ratio, other.low, other.high), rel=1e-3)

    def test_is_no_slowdown_of_the_target(self) -> None:
        for seed in range(3):
            impact = measure_impact(simulated(UNLIKE, seed))
            assert [one.verdict for one in impact.estimates] == [Verdict.PASS] * 3
            assert impact.verdict is not Verdict.FAIL

    def test_is_a_finding_of_its_own_with_what_visitors_feel(self) -> None:
        impact = measure_impact(simulated(UNLIKE, 1))
        assert impact.felt[0].ratio > 3
        assert impact.mix.writing_share > impact.mix.quiet_share + 0.05
        assert impact.mix.sentence in impact.sentence
        assert "not a slowdown of the target" in impact.mix.sentence
        assert [kind.kind for kind in impact.kinds] == ["200", "304"]

    def test_does_not_hide_a_slowdown(self) -> None:
        impact = measure_impact(simulated(replace(UNLIKE, while_writing=1.6), 1))
        assert impact.verdict is Verdict.FAIL

    def test_does_not_hide_what_puts_leave_behind(self) -> None:
        assert measure_impact(simulated(replace(UNLIKE, after=2, after_to_s=4), 1)).verdict is Verdict.FAIL

    def test_one_kind_of_answer_says_nothing_of_kinds(self) -> None:
        impact = measure(conditional=False)
        assert (impact.kinds, impact.mix, impact.felt) == ((), None, ())


def test_the_check_counts_every_interval_that_fails() -> None:
    history = simulated(Truth(after=2, after_from_s=1.5, after_to_s=3.5), 1)
    assert write_impact(history).found >= 1


def test_a_kind_with_too_few_reads_is_named() -> None:
    few = Stretch({"200": np.full(5, 20_000), "304": np.arange(200)})
    scale = Scale.of([(few, few)] * 6)
    assert scale.combined["p99"] == ("304",)
    assert scale.value(few, "p50") == unbiased(np.arange(200), 500)  # as it is: that of one kind


def test_a_rare_kind_does_not_cost_the_answer_for_the_frequent_one() -> None:
    both = Stretch({"200": np.arange(200), "304": np.arange(200)})
    without_304 = Stretch({"200": np.arange(200), "304": np.arange(3)})
    rare = Scale.of([(both, both)] * 4 + [(both, without_304)] * 3)
    assert rare.combined["p50"] == ("200",)
    assert rare.value(without_304, "p50") is not None
    assert Scale.of([(both, both)] * 6 + [(both, without_304)]).combined["p50"] == ("200", "304")
    assert Scale.of([(both, both)] * 5).combined["p50"] == ("200", "304")  # too few of either


def test_a_quantile_between_two_values_does_not_depend_on_how_many_there_are() -> None:
    random = np.random.default_rng(1)
    means = [np.mean([unbiased(np.sort(random.normal(size=n)), 990) for _ in range(4000)]) for n in (120, 320)]
    assert means[0] == pytest.approx(means[1], abs=0.02)
    assert means == pytest.approx([2.3263] * 2, abs=0.02)
    assert unbiased(np.arange(99), 990) is None


def test_student_needs_three() -> None:
    assert student([0.1, 0.2], 0.95) is None
    found = student([0.0, 0.1, 0.2], 0.95)
    assert (found.center, found.high - found.center) == (
        pytest.approx(0.1),
        pytest.approx(4.3027 * 0.1 / 3**0.5, rel=1e-3),
    )


def test_windows_of_a_kind_must_be_alike_wherever_they_stand() -> None:
    after = [Placed({"p50": -0.4 + n / 1000}, WindowKind.WRITING, None) for n in range(10)]
    others = [Placed({"p50": n / 1000}, WindowKind.QUIET, None) for n in range(10)]
    assert unlike_windows([*after, *others], 1.25).startswith(
        "quiet windows that follow a writing one are 1.49x as slow"
    )
    assert unlike_windows([*others, *others], 1.25) == ""
    assert unlike_windows([*after, *others[:3]], 1.25) == ""


def test_a_run_that_ends_in_its_opening_rest_has_a_rest_of_one_piece() -> None:
    """There is no writing window to measure pieces by, and judging it costs no memory."""
    none = np.zeros(0, dtype=np.int64)
    until, pieces = untouched(history("r0[0 5]"), none, none, 10**9, 4 * 10**9, 0)
    assert (until, len(pieces)) == (10**9, 1)


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
