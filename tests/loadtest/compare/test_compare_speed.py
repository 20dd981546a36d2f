"""Response times of two runs compared: what is slower, what is not, and what drift, noise and pauses leave open."""

import math
from dataclasses import replace

import pytest
from synthetic_windows import rows, verdicts, with_windows

from loadtest.compare.comparison import compare
from loadtest.compare.rows import Row, not_by_pauses
from loadtest.judge.measure.paused_windows import PAUSED
from loadtest.judge.measure.window_pairs import STILL_IN_FLIGHT
from loadtest.judge.statistics.signed_rank import Shift
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def test_two_runs_alike_are_no_regression(clean: Summary) -> None:
    found = compare(with_windows(clean, seed=1), with_windows(clean, seed=2))
    assert found.verdict is PASS
    assert found.sentence == "Not a regression: nothing is worse than before by more than 1.07x."


def test_slower_reads_are(clean: Summary) -> None:
    found = compare(with_windows(clean, seed=1), with_windows(clean, seed=2, quiet=1.15, writing=1.15))
    assert found.verdict is FAIL
    assert found.sentence.startswith("Regression: Response time while quiet, p50; ")
    row = next(row for row in found.rows if row.name == "Response time while quiet, p50")
    assert row.low < 1.15 < row.high


def test_only_slower_while_writing_is_seen_in_both_groups(clean: Summary) -> None:
    base, new = with_windows(clean, seed=1), with_windows(clean, seed=2, writing=1.3)
    speed = rows(base, new, "Response time")
    assert {row.verdict for name, row in speed.items() if "quiet" in name} == {PASS}
    assert {row.verdict for name, row in speed.items() if "writing" in name} == {FAIL}


def test_faster_reads_are_no_regression(clean: Summary) -> None:
    assert compare(with_windows(clean, seed=1), with_windows(clean, seed=2, quiet=0.7, writing=0.7)).verdict is PASS


def test_noisy_windows_leave_it_open(clean: Summary) -> None:
    base, new = (with_windows(clean, seed=seed, noise=0.08, pairs=10) for seed in (1, 2))
    found = compare(base, new)
    assert found.verdict is OPEN
    assert found.sentence.startswith("No regression is shown, but ")
    assert any("which spans the tolerated 1.07x: " in row.sentence for row in found.rows)


def test_drift_within_the_runs_leaves_it_open(clean: Summary) -> None:
    def slope(at_s: float) -> float:
        return 0.15 * at_s / 120

    still = verdicts(with_windows(clean, seed=1), with_windows(clean, seed=2), "Response time")
    drifting = rows(with_windows(clean, seed=1, drift=slope), with_windows(clean, seed=2, drift=slope), "Response time")
    assert still == {PASS}
    assert {row.verdict for row in drifting.values()} == {OPEN}
    assert all("the runs drift that much, so measure longer" in row.sentence for row in drifting.values())


def test_a_wider_tolerance_tolerates_more(clean: Summary) -> None:
    base, new = with_windows(clean, seed=1), with_windows(clean, seed=2, quiet=1.15, writing=1.15)
    assert verdicts(base, new, "Response time", tolerance=1.3) == {PASS}


@pytest.mark.parametrize("pairs", [0, 3])
def test_too_few_windows_are_never_a_pass(clean: Summary, pairs: int) -> None:
    base, new = with_windows(clean, seed=1), with_windows(clean, seed=2, pairs=pairs)
    assert verdicts(base, new, "Response time") == {OPEN}


def test_a_slow_load_generator_decides_nothing(clean: Summary) -> None:
    checks = tuple(replace(c, verdict=OPEN) if c.id == "load-generator" else c for c in clean.checks)
    slow = replace(with_windows(clean, seed=2, quiet=2, writing=2), checks=checks)
    assert verdicts(with_windows(clean, seed=1), slow, "Response time") == {OPEN}


@pytest.mark.parametrize(("delay_ns", "verdict"), [(255_000, FAIL), (500_000, FAIL), (600_000, OPEN)])
def test_a_busier_machine_is_not_a_slower_target(clean: Summary, delay_ns: int, verdict: Verdict) -> None:
    """Reads take 15 % more of some 3 to 7 ms; the generator's delay was 255 µs in the base run."""
    new = with_windows(clean, seed=2, quiet=1.15, writing=1.15)
    delay = replace(new.generator.loop_delay, p99_ns=delay_ns)
    busy = replace(new, generator=replace(new.generator, loop_delay=delay))
    found = rows(with_windows(clean, seed=1), busy, "Response time")
    assert {row.verdict for row in found.values()} == {verdict}
    assert any("its machine was busier" in row.sentence for row in found.values()) == (verdict is OPEN)


def test_windows_that_were_dropped_do_not_count(clean: Summary) -> None:
    base, new = with_windows(clean, seed=1), with_windows(clean, seed=2, quiet=2, writing=2)
    dropped = tuple(replace(window, dropped="a PUT was in flight") for window in new.impact.windows)
    assert verdicts(base, replace(new, impact=replace(new.impact, windows=dropped)), "Response time") == {OPEN}


