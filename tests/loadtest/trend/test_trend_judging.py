"""What a trend says of runs: worse, better, recovered, acknowledged, undecided, split; and since when."""

import math
from dataclasses import replace

import pytest

from loadtest.errors import UsageError
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary
from loadtest.trend.acknowledged import Acknowledged
from loadtest.trend.records import PromiseTrend, Trend
from loadtest.trend.report_files import trend_json
from loadtest.trend.trending import trend
from tests.loadtest.trend.made_runs import commit, number, run_at, series, with_check
from tests.reports.report_summaries import empty


def promise_of(made: Trend, name: str) -> PromiseTrend:
    return next(one for one in made.promises if one.id == name)


def test_flat_runs_pass(clean: Summary) -> None:
    made = trend(series(clean, [1.0] * 40))
    assert made.verdict is Verdict.PASS
    assert made.sentence == "Nothing got worse in the last 10 of 40 runs."
    assert not any(one.changes for one in made.numbers)


def test_a_step_fails_with_its_size_and_its_first_commit(clean: Summary) -> None:
    made = trend(series(clean, [1.0] * 34 + [1.15] * 6))
    assert made.verdict is Verdict.FAIL
    assert f"since commit {commit(34)[:10]}" in made.sentence
    (change,) = number(made).changes
    assert change.counts and change.worse and change.recent
    assert (change.run, change.after) == (34, 33)
    assert change.low < 1.15 < change.high
    assert change.p < 0.01


def test_the_order_in_which_runs_are_given_is_of_no_matter_and_a_run_given_twice_is_one(clean: Summary) -> None:
    runs = series(clean, [1.0] * 34 + [1.15] * 6)
    assert trend([*reversed(runs), runs[3]]) == trend(runs)


@pytest.mark.parametrize(
    ("factors", "last", "verdict"),
    [
        ([1.0] * 20 + [1.2] * 20, 10, Verdict.PASS),  # worse before the last runs
        ([1.0] * 20 + [1.2] * 20, 25, Verdict.FAIL),
        ([1.0] * 25 + [1.3] * 8 + [1.15] * 7, 20, Verdict.FAIL),  # half recovered
        ([1.0] * 30 + [2.0], 10, Verdict.INCONCLUSIVE),  # wild at the end
        ([1.0] * 29 + [2.0, 2.0], 10, Verdict.INCONCLUSIVE),
        ([1.0] * 20 + [2.0] + [1.0] * 12, 10, Verdict.PASS),  # wild in the middle
    ],
)
def test_what_got_worse_in_the_last_runs_and_stayed_so_fails(
    clean: Summary, factors: list[float], last: int, verdict: Verdict
) -> None:
    made = trend(series(clean, factors), last=last)
    assert made.verdict is verdict
    assert ("measure again" in made.sentence) == (verdict is Verdict.INCONCLUSIVE)


def test_an_improvement_never_fails(clean: Summary) -> None:
    made = trend(series(clean, [1.0] * 30 + [0.8] * 10))
    assert made.verdict is Verdict.PASS
    assert [change.worse for change in number(made).changes] == [False]


def test_what_recovered_does_not_fail(clean: Summary) -> None:
    made = trend(series(clean, [1.0] * 25 + [1.2] * 8 + [1.0] * 7), last=20)
    assert made.verdict is Verdict.PASS
    first, second = number(made).changes
    assert first.recovered and not first.counts
    assert not second.worse


def test_small_steps_that_add_up_fail_with_the_first_of_them(clean: Summary) -> None:
    """Each is within the tolerance, and together they are not."""
    runs = series(clean, [1.0] * 20 + [1.025] * 10 + [1.05] * 10, noise=0.002)
    made = trend(runs, last=25)
    assert all(change.small for change in number(made).changes)
    assert made.verdict is Verdict.FAIL
    assert f"since commit {commit(20)[:10]}" in made.sentence
    assert trend(runs, last=25, tolerance=1.1).verdict is Verdict.PASS


def test_an_acknowledged_change_passes_and_a_later_one_does_not(clean: Summary) -> None:
    known = (Acknowledged("*", commit(25)[:8], "", None, "twice the size"),)
    runs = series(clean, [1.0] * 25 + [1.2] * 15)
    assert trend(runs, last=20).verdict is Verdict.FAIL
    accepted = trend(runs, last=20, acknowledged=known)
    assert accepted.verdict is Verdict.PASS
    assert {change.acknowledged for change in number(accepted).changes} == {"twice the size"}
    again = series(clean, [1.0] * 25 + [1.2] * 10 + [1.4] * 5)
    made = trend(again, last=20, acknowledged=known)
    assert made.verdict is Verdict.FAIL
    assert f"since commit {commit(35)[:10]}" in made.sentence


