"""Thresholds judged: each metric at a known value, both sides of a limit, and never a pass without data."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loadtest.errors import RunError
from loadtest.judge.analyse import analyse
from loadtest.judge.thresholds.judging import evaluate
from loadtest.judge.thresholds.metrics import METRICS
from loadtest.report import write_reports
from loadtest.run.files import CHECKSUM_FILE
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary, read_summary

HISTORIES = Path(__file__).parents[3] / "histories"
Run = tuple[Summary, History]


def verdict(text: str, run: Run) -> Verdict:
    (result,) = evaluate([text], *run)
    return result.verdict


def sentence(text: str, run: Run) -> str:
    (result,) = evaluate([text], *run)
    return result.sentence


def value(text: str, run: Run) -> float | int | None:
    (result,) = evaluate([text], *run)
    return result.number.value


@pytest.mark.parametrize("kind", ["response", "service"])
@pytest.mark.parametrize(("population", "flags"), [("all", slice(None)), ("200", 200), ("304", 304)])
@pytest.mark.parametrize(("name", "share"), [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)])
def test_latency_is_the_exact_order_statistic(
    clean: Run, kind: str, population: str, flags: slice | int, name: str, share: float
) -> None:
    reads = clean[1].reads
    since = reads.scheduled_ns if kind == "response" else reads.called_ns
    times = reads.returned_ns - since
    if isinstance(flags, int):
        times = times[reads.status == flags]
    rising = np.sort(times)
    expected = int(rising[int(np.ceil(share * len(rising))) - 1])
    assert value(f"{name}({kind}, {population}) < 1s", clean) == expected
    assert verdict(f"{name}({kind}, {population}) <= {expected}ns", clean) is Verdict.PASS
    assert verdict(f"{name}({kind}, {population}) < {expected}ns", clean) is Verdict.FAIL
    assert verdict(f"{name}({kind}, {population}) == {expected}ns", clean) is Verdict.PASS
    assert verdict(f"{name}({kind}, {population}) > {expected}ns", clean) is Verdict.FAIL


def test_the_kind_is_response_and_the_population_all_when_not_said(clean: Run) -> None:
    assert value("p99 < 1s", clean) == value("p99(response, all) < 1s", clean)


@pytest.mark.parametrize("population", ["quiet", "writing", "overlapping-put", "clear-of-put"])
def test_p95_lies_between_what_the_summary_holds(clean: Run, population: str) -> None:
    p90, p95, longest = (value(f"{name}({population}) < 1s", clean) for name in ("p90", "p95", "max"))
    assert p90 <= p95 <= longest


@pytest.mark.parametrize(
    ("text", "on_clean", "on_lagging"),
    [
        ("stale_share == 0", Verdict.PASS, Verdict.FAIL),
        ("stale_reads == 0", Verdict.PASS, Verdict.FAIL),
        ("stale_share < 30%", Verdict.PASS, Verdict.PASS),
        ("window.max < 1s", Verdict.PASS, Verdict.PASS),
        ("window.max < 100ms", Verdict.PASS, Verdict.FAIL),
        ("window.max < 300ms", Verdict.PASS, Verdict.INCONCLUSIVE),  # between 299 ms and 312 ms
        ("staleness.max <= 0ms", Verdict.PASS, Verdict.FAIL),
        ("visible(p50) < 50ms", Verdict.PASS, Verdict.FAIL),
        ("impact(p99) < 1.25", Verdict.PASS, Verdict.FAIL),
        ("impact(p99) < 1.05", Verdict.INCONCLUSIVE, Verdict.FAIL),
        ("impact(p50) > 1.5", Verdict.FAIL, Verdict.PASS),
        ("overlap(p50) < 2", Verdict.PASS, Verdict.PASS),
        ("errors < 0.1%", Verdict.PASS, Verdict.PASS),
        ("write_errors == 0", Verdict.PASS, Verdict.PASS),
        ("broken == 0", Verdict.PASS, Verdict.PASS),
        ("bytes_saved > 30%", Verdict.PASS, Verdict.PASS),
        ("bytes_saved > 60%", Verdict.FAIL, Verdict.FAIL),
        ("not_modified == 100%", Verdict.PASS, Verdict.PASS),
        ("not_sent == 0", Verdict.PASS, Verdict.PASS),
        ("bytes_received < 1MB", Verdict.FAIL, Verdict.FAIL),
        ("longest_gap < 1s", Verdict.PASS, Verdict.PASS),
        ("reads_per_second >= 74", Verdict.PASS, Verdict.PASS),
        ("writes_per_second > 1", Verdict.PASS, Verdict.PASS),
        ("reads == 6000", Verdict.PASS, Verdict.PASS),
        ("writes >= 60", Verdict.PASS, Verdict.PASS),
        ("pairs >= 20", Verdict.PASS, Verdict.PASS),
        ("duration > 1min", Verdict.PASS, Verdict.PASS),
        ("late_start(p99) < 1ms", Verdict.PASS, Verdict.PASS),
        ("loop_delay(p99) < 1ms", Verdict.PASS, Verdict.PASS),
    ],
)
def test_known_runs(clean: Run, lagging: Run, text: str, on_clean: Verdict, on_lagging: Verdict) -> None:
    assert verdict(text, clean) is on_clean
    assert verdict(text, lagging) is on_lagging


def test_every_metric_is_judged_somewhere_above() -> None:
    cases = test_known_runs.pytestmark[0].args[1]  # type: ignore[attr-defined]
    named = {case[0].split()[0].split("(")[0] for case in cases}
    assert set(METRICS) - named == {"p50", "p90", "p95", "p99", "p99.9", "max"}


def test_sentences_say_what_was_measured_and_asked(clean: Run, lagging: Run) -> None:
    assert sentence("errors < 0.1%", clean) == "The share of reads that ended in an error is 0 %: below 0.1%."
    assert sentence("p99(writing) < 1ms", clean) == (
        "The time of successful reads at p99 (response, writing) is 6.86 ms: not below 1ms."
    )
    spans = sentence("window.max < 300ms", lagging)
    assert spans == (
        "The longest consistency window is between 299 ms and 312 ms: that spans 300ms, so it cannot be called below "
        "300ms."
    )


def test_too_few_reads_for_the_limit_do_not_pass(clean: Run) -> None:
    assert verdict("errors < 0.05%", clean) is Verdict.PASS  # 3 / 0.05 % = the 6,000 reads that there are
    assert verdict("errors < 0.049%", clean) is Verdict.INCONCLUSIVE
    assert sentence("errors < 0.01%", clean).endswith("but that is of 6,000, and at least 30,000 are needed to tell.")


def test_a_finding_needs_no_minimum(clean: Run) -> None:
    summary, history = clean
    few = replace(summary, availability=replace(summary.availability, reads=10, errors=1, error_share=0.1))
    assert verdict("errors < 0.1%", (few, history)) is Verdict.FAIL


def nothing(run: Run) -> Run:
    """A run of which next to nothing is known."""
    summary, history = run
    latency = replace(summary.latency, rows=())
    consistency = replace(
        summary.consistency, reads=0, stale_share=None, writes=0, censored=0, windows=(), longest_window_ns=None,
        first_visible=replace(summary.consistency.first_visible, p50_ns=None, p90_ns=None, p99_ns=None, max_ns=None),
    )  # fmt: skip
    impact = replace(summary.impact, estimates=(), overlap=())
    conditional = replace(summary.conditional, saved_share=None, conditional_reads=0, could_have_been=0)
    availability = replace(
        summary.availability, reads=0, error_share=None, writes=0, longest_gap_ns=None, reads_per_second=None,
        writes_per_second=None, late_starts=replace(summary.availability.late_starts, p99_ns=None),
    )  # fmt: skip
    generator = replace(summary.generator, loop_delay=replace(summary.generator.loop_delay, p99_ns=None))
    bare = replace(
        summary, latency=latency, consistency=consistency, impact=impact, conditional=conditional, checks=(),
        availability=availability, generator=generator,
    )  # fmt: skip
    return bare, history


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"reads", "writes", "pairs", "duration"}))
@pytest.mark.parametrize("comparison", ["<", ">="])
def test_no_data_is_never_a_pass(clean: Run, name: str, comparison: str) -> None:
    metric = METRICS[name]
    argument = "(p99)" if metric.needs_argument else ""
    bare = nothing(clean)
    (result,) = evaluate([f"{name}{argument} {comparison} 0"], *bare)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.number.value is None
    assert "was not measured" in result.sentence


def test_an_aa_control_tells_no_impact(clean: Run) -> None:
    summary, history = clean
    control = replace(summary, impact=replace(summary.impact, control=True))
    assert verdict("impact(p99) < 100", (control, history)) is Verdict.INCONCLUSIVE
    assert "nothing was written" in sentence("impact(p99) < 100", (control, history))


def test_a_slowdown_in_doubt_is_not_called_small(clean: Run) -> None:
    summary, history = clean
    doubtful = replace(summary.impact, doubts=("PUTs were still in flight in 5 of 9 quiet windows", "and more"))
    run = replace(summary, impact=doubtful), history
    assert verdict("impact(p99) < 100", run) is Verdict.INCONCLUSIVE
    assert sentence("impact(p99) < 100", run).endswith("but PUTs were still in flight in 5 of 9 quiet windows.")
    assert verdict("impact(p99) > 0.1", run) is Verdict.PASS
    assert verdict("impact(p99) < 0.1", run) is Verdict.FAIL


def test_a_slow_load_generator_decides_nothing(clean: Run) -> None:
    summary, history = clean
    checks = tuple(
        replace(check, verdict=Verdict.INCONCLUSIVE, sentence="It was too slow.")
        if check.id == "load-generator"
        else check
        for check in summary.checks
    )
    missed = replace(summary, checks=checks)
    slow = replace(missed, generator=replace(summary.generator, fast_enough=False))
    for text in ("p99 < 1s", "impact(p99) < 2"):
        assert verdict(text, (missed, history)) is Verdict.INCONCLUSIVE
        assert "it was too slow" in sentence(text, (missed, history))
        assert verdict(text, (slow, history)) is Verdict.INCONCLUSIVE
    # What was missed could only have been slower, unless the generator itself was the slow one.
    assert verdict("p99 < 1ms", (missed, history)) is Verdict.FAIL
    assert verdict("p99 < 1ms", (slow, history)) is Verdict.INCONCLUSIVE
    assert verdict("errors < 0.1%", (slow, history)) is Verdict.PASS


def with_thresholds(folder: Path, *thresholds: str) -> Path:
    """A copy of the clean run, recorded with these thresholds."""
    run = shutil.copytree(HISTORIES / "clean", folder / "run", ignore=shutil.ignore_patterns("summary.json"))
    info = json.loads((run / "run.json").read_text())
    info["settings"]["thresholds"] = list(thresholds)
    (run / "run.json").write_text(json.dumps(info))
    (run / CHECKSUM_FILE).unlink(missing_ok=True)
    return run


def test_thresholds_count_for_the_verdict_of_the_run(tmp_path: Path) -> None:
    texts = ("errors < 0.1%", "bytes_saved > 60%")
    run = with_thresholds(tmp_path, *texts)
    summary = analyse(run)
    assert [result.expression for result in summary.thresholds] == list(texts)
    assert [result.verdict for result in summary.thresholds] == [Verdict.PASS, Verdict.FAIL]
    assert summary.verdict is Verdict.FAIL
    write_reports(summary, run)
    assert read_summary(run / "summary.json") == summary
    for name in ("report.md", "report.html", "junit.xml"):
        assert "The share of document bytes not sent thanks to 304 is 31.1 %" in (run / name).read_text()


def test_a_recorded_threshold_of_another_version_is_said_in_one_sentence(tmp_path: Path) -> None:
    run = with_thresholds(tmp_path, "no_such_metric < 1%")
    with pytest.raises(RunError, match="recorded with a threshold that cannot be judged: 'no_such_metric < 1%'"):
        analyse(run)
