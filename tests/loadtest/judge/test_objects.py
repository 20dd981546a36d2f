"""Several objects of one run: each is judged as in a run of its own, and the run is as good as the worst of them."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from history_language import build, padding, parse, run_info

from loadtest.errors import RunError
from loadtest.judge.analyse import summarise
from loadtest.judge.checks.assumptions import assumptions
from loadtest.judge.objects import OF_ALL_READS
from loadtest.report.junit import junit
from loadtest.report.markdown import markdown
from loadtest.report.page import page
from loadtest.run.history.history import History
from loadtest.run.history.objects import history_of_object
from loadtest.run.history.run_info import RunInfo
from loadtest.run.history.validation import validated
from loadtest.run.records import NO_VERSION, ReadOutcome, Verdict
from loadtest.summary.findings import CheckResult
from loadtest.summary.parts import ObjectRow
from loadtest.summary.summary import Summary, read_summary, write_summary

SAMPLES, PRICES = "payload.json", "prices.json"
FAIL, PASS = Verdict.FAIL, Verdict.PASS
START = {SAMPLES: 100, PRICES: 180}
"""Each object is written every 180 ns, so that there is one PUT in flight."""
END = 2_000


def of_two(info: RunInfo, keys: tuple[str, ...] = (SAMPLES, PRICES)) -> RunInfo:
    addresses = [{"url": f"https://api.example/v1/{key}", "weight": 1, "object_key": key} for key in keys]
    return info.model_copy(update={"format": 4, "target": {**info.target, "addresses": addresses}})


def both(samples: str = "", prices: str = "", **options: object) -> History:
    """A run of two objects of which each had enough, and what is said besides; versions are each one's own."""
    reads, writes = [], []
    for number, (key, text) in enumerate(((SAMPLES, samples), (PRICES, prices))):
        own_reads, own_writes, _ = parse(f"{padding(START[key], 1, reads=240)} {text}")
        for column in ("version", "etag_version", "sent_version"):
            own = own_reads[column]
            own_reads[column] = np.where(own >= 0, own * 2 + number, own)
        own_reads["address"] = number
        own_reads["session"] += 1_000 * number
        own_writes["version"] = own_writes["version"] * 2 + number
        for column in ("scheduled_ns", "called_ns", "returned_ns"):  # first versions are put one after the other
            own_writes[column][:1] += 20_000 * number
        reads.append(own_reads)
        writes.append(own_writes)
    together = np.concatenate(writes)
    together = together[np.argsort(together["version"], kind="stable")]
    return build(np.concatenate(reads), together, info=of_two(run_info(**options)))


def alone(text: str, key: str) -> History:
    reads, writes, _ = parse(f"{padding(START[key], 1, reads=240)} {text}")
    return build(reads, writes, info=run_info())


def rows(summary: Summary) -> dict[str, ObjectRow]:
    return {row.object_key: row for row in summary.objects}


def verdicts(summary: Summary) -> dict[str, tuple[Verdict, ...]]:
    return {key: tuple(answer.verdict for answer in row.answers) for key, row in rows(summary).items()}


def check(summary: Summary, name: str) -> CheckResult:
    return next(one for one in summary.checks if one.id == name)


def test_the_first_version_of_each_object_is_no_write_beside_reads() -> None:
    history = both()
    written = int(history.writes.acknowledged.sum()) - 2
    assert assumptions(history).sentence == f"{len(history.reads):,} reads and {written:,} writes by one writer."


def test_two_healthy_objects_pass_though_each_is_written_while_the_other_is_read() -> None:
    history = both()
    summary = summarise(history)
    assert [question.verdict for question in summary.questions[1:]] == [PASS, PASS, PASS]
    assert {key: own[1:] for key, own in verdicts(summary).items()} == dict.fromkeys(
        (SAMPLES, PRICES), (PASS, PASS, PASS)
    )
    assert {row.writes for row in summary.objects} == {6}
    assert sum(row.reads for row in summary.objects) == summary.availability.reads == summary.run.reads
    assert summary.run.writes == 14
    assert summary.conditional.not_modified == int(np.count_nonzero(history.reads.outcome == ReadOutcome.NOT_MODIFIED))
    assert SAMPLES in check(summary, "fresh-reads").sentence and PRICES in check(summary, "fresh-reads").sentence


