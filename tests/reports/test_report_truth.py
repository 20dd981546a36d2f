"""Sentences of the reports say only what holds of the run, of what, and what it was measured against."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import altair as alt
import pytest
import report_summaries
import vl_convert

from loadtest.judge.checks.promise import FINDINGS
from loadtest.judge.checks.registry import CHECKS
from loadtest.report import check_limits
from loadtest.report.charts_latency import latency_over_time
from loadtest.report.charts_slowdown import since_put, slowdown_during_put
from loadtest.report.charts_versions import consistency_timeline, visibility
from loadtest.report.markdown import markdown
from loadtest.report.page import page
from loadtest.report.tables_latency import latency_tables
from loadtest.report.tables_run import availability_facts, bases_table, settings_tables
from loadtest.report.tables_slowdown import put_note
from loadtest.report.tables_versions import conditional_facts, consistency_facts, visibility_table
from loadtest.report.tables_windows import windows_table
from loadtest.report.writing_shades import written_stretches
from loadtest.run.records import Verdict
from loadtest.summary.generator import GeneratorPause, PausedQuantile
from loadtest.summary.speed import SincePut, SlowestReads
from loadtest.summary.summary import Summary

MS, S = report_summaries.MS, report_summaries.S


def fact(facts: Any, name: str) -> tuple[str, str]:
    return next((one.text, one.definition) for one in facts if one.name == name)


def with_pause(summary: Summary) -> Summary:
    return replace(
        summary,
        generator=replace(
            summary.generator,
            pauses=(GeneratorPause(0, 21 * S, 138 * MS),),
            paused_quantiles=(PausedQuantile("all", "response", "max"), PausedQuantile("quiet", "response", "p99.9")),
            paused_longest_gap=True,
            pause_sentence="At 21.0 s the load generator itself paused for 138 ms.",
        ),
    )


def test_of_a_run_in_which_no_read_could_be_stale_none_is_said_to_be_fresh() -> None:
    facts = consistency_facts(report_summaries.empty())
    for name in ("Stale reads", "Age of the stalest read", "Longest consistency window"):
        assert fact(facts, name)[0] == "not measured"


@pytest.mark.parametrize(
    ("level", "stale", "phantoms", "wanted", "not_wanted"),
    [
        ("atomic", 0, 0, "atomic", ("Regular", "stale versions", "two readers")),
        ("regular", 0, 0, "regular, not atomic", ("stale versions",)),
        ("neither", 7, 0, "neither atomic nor regular: stale versions were read", ("nobody had written",)),
        ("neither", 0, 2, "neither atomic nor regular: versions were read that nobody had", ("stale versions",)),
        ("unknown", 0, 0, "not known", ("Atomic", "Regular")),
    ],
)
def test_the_order_of_versions_says_only_what_applies(
    level: Any, stale: int, phantoms: int, wanted: str, not_wanted: tuple[str, ...]
) -> None:
    summary = report_summaries.passing()
    found = report_summaries.check("phantoms", Verdict.FAIL if phantoms else Verdict.PASS, found=phantoms)
    summary = replace(
        summary,
        checks=(*summary.checks, found),
        consistency=replace(summary.consistency, level=level, stale_reads=stale),
    )
    text, definition = fact(consistency_facts(summary), "Order of versions")
    assert text.startswith(wanted)
    assert not any(phrase in f"{text} {definition}" for phrase in not_wanted)


def test_quantiles_that_are_the_load_generators_own_are_marked() -> None:
    summary = with_pause(report_summaries.passing())
    response, service = latency_tables(summary)
    marked = {(row[0], place) for row in response.rows for place, cell in enumerate(row) if "†" in cell}
    labels = {row.population: row.label for row in summary.latency.rows}
    assert marked == {(labels["all"], 7), (labels["quiet"], 6)}
    assert "paused for 138 ms" in response.note
    assert not any("†" in cell for row in service.rows for cell in row)
    assert "†" not in service.note
    assert not any("†" in cell for row in latency_tables(report_summaries.passing())[0].rows for cell in row)


def test_a_pause_is_drawn_and_said_wherever_it_may_be_taken_for_the_targets() -> None:
    summary = with_pause(report_summaries.passing())
    chart = latency_over_time(summary)
    assert [key.label for key in chart.keys if "†" in key.label] == ["the load generator itself paused †"]
    assert "'at': 21.0" in str(chart.spec)
    silence, why = fact(availability_facts(summary), "Longest silence")
    assert silence.endswith("†")
    assert "does not tell about the target" in why
    for text in (page(summary), markdown(summary)):
        assert "At 21.0 s the load generator itself paused for 138 ms." in text
    assert not any("†" in key.label for key in latency_over_time(report_summaries.passing()).keys)
    hit = [row for row in windows_table(summary).rows if "paused for 138 ms" in row[-1]]
    assert len(hit) == 1


def test_a_simulators_verdict_is_never_shown_without_where_it_was_reached() -> None:
    html = page(report_summaries.passing())
    badges = re.findall(r"</span> PASS</span>(.{0,60})", html[: html.index("Question 1")])
    assert len(badges) == 5
    assert all("in the sandbox" in after for after in badges)
    real = replace(
        report_summaries.passing(), run=replace(report_summaries.passing().run, target={"kind": "aws", "url": "x"})
    )
    html = page(real)
    assert "in the sandbox" not in html[: html.index("What the words mean</h2>")]
    assert "in the sandbox" not in markdown(real)[: markdown(real).index("<details>")]


def test_every_verdict_says_what_is_tolerated() -> None:
    summary = report_summaries.passing()
    settings = {**summary.run.settings, "max_staleness": 0.25, "impact_tolerance": 1.25}
    summary = replace(summary, run=replace(summary.run, settings=settings))
    told = {check.id: check_limits.tolerated(summary, check) for check in summary.checks}
    assert told["write-impact"] == "up to 1.25x"
    assert told["whole-bodies"] == "none"
    assert told["fresh-reads"] == "up to 250 ms old"
    assert "Tolerated: up to 250 ms old." in page(summary)
    strict = replace(summary, run=replace(summary.run, settings={**settings, "max_staleness": 0.0}))
    fresh = next(check for check in strict.checks if check.id == "fresh-reads")
    assert check_limits.tolerated(strict, fresh) == "none (0 ms)"
    assert check_limits.tolerated(replace(strict, run=replace(strict.run, settings={})), fresh) == ""


def test_every_check_says_what_it_counts_and_finds() -> None:
    for promise, _ in CHECKS:
        many = replace(report_summaries.check(promise.id, Verdict.FAIL), looked_at=2_000, found=2)
        assert check_limits.looked_at(many) == f"2,000 {promise.looks_at.many}"
        assert check_limits.found(many) == f"2 {promise.finds.many}"
        assert promise.finds != FINDINGS, "a finding has a name of its own"


def test_a_check_of_another_version_has_no_units() -> None:
    other = replace(report_summaries.check("none-of-ours", Verdict.FAIL), looked_at=2_000, found=1)
    assert (check_limits.looked_at(other), check_limits.found(other)) == ("2,000", "1")
    assert check_limits.tolerated(report_summaries.passing(), other) == ""


def test_what_was_looked_at_and_found_has_a_unit() -> None:
    check = replace(report_summaries.check("write-impact", Verdict.FAIL), looked_at=14, found=1)
    assert (check_limits.looked_at(check), check_limits.found(check)) == ("14 pairs of windows", "1 quantile too slow")
    other = report_summaries.check("a-new-one", Verdict.PASS)
    assert (check_limits.looked_at(other), check_limits.found(other)) == ("6,000", "0")


def test_reads_due_during_a_put_are_not_judged() -> None:
    chart = slowdown_during_put(report_summaries.failing())
    assert chart.how_to_read.startswith("For finding the cause only: it does not count for the answer.")
    assert "--fail" not in str(chart.spec)
    assert not any("tolerated" in key.label for key in chart.keys)


@pytest.mark.parametrize(
    ("due", "met", "verdict", "end"),
    [
        (0, 10, Verdict.FAIL, "So the slowest reads come between the PUTs, and not from meeting one."),
        (80, 95, Verdict.FAIL, "So the slowest reads come during the PUTs."),
        (10, 95, Verdict.FAIL, "So the slowest reads were due just before a PUT, and were caught by it."),
        (40, 70, Verdict.FAIL, "of all reads there, 12.0 % were under way during one."),
        (80, 95, Verdict.PASS, "of all reads there, 12.0 % were under way during one."),
    ],
)
def test_the_cause_is_only_pointed_at_where_writes_slow_reads(due: int, met: int, verdict: Verdict, end: str) -> None:
    summary = report_summaries.passing()
    quantiles = report_summaries.quantiles(1_000)
    rows = [
        replace(summary.latency.rows[0], population=name, response=replace(quantiles, p99_ns=p99 * MS))
        for name, p99 in (("overlapping-put", 40), ("clear-of-put", 60))
    ]
    estimates = tuple(replace(estimate, verdict=verdict) for estimate in summary.impact.estimates)
    summary = replace(
        summary,
        latency=replace(summary.latency, rows=tuple(rows), slowest=SlowestReads(100, met, due, 0.12)),
        impact=replace(summary.impact, estimates=estimates),
    )
    assert put_note(summary).endswith(end)


def test_bytes_that_should_have_been_sent_are_told_apart() -> None:
    summary = report_summaries.passing()
    wrong = replace(summary, conditional=replace(summary.conditional, bytes_saved_wrongly=14_200_000))
    not_sent = fact(conditional_facts(wrong), "Document bytes not sent thanks to 304")
    assert "14.2 MB of them should have been sent" in not_sent[1]
    assert "of these should have been sent: 14.2 MB" in page(wrong)
    assert "should have been sent" not in page(summary)


def test_a_window_that_the_run_cut_off_is_not_taken_for_a_short_one() -> None:
    summary = report_summaries.failing()
    *others, last = summary.consistency.windows
    last = replace(last, last_stale_ns=900 * MS, censored=True, first_visible_ns=None)
    consistency = replace(
        summary.consistency, windows=(*others, last), censored=1, cut_off=1, longest_window_ns=900 * MS
    )
    summary = replace(summary, consistency=consistency)
    facts = consistency_facts(summary)
    assert fact(facts, "Longest consistency window")[0] == "at least 900 ms"
    assert (
        "the run ended while readers still got the old version"
        in fact(facts, "Writes whose window is not fully known")[1]
    )
    chart = consistency_timeline(summary)
    assert "A bar with a point goes on" in chart.how_to_read
    assert "'stale': 900.0" in str(chart.spec)
    assert "'unended': True" in str(chart.spec).split("'stale': 900.0")[1].split("}")[0]


def test_what_is_measured_to_the_start_of_a_read_and_what_to_its_return_is_named() -> None:
    names = [row[0] for row in visibility_table(report_summaries.failing()).rows]
    assert names[0] == "first visible (answer came back)"
    assert set(names) <= {
        "first visible (answer came back)", "last stale (read started)", "resolution (gap to the next read)",
    }  # fmt: skip
    text = consistency_timeline(report_summaries.failing()).how_to_read
    assert "Without a red bar, a diamond right of the line is not a delay of the store" in text
    assert "There the new version was really withheld." in text


def test_the_last_stale_read_is_marked_on_the_visibility_curve() -> None:
    stale, fresh = visibility(report_summaries.failing()), visibility(report_summaries.passing())
    for chart in (stale, fresh):
        assert "'domain': [0, 1]" in str(chart.spec)  # the same scale in every report
    assert not any("last stale read" in key.label for key in fresh.keys)


def test_the_share_of_stale_reads_names_the_rate_that_it_depends_on() -> None:
    share, why = fact(consistency_facts(report_summaries.failing()), "Share of stale reads")
    assert share.startswith("23.0 % at this rate of writes (95 % interval")
    assert "The interval is over writes" in why
    assert "rate" not in fact(consistency_facts(report_summaries.passing()), "Share of stale reads")[0]


def test_bases_of_the_shares_add_up() -> None:
    summary = report_summaries.passing()
    numbers = {row[0]: int(row[1].replace(",", "")) for row in bases_table(summary).rows}
    reads = [number for name, number in numbers.items() if name.startswith(("All", "… that"))]
    assert reads[0] == reads[1] + reads[2]
    due = [number for name, number in numbers.items() if name.startswith("Successful reads due")]
    assert sum(due) == reads[1]
    assert bases_table(report_summaries.empty()).rows == ()


def test_settings_have_units() -> None:
    summary = report_summaries.passing()
    settings = {"write_interval": 0.5, "max_staleness": 0.0, "impact_tolerance": 1.25, "thresholds": [], "seed": 7}
    summary = replace(
        summary, run=replace(summary.run, settings=settings, host={"load_average": [0.333984375, 0.4], "cores": 2})
    )
    tables = {table.id: dict(table.rows) for table in settings_tables(summary)}
    assert tables["settings"] == {
        "write interval": "0.5 s",
        "max staleness": "0 s",
        "impact tolerance": "1.25 times as slow",
        "thresholds": "none beside the limits that are built in",
        "seed": "7",
    }
    assert tables["host"]["load average"] == "0.33, 0.40"


def test_stretches_that_were_written_are_whole_between_quiet_windows() -> None:
    summary = report_summaries.passing()
    quiet, writing = (
        next(window for window in summary.impact.windows if window.kind == kind) for kind in ("quiet", "writing")
    )
    spans: tuple[tuple[Any, int, int], ...] = (
        (writing, 200, 1_800), (writing, 2_200, 3_800), (quiet, 4_200, 5_800), (writing, 6_200, 7_800),
    )  # fmt: skip
    windows = tuple(replace(window, start_ns=start * MS, end_ns=end * MS) for window, start, end in spans)
    put: Callable[[int], Any] = lambda at: replace(  # noqa: E731 - one line says it
        summary.consistency.windows[0], acked_at_ns=at * MS, put_ns=40 * MS
    )
    summary = replace(
        summary,
        impact=replace(summary.impact, windows=windows),
        consistency=replace(summary.consistency, windows=(put(100), put(1_000), put(7_900), put(8_400))),
    )
    assert written_stretches(summary) == [(60 * MS, 3_800 * MS), (6_200 * MS, 8_400 * MS)]


def test_the_markdown_has_a_glossary_of_its_own_and_repeats_no_sentence() -> None:
    text = markdown(report_summaries.failing())
    assert "<summary>What the words mean</summary>" in text
    assert "report.html" in text
    answers = text[: text.index("<details>")]
    for question in report_summaries.failing().questions:
        assert answers.count(question.sentence) == 1


def test_every_number_of_a_check_leads_to_what_it_means() -> None:
    html = page(report_summaries.failing())
    anchors = set(re.findall(r'id="(word-[^"]+)"', html))
    links = set(re.findall(r'href="#(word-[^"]+)"', html))
    assert links <= anchors
    summary = report_summaries.passing()
    number = replace(summary.checks[0].numbers[0], name="reads started late, p99")
    named = replace(summary, checks=(replace(summary.checks[0], numbers=(number,)), *summary.checks[1:]))
    assert 'href="#word-reads-started-late-p99"' in page(named)


def test_how_reads_follow_a_put_is_drawn_where_it_was_measured() -> None:
    summary = report_summaries.passing()
    assert since_put(summary).spec is None
    points = tuple(SincePut(n * 25 * MS, (n + 1) * 25 * MS, 500, 3 * MS, (12 + n) * MS) for n in range(-2, 20))
    chart = since_put(replace(summary, latency=replace(summary.latency, since_put=points)))
    alt.Chart.from_dict(dict(chart.spec))
    assert not re.search(r"NaN|Infinity|undefined", vl_convert.vegalite_to_svg({**chart.spec, "width": 600}))
    assert "It does not count for the answer." in chart.how_to_read