def test_no_more_is_accepted_than_was_acknowledged(clean: Summary) -> None:
    runs = series(clean, [1.0] * 25 + [1.4] * 15)
    known = Acknowledged("*", "", "run-025", 1.2, "a little slower")
    assert trend(runs, last=20, acknowledged=(known,)).verdict is Verdict.FAIL
    assert trend(runs, last=20, acknowledged=(replace(known, at_most=1.5),)).verdict is Verdict.PASS


def test_a_limit_for_all_numbers_accepts_no_share_and_no_broken_promise(clean: Summary) -> None:
    known = Acknowledged("*", "", "run-025", 1.2, "larger documents")
    runs = series(clean, [1.0] * 40)
    broken = [*runs[:25], *(with_check(run, "whole-bodies", Verdict.FAIL) for run in runs[25:])]
    failing = replace(clean.availability, errors=clean.availability.reads // 10)
    errors = [*runs[:25], *(replace(run, availability=failing) for run in runs[25:])]
    for worse in (broken, errors):
        assert trend(worse, last=20, acknowledged=(known,)).verdict is Verdict.FAIL
        assert trend(worse, last=20, acknowledged=(replace(known, at_most=None),)).verdict is Verdict.PASS
    share = replace(known, number="errors", at_most=0.2)
    assert trend(errors, last=20, acknowledged=(share,)).verdict is Verdict.PASS
    assert trend(errors, last=20, acknowledged=(replace(share, at_most=0.05),)).verdict is Verdict.FAIL


def test_an_acknowledgement_of_nothing_is_said(clean: Summary) -> None:
    made = trend(series(clean, [1.0] * 12), acknowledged=(Acknowledged("*", "abcdef0", "", None, "old"),))
    assert any("abcdef0" in note for note in made.notes)


def test_too_few_runs_are_undecided(clean: Summary) -> None:
    made = trend(series(clean, [1.0] * 9))
    assert made.verdict is Verdict.INCONCLUSIVE
    assert "at least 10 are needed" in made.sentence


def test_a_promise_that_broke_fails_at_once(clean: Summary) -> None:
    runs = series(clean, [1.0] * 20)
    runs[-1] = with_check(runs[-1], "whole-bodies", Verdict.FAIL)
    made = trend(runs)
    assert made.verdict is Verdict.FAIL
    assert f"since commit {commit(19)[:10]}" in made.sentence
    assert "fails" in made.sentence


@pytest.mark.parametrize(
    ("failing", "undecided", "verdict"),
    [
        ({12}, set(), Verdict.FAIL),  # never before, and now and then since: worse, though it passes again
        ({3, 12}, set(), Verdict.PASS),  # it failed now and then before
        ({3, 12, 14, 16, 18}, set(), Verdict.PASS),  # 4 of 10 runs after 1 of 10 may be chance
        ({1, 10, 11, 12, 14, 15, 17, 18}, set(), Verdict.FAIL),  # far more often than before, though it passes again
        (set(range(20)), set(), Verdict.PASS),  # it never passed, so it did not get worse
        (set(range(5, 20)), set(), Verdict.PASS),  # worse before the last runs
        (set(range(9, 20)), set(), Verdict.PASS),  # and with the run just before them
        ({3, *range(14, 20)}, set(), Verdict.FAIL),  # it passed, and only fails now
        (set(), set(range(10, 20)), Verdict.INCONCLUSIVE),
        (set(), set(range(10, 19)), Verdict.PASS),
    ],
)
def test_promises(clean: Summary, failing: set[int], undecided: set[int], verdict: Verdict) -> None:
    runs = [
        with_check(
            run,
            "monotonic-reads",
            Verdict.FAIL if at in failing else Verdict.INCONCLUSIVE if at in undecided else Verdict.PASS,
        )
        for at, run in enumerate(series(clean, [1.0] * 20))
    ]
    made = trend(runs)
    promise = promise_of(made, "monotonic-reads")
    assert promise.verdict is verdict
    assert made.verdict is verdict


def test_a_promise_that_no_run_decides_does_not_pass_and_is_named(clean: Summary) -> None:
    """Nor does it keep a trend of short runs undecided for ever: what they measured is followed all the same."""
    runs = [with_check(run, "monotonic-reads", Verdict.INCONCLUSIVE) for run in series(clean, [1.0] * 20)]
    made = trend(runs)
    promise = promise_of(made, "monotonic-reads")
    assert promise.verdict is Verdict.INCONCLUSIVE
    assert "undecided in all runs" in promise.sentence
    assert any("Decided in no run" in note and promise.title in note for note in made.notes)
    assert made.verdict is Verdict.PASS


def test_promises_judged_by_another_tolerance_do_not_count(clean: Summary) -> None:
    runs = series(clean, [1.0] * 20)
    runs[:15] = [run_at(clean, at, 1.0, max_staleness=5.0) for at in range(15)]
    runs[15:] = [with_check(run, "fresh-reads", Verdict.FAIL) for run in runs[15:]]
    made = trend(runs)
    promise = promise_of(made, "fresh-reads")
    assert promise.verdict is Verdict.PASS
    assert promise.verdicts[:15] == (None,) * 15
    assert any("tolerances" in note for note in made.notes)


def test_an_undecided_run_is_shown_and_weighs_by_its_interval(clean: Summary) -> None:
    runs = series(clean, [1.0] * 30)
    runs[12] = replace(runs[12], verdict=Verdict.INCONCLUSIVE)
    made = trend(runs)
    assert made.runs[12].verdict is Verdict.INCONCLUSIVE
    assert len(number(made).values) == 30


def test_a_generator_that_was_too_slow_adds_its_own_delay_to_the_doubt(clean: Summary) -> None:
    """Six slow runs whose generator was late by as much are no evidence against the target."""
    runs = series(clean, [1.0] * 30 + [1.3] * 6)
    assert trend(runs).verdict is Verdict.FAIL
    late = replace(clean.generator, loop_delay=replace(clean.generator.loop_delay, p99_ns=50_000_000))
    runs[30:] = [replace(with_check(run, "load-generator", Verdict.INCONCLUSIVE), generator=late) for run in runs[30:]]
    made = trend(runs)
    assert not any(change.counts for change in number(made).changes)
    assert number(made).values[-1].doubt


def test_what_is_not_measured_any_more_is_undecided(clean: Summary) -> None:
    runs = series(clean, [1.0] * 20)
    runs[17:] = [replace(run, latency=replace(clean.latency, rows=())) for run in runs[17:]]
    made = trend(runs)
    assert made.verdict is Verdict.INCONCLUSIVE
    assert number(made).sentence.endswith("was not measured in the newest 3 runs.")


def test_nothing_measured_at_all_is_undecided(clean: Summary) -> None:
    runs = [replace(empty(), run=run.run) for run in series(clean, [1.0] * 12)]
    assert trend(runs).verdict is Verdict.INCONCLUSIVE


def test_a_share_that_rises_fails(clean: Summary) -> None:
    runs = series(clean, [1.0] * 20)
    saving = [replace(run.conditional, saved_share=run.conditional.saved_share / 3) for run in runs]
    runs[15:] = [replace(run, conditional=less) for run, less in zip(runs[15:], saving[15:], strict=True)]
    made = trend(runs)
    (change,) = number(made, "bytes-saved").changes
    assert change.counts and change.worse and change.size < 0
    assert change.run == 15


def test_runs_of_old_versions_have_no_commit_and_are_followed(clean: Summary) -> None:
    runs = [replace(run, run=replace(run.run, source=None)) for run in series(clean, [1.0] * 24 + [1.2] * 6)]
    made = trend(runs)
    assert made.verdict is Verdict.FAIL
    assert "since run run-024" in made.sentence
    assert any("did not record a commit" in note for note in made.notes)


@pytest.mark.parametrize("absurd", [math.inf, math.nan, -1.0, 0.0, 1e308])
def test_values_that_no_run_can_have_given_break_nothing(clean: Summary, absurd: float) -> None:
    runs = series(clean, [1.0] * 14)
    wild = [replace(one, ratio=absurd, low=absurd / 1e300, high=absurd) for one in clean.impact.estimates]
    runs[5] = replace(
        runs[5],
        impact=replace(runs[5].impact, estimates=tuple(wild)),
        conditional=replace(runs[5].conditional, saved_share=absurd),
    )
    made = trend(runs)
    trend_json(made)
    assert made.verdict is Verdict.PASS


def test_a_run_without_a_time_is_refused(clean: Summary) -> None:
    run = replace(clean, run=replace(clean.run, started="yesterday"))
    with pytest.raises(UsageError, match="yesterday"):
        trend([run])