@pytest.mark.parametrize("lagging", [SAMPLES, PRICES])
def test_a_lag_of_one_object_fails_the_run_and_that_object_alone(lagging: str) -> None:
    stale = {"samples" if lagging == SAMPLES else "prices": f"z:r2[{END} {END + 5}]"}
    summary = summarise(both(**stale))
    (other,) = {SAMPLES, PRICES} - {lagging}
    assert verdicts(summary)[lagging][2] is FAIL and verdicts(summary)[other][2] is PASS
    freshness = summary.questions[2]
    assert summary.verdict is freshness.verdict is FAIL
    assert freshness.sentence.startswith(f"{lagging}: ") and f"{other}: " not in freshness.sentence
    assert "freshness" in rows(summary)[lagging].shown_for and "freshness" not in rows(summary)[other].shown_for
    assert summary.consistency.stale_reads == rows(summary)[lagging].stale_reads == 1
    (seen,) = check(summary, "fresh-reads").witnesses
    assert seen.sentence.startswith(f"{lagging}: ") and {one.version for one in seen.operations} == {2, 3}


def crossed() -> History:
    return both(samples=f"z:other-object[{END} {END + 5} etag=none]")


def test_a_document_of_another_object_is_a_finding_of_its_own() -> None:
    summary = summarise(crossed())
    whole = check(summary, "whole-bodies")
    assert summary.verdict is whole.verdict is FAIL and whole.found == 1
    assert "1 other-object" in whole.sentence and "crossed" in whole.sentence
    assert whole.sentence.startswith(f"{SAMPLES}: ") and SAMPLES in whole.sentence
    assert [row.of_other_objects for row in summary.objects] == [1, 0]
    assert verdicts(summary)[SAMPLES][1] is FAIL and verdicts(summary)[PRICES][1] is PASS
    assert "written to another object" in whole.witnesses[0].sentence


TEXTS = (
    "",
    f"z:r2[{END} {END + 5}]",
    f"z:torn[{END} {END + 5}]",
    f"z:r9[{END} {END + 5}]",
    f"z:r6[{END} {END + 5}] z:r5[{END + 10} {END + 15}]",
    f"z:r6[{END} {END + 5} etag=none]",
    f"z:r6[{END} {END + 5} sent=6]",
    f"z:n4[{END} {END + 5}]",
    f"w7[{END} {END + 10}] z:r6[{END + 12} {END + 15}] y:r6[{END + 12} {END + 18}] w8[{END + 20} {END + 30}] "
    f"z:r8[{END + 40} {END + 45}]",
    f"x7[{END} {END + 10}] z:r7[{END + 12} {END + 15}]",
    f"w7[{END} ?] z:r7[{END + 12} {END + 15}] y:r6[{END + 20} {END + 25}]",
    f"z:error[{END} {END + 5}]",
)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("text", TEXTS)
def test_each_object_is_judged_as_in_a_run_of_its_own(text: str, number: int) -> None:
    """Whatever the other one is like, what is said of versions, in witnesses too, is the same word by word."""
    key, more = (SAMPLES, PRICES)[number], len(re.findall(r"[wx]\d+\[", text))
    before = [f"w7[{END - 20} {END - 10}]"] if number else []  # the other object has its turns, too
    turns = " ".join([*before, f"w{7 + number}[{END + 11} {END + 12}]"][: more - 1 + number])
    whole = both(text, turns) if number == 0 else both(turns, text)
    part, own = summarise(history_of_object(whole, number)), summarise(alone(text, key))
    for one, other in zip(part.checks, own.checks, strict=True):
        assert (one.id, one.verdict, one.found) == (other.id, other.verdict, other.found)
        assert one.looked_at == other.looked_at
        if one.id not in OF_ALL_READS:
            assert one.numbers == other.numbers
            assert one.sentence.replace(PRICES, SAMPLES) == other.sentence
            assert [[op.version for op in seen.operations] for seen in one.witnesses] == [
                [op.version for op in seen.operations] for seen in other.witnesses
            ]
    of_run = summarise(whole)
    failing = [one.id for one in part.checks if one.verdict is FAIL]
    assert all(check(of_run, name).verdict is FAIL for name in failing)
    assert of_run.verdict is FAIL or not failing