def test_windows_left_out_for_what_the_target_did_leave_it_open(clean: Summary) -> None:
    """The PUTs that reach into quiet windows are the slow ones, so the windows that are left show the fast ones."""

    def without(run: Summary, count: int) -> Summary:
        windows = [
            replace(window, dropped=STILL_IN_FLIGHT) if place % 2 == 0 and place < 2 * count else window
            for place, window in enumerate(run.impact.windows)
        ]
        return replace(run, impact=replace(run.impact, windows=tuple(windows)))

    base, new = with_windows(clean, seed=1), with_windows(clean, seed=2)
    assert verdicts(base, without(new, 15), "Response time") == {PASS}
    found = rows(base, without(new, 16), "Response time")
    assert {row.verdict for row in found.values()} == {OPEN}
    assert all("16 of 60 windows of the new run are left out" in row.sentence for row in found.values())


def impact_of(summary: Summary, ratio: float, reach: float = 1.03) -> Summary:
    estimates = tuple(
        replace(estimate, ratio=ratio, low=ratio / reach, high=ratio * reach) for estimate in summary.impact.estimates
    )
    return replace(summary, impact=replace(summary.impact, estimates=estimates))


def test_impact_can_tell_a_regression_but_is_no_condition_of_a_pass(clean: Summary) -> None:
    group = "Slowdown while writing"
    assert verdicts(impact_of(clean, 1.0), impact_of(clean, 1.2), group) == {FAIL}
    assert verdicts(impact_of(clean, 1.0), impact_of(clean, 1.2, reach=1.3), group) == {None}
    assert verdicts(impact_of(clean, 1.2), impact_of(clean, 1.0), group) == {None}


def test_a_kind_of_answer_that_got_slower_does_not_hide_behind_more_of_the_faster_one(clean: Summary) -> None:
    """More 304s keep the median of all reads where it was, while each whole document takes half as long again."""

    def slower(summary: Summary, factor: float, count: int = 3_000) -> Summary:
        table = tuple(
            replace(row, response=replace(row.response, count=count, p50_ns=int((row.response.p50_ns or 0) * factor)))
            if row.population == "200"
            else row
            for row in summary.latency.rows
        )
        return replace(summary, latency=replace(summary.latency, rows=table))

    base, new = slower(with_windows(clean, seed=1), 1.0), with_windows(clean, seed=2)
    group, name = "Response time by kind of answer", "Response time of 200 answers, p50"
    assert rows(base, slower(new, 1.02), group)[name].verdict is None
    assert rows(base, slower(new, 1.5), group)[name].verdict is OPEN
    assert rows(base, slower(new, 1.5, count=999), group)[name].verdict is None
    assert compare(base, slower(new, 1.5)).verdict is OPEN


def test_run_noise_that_no_run_can_beat_is_said(clean: Summary) -> None:
    found = compare(with_windows(clean, seed=1), with_windows(clean, seed=2), run_noise=0.1)
    assert found.verdict is OPEN
    assert any("run-to-run noise alone is that large" in row.sentence for row in found.rows)


def paused(summary: Summary, count: int, factor: float = 1.0) -> Summary:
    """A run whose generator paused in its first windows, which were slower by a factor."""
    windows = list(summary.impact.windows)
    for place in range(count):
        row = windows[place]
        slow = {name: int((getattr(row, name) or 0) * factor) for name in ("p50_ns", "p90_ns", "p99_ns")}
        windows[place] = replace(row, dropped=PAUSED, **slow)
    return replace(summary, impact=replace(summary.impact, windows=tuple(windows), windows_paused=count))


def test_windows_in_which_a_generator_paused_are_left_out_and_counted(clean: Summary) -> None:
    base, new = with_windows(clean, seed=1), paused(with_windows(clean, seed=2), 6, 5.0)
    made = compare(base, new)
    assert made.verdict is Verdict.PASS
    assert made.notes[0] == (
        "Left out because the load generator itself paused in them: 0 windows of the base run and 6 windows of the new "
        "run."
    )
    assert "paused" not in "".join(compare(base, with_windows(clean, seed=2)).notes)


def test_too_many_pauses_leave_a_comparison_undecided(clean: Summary) -> None:
    made = compare(with_windows(clean, seed=1), paused(with_windows(clean, seed=2), 20))
    assert made.verdict is Verdict.INCONCLUSIVE
    assert "the load generator of the new run itself paused in 20 windows of 60." in made.rows[0].sentence


def test_what_passes_only_without_the_pauses_is_undecided() -> None:
    row, limit = Row("p99", "", "", verdict=Verdict.PASS), math.log(1.07)
    assert not_by_pauses(row, Shift(0.2, 0.1, 0.3), 1.07).verdict is Verdict.INCONCLUSIVE
    assert not_by_pauses(row, Shift(0.2, limit, 0.3), 1.07) is row
    assert not_by_pauses(row, None, 1.07) is row
