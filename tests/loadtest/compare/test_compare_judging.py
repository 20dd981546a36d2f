"""Two runs compared: what is a regression, what is not, and what cannot be told."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from synthetic_windows import with_windows

from loadtest.compare.comparison import compare
from loadtest.compare.rows import Row, not_by_pauses
from loadtest.compare.shares import design_effect
from loadtest.compare.verdicts import judged
from loadtest.judge.measure.paused_windows import PAUSED
from loadtest.judge.measure.window_pairs import STILL_IN_FLIGHT
from loadtest.judge.statistics.signed_rank import Shift
from loadtest.run.records import Verdict
from loadtest.summary.findings import ThresholdResult
from loadtest.summary.parts import PlaceRow
from loadtest.summary.summary import Summary
from loadtest.summary.versions import Distribution

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def rows(base: Summary, new: Summary, group: str, tolerance: float = 1.07) -> dict[str, Row]:
    found = compare(base, new, tolerance)
    return {row.name: row for part in found.groups if part.title == group for row in part.rows}


def verdicts(base: Summary, new: Summary, group: str, tolerance: float = 1.07) -> set[Verdict | None]:
    return {row.verdict for row in rows(base, new, group, tolerance).values()}


def test_two_runs_alike_are_no_regression(clean: Summary) -> None:
    found = compare(with_windows(clean, seed=1), with_windows(clean, seed=2))
    assert found.verdict is PASS
    assert found.sentence == "Not a regression: nothing is worse than before by more than 1.07x."


def test_slower_reads_are(clean: Summary) -> None:
    found = compare(with_windows(clean, seed=1), with_windows(clean, seed=2, quiet=1.15, writing=1.15))
    assert found.verdict is FAIL
    assert found.sentence.startswith("Regression: Response time while quiet, p50; ")
    row = next(row for row in found.rows if row.name == "Response time while quiet, p50")
    assert row.low is not None and row.high is not None
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


ERRORS = "Reads that ended in an error"
STALE = "Writes after which a read was stale"
HONOURED = "304 among answers that could have been 304"


def with_errors(summary: Summary, errors: int, *, bursts: int = 0) -> Summary:
    """Errors spread evenly over the buckets of time, or in so many bursts."""
    series = summary.latency.series
    count = len(series.errors)
    places = [number * count // (bursts or errors or 1) for number in range(bursts or errors)]
    share = [0] * count
    for number in range(errors):
        share[places[number % len(places)]] += 1
    return replace(
        summary,
        availability=replace(summary.availability, errors=errors),
        latency=replace(summary.latency, series=replace(series, errors=tuple(share))),
    )


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (0, 0, PASS), (0, 5, PASS), (0, 10, OPEN), (0, 60, FAIL),
        (60, 60, PASS), (60, 0, PASS), (60, 75, OPEN), (60, 200, FAIL),
    ],
)  # fmt: skip
def test_errors_of_6000_reads(clean: Summary, before: int, after: int, verdict: Verdict) -> None:
    row = rows(with_errors(clean, before), with_errors(clean, after), "Shares")[ERRORS]
    assert row.verdict is verdict


def test_one_burst_of_errors_weighs_less_than_as_many_spread_out(clean: Summary) -> None:
    assert rows(clean, with_errors(clean, 60), "Shares")[ERRORS].verdict is FAIL
    assert rows(clean, with_errors(clean, 60, bursts=1), "Shares")[ERRORS].verdict is OPEN


def test_the_design_effect() -> None:
    assert design_effect([0] * 10, [100] * 10) == 1
    assert design_effect([1] * 10, [100] * 10) == 1
    assert design_effect([10, *[0] * 9], [100] * 10) == pytest.approx(10, rel=0.02)
    assert design_effect([], []) == 1


def stale_writes(summary: Summary, followed: int, cut_off: int = 0) -> Summary:
    """After so many writes a read was stale; the windows of ``cut_off`` more lasted until the run ended."""
    last = Distribution(followed, 1, 1, 1, 1, 1) if followed else Distribution(0, None, None, None, None, None)
    found = replace(summary.consistency, last_stale=last, cut_off=cut_off, censored=cut_off)
    return replace(summary, consistency=found)


def test_stale_writes(clean: Summary) -> None:
    none, two, many = (stale_writes(clean, count) for count in (0, 2, 30))
    assert rows(none, none, "Shares")[STALE].verdict is PASS
    assert rows(none, two, "Shares")[STALE].verdict is OPEN
    assert rows(none, many, "Shares")[STALE].verdict is FAIL
    assert rows(many, many, "Shares")[STALE].verdict is PASS
    assert rows(many, none, "Shares")[STALE].verdict is PASS


def test_writes_that_readers_never_saw_before_the_run_ended_are_stale_too(clean: Summary) -> None:
    """A cache that never lets go: no window ends, so none is in the quantiles of windows that were followed."""
    writes = clean.consistency.writes
    never, always = stale_writes(clean, 0), stale_writes(clean, 0, cut_off=writes)
    row = rows(never, always, "Shares")[STALE]
    assert (row.base, row.new, row.verdict) == ("0 %", "100 %", FAIL)
    assert rows(always, never, "Shares")[STALE].verdict is PASS
    assert rows(always, stale_writes(clean, writes), "Shares")[STALE].verdict is PASS
    assert rows(stale_writes(clean, 10, cut_off=20), stale_writes(clean, 30), "Shares")[STALE].verdict is PASS


def test_fewer_304_are_worse_and_more_are_better(clean: Summary) -> None:
    def honoured(share: float) -> Summary:
        all_of_them = clean.conditional.could_have_been
        return replace(clean, conditional=replace(clean.conditional, not_modified=round(share * all_of_them)))

    assert rows(honoured(1.0), honoured(0.9), "Shares")[HONOURED].verdict is FAIL
    assert rows(honoured(0.9), honoured(1.0), "Shares")[HONOURED].verdict is PASS
    nothing = replace(clean, conditional=replace(clean.conditional, could_have_been=0, not_modified=0))
    assert rows(clean, nothing, "Shares")[HONOURED].verdict is None


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (PASS, PASS, PASS), (PASS, OPEN, OPEN), (PASS, FAIL, FAIL),
        (OPEN, PASS, PASS), (OPEN, OPEN, OPEN), (OPEN, FAIL, OPEN),
        (FAIL, PASS, PASS), (FAIL, OPEN, PASS), (FAIL, FAIL, PASS),
    ],
)  # fmt: skip
def test_verdicts_side_by_side(before: Verdict, after: Verdict, verdict: Verdict) -> None:
    found, sentence = judged("Fresh reads", before, after, "What was found.")
    assert found is verdict
    assert bool(sentence) == (verdict is not PASS)


def test_a_check_that_fails_now_is_a_regression(clean: Summary, lagging: Summary) -> None:
    found = compare(clean, lagging)
    assert found.verdict is FAIL
    assert rows(clean, lagging, "Promises")["Fresh reads"].verdict is FAIL
    assert rows(lagging, clean, "Promises")["Fresh reads"].verdict is PASS


def test_a_check_that_only_one_run_has_was_not_tried_in_the_other(clean: Summary) -> None:
    title = clean.checks[0].title
    fewer = replace(clean, checks=clean.checks[1:])
    failing = replace(clean, checks=(replace(clean.checks[0], verdict=FAIL), *clean.checks[1:]))
    row = rows(fewer, clean, "Promises")[title]
    assert (row.base, row.new, row.change, row.verdict) == ("not there", "PASS", "", PASS)
    assert rows(fewer, failing, "Promises")[title].verdict is OPEN
    assert rows(clean, fewer, "Promises")[title].verdict is OPEN


def test_a_threshold_that_only_one_run_has_is_shown_and_not_judged(clean: Summary) -> None:
    number = clean.questions[0].number
    limited = replace(clean, thresholds=(ThresholdResult("p99 < 1s", FAIL, number, 1e9, "Too slow."),))
    row = rows(clean, limited, "Promises")["p99 < 1s"]
    assert (row.base, row.new, row.verdict) == ("not there", "FAIL", None)


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: replace(run, settings=run.settings | {"payload_bytes": 1}), "payload bytes (16384 and 1)"),
        (lambda run: replace(run, settings=run.settings | {"documents": "3 of yours"}), "(made up and 3 of yours)"),
        (lambda run: replace(run, settings=run.settings | {"arrival_rate": 5.0}), "arrival rate (75 and 5)"),
        (lambda run: replace(run, settings=run.settings | {"arrival_process": "poisson"}), "recorded and poisson"),
        (lambda run: replace(run, settings=run.settings | {"conditional_share": 0.1}), "share (0.5 and 0.1)"),
        (lambda run: replace(run, settings=run.settings | {"users": 7}), "users (50 and 7)"),
        (lambda run: replace(run, target=run.target | {"kind": "aws"}), "kind of target (sandbox and aws)"),
        (lambda run: replace(run, target=run.target | {"addresses": [{}, {}]}), "compared all together (1 and 2)"),
    ],
)  # fmt: skip
def test_unlike_runs_are_told(clean: Summary, change: Callable[..., object], said: str) -> None:
    other = replace(clean, run=change(clean.run))  # type: ignore[arg-type]
    assert said in ", ".join(map(str, compare(clean, other).unlike))
    assert compare(clean, clean).unlike == ()


def test_runs_from_several_places_are_not_compared_as_one(clean: Summary) -> None:
    """What got slower at the place with few of the reads would not show in the numbers of all."""
    far = PlaceRow("Tokyo", 1, 5, 0, 1, 1, 1, None, None, None, 0, None, None, 0, (PASS, PASS, PASS, PASS))
    both = replace(clean, places=(replace(far, place="Oslo"), far))
    assert "how many places, whose reads are compared all together (1 and 2)" in map(str, compare(clean, both).unlike)
    assert compare(both, both).unlike


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: replace(run, duration_ns=3 * run.duration_ns), "unlike length (80.0 s and 4 min 0 s)"),
        (lambda run: replace(run, host=run.host | {"cpus": 64}), "unlike machines"),
        (lambda run: replace(run, host=run.host | {"load_average": [3.5, 1.0, 1.0]}), "load 0.5 and 3.5"),
        (lambda run: replace(run, versions={"locust": "9"}), "unlike versions of locust, python"),
        (
            lambda run: replace(run, ended=replace(run.ended, recovered=True, reason="killed")),
            "The new run is not complete: killed.",
        ),
        (lambda run: replace(run, settings=run.settings | {"max_staleness": 1.0}), "max staleness (0 and 1)"),
        (lambda run: run, "Both are the same run."),
    ],
)
def test_what_should_be_known_is_said(clean: Summary, change: Callable[..., object], said: str) -> None:
    base = replace(clean, run=replace(clean.run, host=clean.run.host | {"load_average": [0.5, 0.5, 0.5]}))
    other = replace(base, run=change(base.run))  # type: ignore[arg-type]
    assert any(said in note for note in compare(base, other).notes)


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
        windows[place] = replace(row, dropped=PAUSED, **slow)  # type: ignore[arg-type]
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