def test_an_etag_of_another_object_is_none_that_is_known() -> None:
    history = both()
    own = np.flatnonzero((history.reads.address == 0) & (history.reads.outcome == ReadOutcome.WHOLE))[-1]
    history.reads.etag_version[own] = 7  # the third version of the other object
    history.reads.outcome[own] = ReadOutcome.ETAG_MISMATCH
    part = history_of_object(history, 0)
    assert part.reads.etag_version.min() < NO_VERSION
    summary = summarise(history)
    assert check(summary, "conditional-get").verdict is FAIL
    assert verdicts(summary)[SAMPLES][3] is FAIL and verdicts(summary)[PRICES][3] is PASS


def test_a_read_that_names_a_version_of_another_object_is_no_record_of_this_program() -> None:
    history = both()
    whole = (history.reads.address == 0) & (history.reads.outcome == ReadOutcome.WHOLE)
    history.reads.version[np.flatnonzero(whole)[-1]] += 1
    with pytest.raises(RunError, match="version of another object"):
        validated(history)


def test_counts_are_limited_for_all_objects_and_the_rest_for_each() -> None:
    stale = f"z:r2[{END} {END + 5}]"
    limits = ["stale_reads < 2", "stale_reads < 3", "writes >= 12", "stale_share < 0.3%"]
    summary = summarise(both(stale, stale, thresholds=limits))
    assert [one.verdict for one in summary.thresholds] == [FAIL, PASS, PASS, FAIL]
    (only,) = summarise(both(stale, thresholds=["stale_share < 0.3%"])).thresholds
    assert only.verdict is FAIL
    once, twice = (summarise(both(stale, more, thresholds=["stale_share < 50%"])).thresholds[0] for more in ("", stale))
    assert once.verdict is PASS, "and its number is of all"
    assert once.number.value == pytest.approx(0.5 * twice.number.value, rel=0.01)


def test_an_object_whose_writes_fail_is_not_helped_by_those_of_the_others() -> None:
    """A write in eight of one object, which is one in fifteen of all."""
    (limit,) = summarise(both(f"x7[{END} {END + 10}]", thresholds=["write_errors < 10%"])).thresholds
    assert limit.verdict is FAIL and limit.sentence.startswith(f"At {SAMPLES}: ")


def test_reports_have_a_row_for_each_object_and_the_summary_comes_back(tmp_path: Path) -> None:
    summary = summarise(crossed())
    write_summary(summary, tmp_path / "summary.json")
    assert read_summary(tmp_path / "summary.json") == summary
    for text in (markdown(summary), page(summary)):
        assert "replaced them 14 times, in turn" in text
        assert "By object" in text and "2 objects" in text and "of other objects" in text
    cases = ET.fromstring(junit(summary)).findall(".//testcase[@classname='read-model.objects']")
    assert len(cases) == 8
    failing = [case.get("name") or "" for case in cases if case.find("failure") is not None]
    assert failing == [f"{SAMPLES}: Is every read whole?"]
    one = summarise(alone("", SAMPLES))
    assert one.objects == () and "By object" not in markdown(one) and "By object" not in page(one)


def test_several_addresses_of_one_of_the_objects_are_judged_apart_as_well() -> None:
    history = both(samples=f"z:r2[{END} {END + 5}]")
    info = of_two(history.info, (SAMPLES, PRICES, SAMPLES))
    more = np.flatnonzero(history.reads.address == 0)
    third = more[history.reads.version[more] == 4]  # that of the stale read, and of a healthy one before it
    history.reads.address[third] = 2
    summary = summarise(History(info, *(getattr(history, name) for name in _TABLES)))
    assert [row.object_key for row in summary.objects] == [SAMPLES, PRICES]
    assert len(summary.addresses) == 2 and summary.objects[0].weight == 2
    assert summary.questions[2].verdict is FAIL and verdicts(summary)[PRICES][2] is PASS


_TABLES = ("reads", "writes", "windows", "samples", "requests")
