"""A run at several addresses is as good as the worst of them, however few of the reads that one had."""

from pathlib import Path

import numpy as np
import pytest
from altered import changed, reads_of_both, sampled
from history_language import build, padding, parse, run_info
from simulation import healthy, lagging

from benchmarks.simulated_runs import Truth, simulated
from loadtest.errors import RunError
from loadtest.judge.analyse import summarise
from loadtest.report.markdown import markdown
from loadtest.report.page import page
from loadtest.run.history import History
from loadtest.run.records import Verdict
from loadtest.run.run_info import RunInfo
from loadtest.summary.findings import CheckResult
from loadtest.summary.summary import Summary, read_summary, write_summary

GATEWAY, CDN = "https://api.example/v1/samples", "https://cdn.example/v1/samples"
FAIL, PASS = Verdict.FAIL, Verdict.PASS


def at_two(info: RunInfo, weights: tuple[int, int] = (9, 1)) -> RunInfo:
    addresses = [{"url": url, "weight": weight} for url, weight in zip((GATEWAY, CDN), weights, strict=True)]
    return info.model_copy(update={"format": 3, "target": {**info.target, "addresses": addresses}})


def beside(first: History, second: History, keep: float = 1.0) -> History:
    """The reads of two histories with the same writes, those of the second at the CDN; of these a part of readers."""
    return changed(first, info=at_two(first.info), reads=reads_of_both(first, second, keep, "address"))


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
