"""Shares, promises and settings of two runs compared: what is a regression, what is not, and what cannot be told."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from synthetic_windows import rows

from loadtest.compare.comparison import compare
from loadtest.compare.shares import design_effect
from loadtest.compare.verdicts import judged
from loadtest.judge.thresholds.metrics import METRICS
from loadtest.report.tables_versions import conditional_facts
from loadtest.run.records import Verdict
from loadtest.summary.findings import ThresholdResult
from loadtest.summary.parts import PlaceRow
from loadtest.summary.summary import Summary
from loadtest.summary.versions import Distribution
from loadtest.trend.numbers import headlines

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
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


def test_what_304s_save_has_one_name_in_all_that_is_said_of_it(clean: Summary) -> None:
    name = clean.questions[3].number.name
    told = {row.name for group in compare(clean, clean).groups for row in group.rows}
    followed = {headline.title for headline in headlines()}
    assert name.capitalize() in told & followed & {fact.name for fact in conditional_facts(clean)}
    assert METRICS["bytes_saved"].definition == f"the {name}"


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: replace(run, settings=run.settings | {"payload_bytes": 1}), "payload bytes (16384 and 1)"),
        (lambda run: replace(run, settings=run.settings | {"documents": "3 of yours"}), "(made up and 3 of yours)"),
        (lambda run: replace(run, settings=run.settings | {"writer": "watch"}), "writer (publish and watch)"),
        (lambda run: replace(run, settings=run.settings | {"watch_interval": 2.0}), "interval (not recorded and 2)"),
        (lambda run: replace(run, settings=run.settings | {"arrival_rate": 5.0}), "arrival rate (75 and 5)"),
        (lambda run: replace(run, settings=run.settings | {"arrival_process": "poisson"}), "recorded and poisson"),
        (lambda run: replace(run, settings=run.settings | {"conditional_share": 0.1}), "share (0.5 and 0.1)"),
        (lambda run: replace(run, settings=run.settings | {"users": 7}), "users (50 and 7)"),
        (lambda run: replace(run, target=run.target | {"kind": "aws"}), "kind of target (sandbox and aws)"),
        (lambda run: replace(run, target=run.target | {"addresses": [{}, {}]}), "compared all together (1 and 2)"),
    ],
)  # fmt: skip
def test_unlike_runs_are_told(clean: Summary, change: Callable[..., object], said: str) -> None:
    other = replace(clean, run=change(clean.run))
    assert said in ", ".join(map(str, compare(clean, other).unlike))
    assert compare(clean, clean).unlike == ()


def test_nothing_passes_beside_a_run_of_whose_record_a_part_is_missing(clean: Summary) -> None:
    ended = replace(clean.run.ended, missing=("Worker 2 of 2 left no record: all 60 s of it are missing.",))
    other = replace(clean, run=replace(clean.run, id="another"))
    part = replace(other, run=replace(other.run, ended=ended))
    assert compare(clean, other, 2.0).verdict is PASS
    for label, runs in (("base", (part, clean)), ("new", (clean, part))):
        found = compare(*runs, 2.0)
        assert found.verdict is OPEN
        assert found.sentence.endswith(f"this does not pass: Part of the record of the {label} run is missing.")


def test_a_run_that_is_compared_with_itself_passes_nothing(clean: Summary) -> None:
    """A run is as good as itself: a job that names one run twice would pass whatever the build."""
    found = compare(clean, clean, 2.0)
    assert found.verdict is OPEN
    assert found.sentence.endswith("this does not pass: Both are the same run.")


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
    other = replace(base, run=change(base.run))
    assert any(said in note for note in compare(base, other).notes)
