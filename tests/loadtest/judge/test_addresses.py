"""A run at several addresses, or from several places, is as good as the worst, however few of the reads it had."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from altered import CDN, GATEWAY, at_two, beside, changed, from_two, sampled, slower, with_info, with_settings
from history_language import build, padding, parse, run_info
from simulation import healthy, lagging

from benchmarks.simulated_runs import Truth, simulated
from loadtest.errors import RunError
from loadtest.judge.analyse import summarise
from loadtest.report.markdown import markdown
from loadtest.report.page import page
from loadtest.run.history.history import History
from loadtest.run.history.run_info import NO_PLACE
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult
from loadtest.summary.summary import Summary, read_summary, write_summary

FAIL, PASS = Verdict.FAIL, Verdict.PASS


def check(summary: Summary, name: str) -> CheckResult:
    return next(one for one in summary.checks if one.id == name)


def test_a_cdn_that_lags_fails_the_run_and_its_own_row_and_leaves_the_gateway_clean() -> None:
    summary = summarise(beside(healthy(), lagging(), 0.5))
    freshness = summary.questions[2]
    assert freshness.verdict is FAIL and freshness.sentence.startswith(f"At {CDN}: ")
    gateway, cdn = summary.addresses
    assert gateway.verdicts[2] is PASS and cdn.verdicts[2] is FAIL
    assert gateway.stale_reads == 0 < cdn.stale_reads and gateway.largest_staleness_ns is None
    assert cdn.largest_staleness_ns > 0
    witnesses = check(summary, "fresh-reads").witnesses
    assert witnesses and all(seen.sentence.startswith(f"At {CDN}: ") for seen in witnesses)


def test_two_healthy_addresses_pass_as_one_does() -> None:
    alone, summary = summarise(healthy()), summarise(beside(healthy(), healthy()))
    judged = {one.id: one.verdict for one in alone.checks if one.id != "write-impact"}
    assert {one.id: one.verdict for one in summary.checks if one.id != "write-impact"} == judged
    assert FAIL not in {one.verdict for one in summary.checks}  # of twice as many reads, p99 is another read
    assert sum(row.reads for row in summary.addresses) == summary.availability.reads


def few_errors() -> History:
    """3,000 reads through the gateway; 150 through the CDN, one of which is a 503."""
    reads, writes, windows = parse(padding(100, 1, reads=3_000) + " cdn:error[90000 90010]")
    mark = reads["session"] == reads["session"].max()
    calm = np.flatnonzero(~mark)[-150:]
    more = reads[calm].copy()
    more["session"] += 1000
    reads["address"][mark] = more["address"] = 1
    return build(np.concatenate([reads, more]), writes, windows, info=at_two(run_info(thresholds=["errors < 0.5%"])))


def test_errors_at_an_address_with_few_reads_are_not_diluted() -> None:
    summary = summarise(few_errors())
    assert summary.availability.error_share and summary.availability.error_share < 0.001
    (threshold,), available = summary.thresholds, check(summary, "availability")
    for result in (available, threshold):
        assert result.verdict is not PASS and result.sentence.startswith(f"At {CDN}: ")
    assert available.verdict is summary.verdict is FAIL
    assert [row.errors for row in summary.addresses] == [0, 1]


def test_writes_that_slow_down_one_address_only_fail_the_question() -> None:
    rate = 4
    fast, slowed = (simulated(Truth(seconds=60, while_writing=factor, rests=False), 5) for factor in (1.0, 1.8))
    slowed = changed(slowed, reads=slowed.reads.chosen(np.arange(len(slowed.reads)) % rate == 0))
    samples = sampled(fast.origin_ns + np.arange(3000) * 20_000_000)
    summary = summarise(changed(beside(fast, slowed), samples=samples))
    impact = summary.questions[0]
    assert impact.verdict is FAIL
    assert f"At {CDN}: " in impact.sentence and impact.number.text.endswith(f" (at {CDN})")
    assert summary.addresses[0].url == GATEWAY and summary.addresses[0].verdicts[0] is not FAIL


ACROSS = "w7[10000 10100] gw:r7[10010 10020] {second}:r6[10030 10040] w8[10200 10210]"


@pytest.mark.parametrize(("second", "expected"), [("cdn", PASS), ("other", FAIL)])
def test_an_older_version_elsewhere_is_counted_and_is_an_inversion_at_one_address_only(
    second: str, expected: Verdict
) -> None:
    """Write 7 is in flight: who asks the gateway sees it already, who asks the CDN does not yet."""
    reads, writes, windows = parse(padding(100, 1) + " " + ACROSS.format(second=second))
    extra = reads[reads["called_ns"] < reads["called_ns"].max() - 100].copy()
    extra["session"] += 1000
    extra["address"] = 1
    if second == "cdn":
        reads["address"][(reads["version"] == 6) & (reads["called_ns"] > reads["called_ns"].max() - 100)] = 1
        reads["address"][reads["called_ns"] == reads["called_ns"].max()] = 1
    everything = np.concatenate([reads, extra])
    summary = summarise(build(everything, writes, windows, info=at_two(run_info())))
    assert check(summary, "atomic-reads").verdict is expected
    assert sum(row.older_than_elsewhere for row in summary.addresses) == (1 if second == "cdn" else 0)
    assert check(summary, "fresh-reads").verdict is PASS


def test_an_address_that_was_read_too_little_or_never_leaves_the_run_undecided() -> None:
    reads, writes, windows = parse(padding(100, 1))
    never = summarise(build(reads, writes, windows, info=at_two(run_info())))
    assert {question.verdict for question in never.questions} == {Verdict.INCONCLUSIVE}
    assert [row.reads for row in never.addresses] == [len(reads), 0]
    assert "By address" in page(never) + markdown(never)
    reads["address"][reads["session"] == 1] = 1
    few = summarise(build(reads, writes, windows, info=at_two(run_info())))
    assert few.questions[2].verdict is Verdict.INCONCLUSIVE
    assert f"At {CDN}: " in few.questions[2].sentence


def test_a_read_of_an_address_that_the_run_did_not_have_is_refused() -> None:
    reads, writes, windows = parse(padding(100, 1))
    reads["address"] = 1
    with pytest.raises(RunError, match="names 1"):
        build(reads, writes, windows)


def test_reports_have_a_row_for_each_address_and_the_summary_comes_back(tmp_path: Path) -> None:
    summary, alone = summarise(few_errors()), summarise(healthy())
    write_summary(summary, tmp_path / "summary.json")
    assert read_summary(tmp_path / "summary.json") == summary
    assert alone.addresses == ()
    for report in (markdown, page):
        assert "By address" in report(summary) and report(summary).count("cdn.example") > 1
        assert "By address" not in report(alone)


FAIL = Verdict.FAIL


def test_a_cache_near_one_place_fails_the_run_and_that_place_alone() -> None:
    summary = summarise(from_two(healthy(), lagging(), 0.5))
    oslo, tokyo = summary.places
    assert (oslo.place, tokyo.place) == ("Oslo", "Tokyo")
    assert oslo.stale_reads == 0 < tokyo.stale_reads
    assert tokyo.largest_staleness_ns > 0
    assert oslo.verdicts[2] is not FAIL
    assert tokyo.verdicts[2] is FAIL
    assert summary.questions[2].verdict is FAIL
    assert "Tokyo" in page(summary)
    assert "By place" in markdown(summary)


def test_two_alike_places_differ_by_chance_only_and_a_slow_one_beyond() -> None:
    for row in summarise(from_two(healthy(), healthy())).places:
        assert row.against_others_low <= 1 <= row.against_others_high
    oslo, tokyo = summarise(from_two(healthy(), slower(healthy(), 2))).places
    assert tokyo.against_others_low > 1.5
    assert oslo.against_others_high < 0.7


def test_a_run_without_places_has_no_such_table_and_unnamed_workers_have_a_row() -> None:
    both = from_two(healthy(), healthy(), places=("", ""))
    assert summarise(both).places == ()
    rows = summarise(from_two(healthy(), healthy(), places=("", "Tokyo"))).places
    assert [row.place for row in rows] == ["Tokyo", NO_PLACE]
    assert sum(row.reads for row in rows) == len(both.reads)


def test_a_threshold_must_hold_at_each_place() -> None:
    """As at each address: what is slow near one place with few reads is none of the slowest percent of all."""
    history = from_two(healthy(), healthy(), 0.1)
    reads, far = history.reads, history.reads.worker == 1
    assert np.mean(far) < 0.2
    reads = replace(reads, returned_ns=np.where(far, reads.returned_ns + 300_000_000, reads.returned_ns))
    asked = ["p50(response) < 150ms", "reads > 10", "errors < 1%"]
    summary = summarise(with_settings(changed(history, reads=reads), thresholds=asked))
    assert [each.verdict for each in summary.thresholds] == [FAIL, Verdict.PASS, Verdict.PASS]
    assert summary.thresholds[0].sentence.startswith("At Tokyo: ")
    assert summary.verdict is FAIL


def test_a_run_does_not_pass_for_a_place_that_read_nothing() -> None:
    history = from_two(healthy(), healthy())
    reads = history.reads.chosen(history.reads.worker == 0)
    summary = summarise(changed(history, reads=reads))
    assert [(place.place, place.reads) for place in summary.places] == [("Oslo", len(reads)), ("Tokyo", 0)]
    assumptions = next(check for check in summary.checks if check.id == "assumptions")
    assert assumptions.verdict is Verdict.INCONCLUSIVE
    assert assumptions.sentence.startswith("No read was made at Tokyo, so nothing is known of what is seen there.")
    assert summary.verdict is Verdict.INCONCLUSIVE


def test_a_bound_of_a_clock_that_no_worker_has_is_no_crash() -> None:
    uncertain = with_info(from_two(healthy(), healthy()), clock_uncertainty_ns={"nobody": 5, "1": 7})
    assert [place.clock_uncertainty_ns for place in summarise(uncertain).places] == [0, 7]
