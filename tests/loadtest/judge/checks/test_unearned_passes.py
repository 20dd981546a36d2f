"""A PASS of the impact of writes is earned: what could not be compared is said, and what is slow is not hidden by it.

Each run is simulated, so that what the target did is known; then records are taken out of it, or made slow.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from altered import changed, due_in, slower, windows_of

from benchmarks.simulated_runs import Truth, simulated
from loadtest.judge.checks.write_impact import write_impact
from loadtest.judge.measure.impact import failures, measure_impact
from loadtest.run.history.history import Flags, History, Windows
from loadtest.run.records import Verdict, WindowKind
from loadtest.units import SECOND

SEED = 1


@cache
def recorded(truth: Truth = Truth()) -> History:  # noqa: B008 - frozen
    return simulated(truth, SEED)


def while_writing(history: History) -> Flags:
    return due_in(history, windows_of(history, WindowKind.WRITING))


def with_rests(history: History, count: int) -> History:
    """Only so many rests besides the one before the first PUT, as when a run was ended early."""
    rests = windows_of(history, WindowKind.REST)
    kept = ~np.isin(np.arange(len(history.windows)), rests[count + 1 :])
    return changed(history, windows=Windows(**{name: column[kept] for name, column in vars(history.windows).items()}))


def with_hole(history: History) -> History:
    """Nearly no read of one rest succeeded."""
    inside = due_in(history, windows_of(history, WindowKind.REST)[2:3])
    return changed(history, reads=history.reads.chosen(~inside | (np.arange(len(inside)) % 40 == 0)))


class TestRests:
    def test_a_run_with_all_of_them_passes(self) -> None:
        impact = measure_impact(recorded())
        assert (impact.verdict, impact.doubts) == (Verdict.PASS, ())
        assert impact.after is not None and impact.after.lags

    @pytest.mark.parametrize("count", [0, 1, 2])
    def test_that_were_planned_and_are_too_few_leave_it_open(self, count: int) -> None:
        impact = measure_impact(with_rests(recorded(), count))
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert f"what PUTs leave behind was not seen: of {count + 1} rest" in impact.sentence
        assert "this run has no rests" not in impact.sentence

    def test_of_which_one_holds_nearly_no_reads_leave_it_open(self) -> None:
        impact = measure_impact(with_hole(recorded()))
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert "at p50 and p99 rests hold too few reads to see what PUTs leave behind" in impact.sentence

    @pytest.mark.parametrize("count", [0, 2])
    def test_that_are_gone_do_not_hide_an_effect_that_outlasts_windows(self, count: int) -> None:
        lasting = recorded(Truth(after=2, after_to_s=4))
        assert measure_impact(lasting).verdict is Verdict.FAIL
        assert measure_impact(with_rests(lasting, count)).verdict is not Verdict.PASS
        assert measure_impact(with_hole(lasting)).verdict is not Verdict.PASS

    def test_that_were_never_planned_are_said_to_be_missing(self) -> None:
        impact = measure_impact(simulated(Truth(rests=False), 2))
        assert impact.verdict is Verdict.PASS
        assert "may reach into quiet windows and be missed: this run has no rests" in impact.sentence


def with_puts_that_hang(history: History) -> History:
    """Of pairs that begin with the writing window, the last PUT ends in the quiet one, and reads are slow meanwhile."""
    windows, writes, due = history.windows, history.writes, history.reads.scheduled_ns
    returned, met = writes.returned_ns.copy(), np.zeros(len(due), dtype=bool)
    follows = (windows.kind[:-1] == WindowKind.WRITING) & (windows.kind[1:] == WindowKind.QUIET)
    for place in np.flatnonzero(follows & (windows.pair[:-1] == windows.pair[1:])):
        last = int(np.searchsorted(writes.called_ns, windows.end_ns[place])) - 1
        returned[last] = windows.start_ns[place + 1] + SECOND // 10
        met |= (due >= windows.start_ns[place]) & (due <= returned[last])
    return slower(replace(history, writes=replace(writes, returned_ns=returned)), 3, met)


def test_puts_that_reach_into_quiet_windows_do_not_take_what_they_do_out_of_the_account() -> None:
    """Their pairs are left out, and those are the ones with slow reads: half of all writing windows here."""
    for seed in (2, 3):
        impact = measure_impact(with_puts_that_hang(simulated(Truth(), seed)))
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert "PUTs were still in flight in " in impact.doubts[0]
        assert "make --window longer" in impact.sentence


class TestWhatOutlastsAWindow:
    @pytest.mark.parametrize("seconds", [44, 90, 120])
    def test_twice_as_slow_for_four_seconds_never_passes(self, seconds: float) -> None:
        assert measure_impact(recorded(Truth(after=2, after_to_s=4, seconds=seconds))).verdict is not Verdict.PASS

    @pytest.mark.parametrize("rests", [True, False])
    def test_slower_between_windows_never_passes_as_faster(self, rests: bool) -> None:
        truth = Truth(after=2, after_from_s=1.5, after_to_s=3.5, rests=rests)
        assert measure_impact(recorded(truth)).verdict is not Verdict.PASS

    def test_counts_as_found(self) -> None:
        history = recorded(Truth(after=2, after_from_s=1.5, after_to_s=3.5))
        assert measure_impact(history).verdict is Verdict.FAIL
        assert write_impact(history).found == failures(measure_impact(history)) > 0


class TestKindsOfAnswer:
    def test_that_take_unlike_times_without_any_effect_never_fail(self) -> None:
        impact = measure_impact(recorded(Truth(unchanged_ms=0.5)))
        assert impact.verdict is not Verdict.FAIL
        assert impact.mix.quiet_share == pytest.approx(0.5, abs=0.02)
        assert impact.mix.writing_share == pytest.approx(0.63, abs=0.03)
        assert "is not a slowdown of the target" in impact.mix.sentence

    def test_of_which_one_never_comes_while_quiet_leave_it_open(self) -> None:
        history = recorded()
        reads, put = history.reads, history.writes.returned_ns
        since = reads.scheduled_ns - put[np.maximum(np.searchsorted(put, reads.scheduled_ns, side="right") - 1, 0)]
        fetched = since < SECOND // 10  # every reader asks for changes, and gets a document only after a PUT
        conditional = changed(history, reads=replace(reads, status=np.where(fetched, 200, 304)))
        impact = measure_impact(slower(conditional, 10, fetched))
        assert impact.verdict is Verdict.INCONCLUSIVE
        assert "of the reads while writing were answered 200, too few of which came while quiet" in impact.sentence

    def test_a_slow_tail_of_the_rarer_kind_is_found(self) -> None:
        history = recorded()
        some = np.random.default_rng(SEED).random(len(history.reads.status)) < 0.1
        rarer = while_writing(history) & (history.reads.status == 304)
        impact = measure_impact(slower(history, 10, rarer & some))
        assert impact.verdict is not Verdict.PASS


def test_an_interval_below_one_is_never_a_plain_pass() -> None:
    faster = measure_impact(recorded(Truth(while_writing=0.8)))
    assert faster.verdict is Verdict.INCONCLUSIVE
    assert "which no PUT causes" in faster.sentence
    little = measure_impact(recorded(Truth(while_writing=0.93)))
    assert any(estimate.high is not None and estimate.high < 1 for estimate in little.estimates)
    assert "which no PUT causes" in little.sentence


def test_a_kind_left_out_of_the_slowdown_at_a_quantile_is_no_pass_when_visitors_feel_it() -> None:
    """304s have too few reads in a window for a p99 of their own here, and every thirtieth is ten times as slow."""
    history = recorded()
    thinned = (history.reads.status == 200) | (np.arange(len(history.reads.status)) % 2 == 0)
    few = changed(history, reads=history.reads.chosen(thinned))
    slow = while_writing(few) & (few.reads.status == 304) & (np.arange(len(few.reads.status)) % 12 == 0)
    impact = measure_impact(slower(few, 10, slow))
    left_out = {kind.kind: kind.note for kind in impact.kinds}["304"]
    assert "not in the slowdown at p99" in left_out
    assert impact.verdict is not Verdict.PASS
    assert "windows hold too few answered 304 to tell whether those are slower" in impact.sentence
