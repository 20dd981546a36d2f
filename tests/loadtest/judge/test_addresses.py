"""A run at several addresses is as good as the worst of them, however few of the reads that one had."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from history_language import build, padding, parse, run_info
from simulation import simulate

from benchmarks.simulated_runs import Truth, simulated
from loadtest.errors import RunError
from loadtest.judge.analyse import summarise
from loadtest.report.markdown import markdown
from loadtest.report.page import page
from loadtest.run.history import History, Reads, Samples
from loadtest.run.records import GENERATOR_DTYPE, Verdict
from loadtest.run.run_info import RunInfo
from loadtest.summary.summary import Summary, read_summary, write_summary

GATEWAY, CDN = "https://api.example/v1/samples", "https://cdn.example/v1/samples"
FAIL, PASS = Verdict.FAIL, Verdict.PASS


def at_two(info: RunInfo, weights: tuple[int, int] = (9, 1)) -> RunInfo:
    addresses = [{"url": url, "weight": weight} for url, weight in zip((GATEWAY, CDN), weights, strict=True)]
    return info.model_copy(update={"format": 3, "target": {**info.target, "addresses": addresses}})


def beside(first: History, second: History, keep: float = 1.0) -> History:
    """The reads of two histories with the same writes, those of the second at the CDN; of these a part of readers."""
    chosen = second.reads.session <= np.quantile(np.unique(second.reads.session), keep)
    columns = {}
    for field in fields(Reads):
        one, other = getattr(first.reads, field.name), getattr(second.reads, field.name)[chosen]
        if field.name == "session":
            other = other + int(one.max()) + 1
        columns[field.name] = np.concatenate([one, np.ones_like(other) if field.name == "address" else other])
    columns["address"] = columns["address"].astype(np.uint8)
    order = np.argsort(columns["called_ns"], kind="stable")
    columns = {name: np.ascontiguousarray(column[order]) for name, column in columns.items()}
    columns["widening_ns"] = np.broadcast_to(np.zeros(1, dtype=np.int64), len(order))
    reads = Reads(**columns)
    return replace(first, info=at_two(first.info), reads=reads, _made={}, _being_made={})


def verdicts(summary: Summary) -> dict[str, tuple[Verdict, ...]]:
    return {row.url: row.verdicts for row in summary.addresses}


def check(summary: Summary, name: str) -> object:
    return next(one for one in summary.checks if one.id == name)


def test_a_cdn_that_lags_fails_the_run_and_its_own_row_and_leaves_the_gateway_clean() -> None:
    summary = summarise(beside(simulate(3).history, simulate(3, lag_ns=40_000_000).history, 0.5))
    freshness = summary.questions[2]
    assert freshness.verdict is FAIL and freshness.sentence.startswith(f"At {CDN}: ")
    gateway, cdn = summary.addresses
    assert gateway.verdicts[2] is PASS and cdn.verdicts[2] is FAIL
    assert gateway.stale_reads == 0 < cdn.stale_reads and gateway.largest_staleness_ns is None
    assert (cdn.largest_staleness_ns or 0) > 0
    witnesses = check(summary, "fresh-reads").witnesses  # type: ignore[attr-defined]
    assert witnesses and all(seen.sentence.startswith(f"At {CDN}: ") for seen in witnesses)


def test_two_healthy_addresses_pass_as_one_does() -> None:
    alone = summarise(simulate(3).history)
    summary = summarise(beside(simulate(3).history, simulate(3).history))
    judged = {one.id: one.verdict for one in alone.checks if one.id != "write-impact"}
    assert {one.id: one.verdict for one in summary.checks if one.id != "write-impact"} == judged
    assert FAIL not in {one.verdict for one in summary.checks}  # of twice as many reads, p99 is another read
    assert sum(row.reads for row in summary.addresses) == summary.availability.reads


def few_errors() -> History:
    """3,000 reads through the gateway; 150 through the CDN, one of which is a 503."""
    reads, writes, windows = parse(padding(100, 1, reads=3_000) + " cdn:error[90000 90010]")
    mark = reads["session"] == reads["session"].max()
    healthy = np.flatnonzero(~mark)[-150:]
    more = reads[healthy].copy()
    more["session"] += 1000
    reads["address"][mark] = more["address"] = 1
    return build(np.concatenate([reads, more]), writes, windows, info=at_two(run_info(thresholds=["errors < 0.5%"])))


def test_errors_at_an_address_with_few_reads_are_not_diluted() -> None:
    summary = summarise(few_errors())
    assert summary.availability.error_share and summary.availability.error_share < 0.001
    available = check(summary, "availability")
    assert available.verdict is FAIL and available.sentence.startswith(f"At {CDN}: ")  # type: ignore[attr-defined]
    assert [row.errors for row in summary.addresses] == [0, 1]
    (threshold,) = summary.thresholds
    assert threshold.verdict is not PASS and threshold.sentence.startswith(f"At {CDN}: ")
    assert summary.verdict is FAIL


def test_writes_that_slow_down_one_address_only_fail_the_question() -> None:
    rate = 4
    healthy, slowed = (simulated(Truth(seconds=60, while_writing=factor, rests=False), 5) for factor in (1.0, 1.8))
    thin = np.arange(len(slowed.reads)) % rate == 0
    slowed = replace(slowed, reads=slowed.reads.chosen(thin), _made={}, _being_made={})
    samples = {name: np.zeros(3000, dtype=np.int64) for name in GENERATOR_DTYPE.names or ()}
    samples["at_ns"] = healthy.origin_ns + np.arange(3000) * 20_000_000
    summary = summarise(replace(beside(healthy, slowed), samples=Samples(**samples)))
    impact = summary.questions[0]
    assert impact.verdict is FAIL
    assert f"At {CDN}: " in impact.sentence and impact.number.text.endswith(f" (at {CDN})")
    assert verdicts(summary)[GATEWAY][0] is not FAIL


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
    atomic = check(summary, "atomic-reads")
    assert atomic.verdict is expected  # type: ignore[attr-defined]
    assert sum(row.older_than_elsewhere for row in summary.addresses) == (1 if second == "cdn" else 0)
    assert check(summary, "fresh-reads").verdict is PASS  # type: ignore[attr-defined]


def test_an_address_with_too_few_reads_leaves_the_run_undecided() -> None:
    reads, writes, windows = parse(padding(100, 1))
    reads["address"][reads["session"] == 1] = 1
    summary = summarise(build(reads, writes, windows, info=at_two(run_info())))
    assert summary.questions[2].verdict is Verdict.INCONCLUSIVE
    assert f"At {CDN}: " in summary.questions[2].sentence


def test_an_address_that_was_never_read_leaves_the_run_undecided() -> None:
    reads, writes, windows = parse(padding(100, 1))
    summary = summarise(build(reads, writes, windows, info=at_two(run_info())))
    assert {question.verdict for question in summary.questions} == {Verdict.INCONCLUSIVE}
    assert [row.reads for row in summary.addresses] == [len(reads), 0]
    assert "By address" in page(summary) + markdown(summary)


def test_a_read_of_an_address_that_the_run_did_not_have_is_refused() -> None:
    reads, writes, windows = parse(padding(100, 1))
    reads["address"] = 1
    with pytest.raises(RunError, match="names 1"):
        build(reads, writes, windows)


def test_reports_have_a_row_for_each_address_and_the_summary_comes_back(tmp_path: object) -> None:
    summary = summarise(few_errors())
    path = tmp_path / "summary.json"  # type: ignore[operator]
    write_summary(summary, path)
    assert read_summary(path) == summary
    for text in (markdown(summary), page(summary)):
        assert "By address" in text and text.count("cdn.example") > 1
    alone = summarise(simulate(3).history)
    assert alone.addresses == () and "By address" not in markdown(alone) and "By address" not in page(alone)
