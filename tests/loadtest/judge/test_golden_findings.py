"""What every check says of small histories, and what it tolerates; set UPDATE_GOLDEN=1 to write the first again.

Whatever a check returns is in the golden file: a word of a sentence, a number or a time that changed shows there.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from history_language import history, padding, samples
from pydantic import JsonValue

from loadtest.judge.checks import registry
from loadtest.judge.checks.promise import Counted, Promise, no_limit, tolerated_staleness
from loadtest.judge.checks.registry import CHECKS, run_checks
from loadtest.judge.checks.when_written import call, counted
from loadtest.judge.checks.write_impact import tolerated_ratio
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult

GOLDEN = Path(__file__).with_name("golden_findings.json")
WATCHED = {"writer": "watch", "write_interval": 0.0, "window": 0.0}
NOBODY_ASKED = {**WATCHED, "writer": "none"}
BROKEN = (
    "w1[0 10] w2[20 30] w3[40 50] w4[60 70] w5[75 90] h:r2[52 56] a:r1[100 107] a:r5[110 112] a:n2[120 126] "
    "d:torn[41 44 bytes=900] d:truncated[177 178 bytes=70] e:r5[421 422 etag=none] f:foreign[431 432] "
    "f:r[433 434 version=-4] f:r[435 436 version=-5] f:r[437 438 version=-5]"
)
"""Versions of reads: -4 was published and replaced between two HEADs; of -5 it is not known when it was published."""
SLIGHTLY_OLD = (
    "w1[0 10] w2[20 30] w3[60 70] a:r1[31 35] w4[200 210] b:r4[203 208] c:r3[211 215] "
    f"w5[300 310] f:r5[312 314] {padding(10_000, 6)}"
)
"""One read is old, and one write lost, for less than 50 ns."""
PERHAPS_TOO_OLD = f"{SLIGHTLY_OLD} d:r3[211 290]"
HISTORIES: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing is wrong": (padding(0, 1, reads=300), {}),
    "everything is wrong": (
        "w1[0 10] w2[20 30] x3[40 50] w4[60 ?] w5[80 90] w6[95 400] "
        "a:r1[100 107] a:r5[110 112] a:n2[120 126] b:r6[130 140] c:r5[150 160] "
        "d:r3[170 171] d:r9[172 173] d:torn[174 176 bytes=900] "
        "d:truncated[177 178 bytes=70] d:corrupt[401 402 bytes=1] "
        "e:r6[410 420 sent=6] e:r6[421 422 etag=none] e:etag-mismatch6[423 424 etag=5] e:r6[425 426 etag=-2] "
        "e:unasked-not-modified[427 428] e:not-modified-with-body6[429 430 bytes=12] "
        "f:error[431 440] f:refused[441 442 status=0] g:r6[450 460] g:r6[455 470] "
        "h:not-sent[470 470 due=300 status=0]",
        {"arrival_rate": 1e12},
    ),
    "no order fits": (f"w1[0 ?] w2[0 ?] a:r1[1 2] b:r2[5 6] c:r1[9 10] {padding(10_000, 3)}", {}),
    "somebody else writes": (f"w1[0 10] foreign[20 30] r1[40 50] {padding(10_000, 2)}", {}),
    "the target dies": (
        f"{padding(0, 1)} refused[2000 3000000000 status=0] timed-out[2000 4000000000 status=0]",
        {"max_staleness": 0.5},
    ),
    "nothing is written": ("r0[0 1] r0[5 7 sent=0]", {"write_interval": 0.0, "conditional_share": 0.0}),
    "writes are refused": ("x1[0 10] x2[20 30] w3[40 50] x4[60 70] r3[100 110]", {}),
    "nothing is read": ("w1[0 10]", {}),
}
AFTER_ALL_WRITES = " ".join(
    (*(f"w{n}[{20 * n} {20 * n + 10}]" for n in range(1, 7)), *(f"r6[{200 + n} {201 + n}]" for n in range(150)))
)
"""No read could tell whether any write but the last was lost, and none met a PUT."""
TWO_ARE_LOST = f"w1[0 10] r0[12 15] w2[20 30] r0[32 35] w3[40 50] {padding(10_000, 4)}"
ETAGS_OF_VERSION_0 = (
    f"w1[0 10] a:n0[2 3 sent=0 etag=none] b:n0[4 5 sent=0 etag=1] n1[40 50 sent=1 etag=0] {padding(10_000, 2)}"
)
MORE: dict[str, tuple[str, dict[str, Any]]] = {
    "reads come after all writes": (AFTER_ALL_WRITES, {}),
    "two writes are lost": (TWO_ARE_LOST, {}),
    "ETags of version 0": (ETAGS_OF_VERSION_0, {}),
    "somebody else's document comes with the first ETag": (f"w1[0 10] foreign[20 30 etag=0] {padding(10_000, 2)}", {}),
    "few reads": (padding(0, 1, reads=60), {}),
    "watched, and reads come after all writes": (f"r0[-9999 -9998] {AFTER_ALL_WRITES}", WATCHED),
    "watched, and two writes are lost": (TWO_ARE_LOST, WATCHED),
    "watched, and few reads": (f"r0[-9999 -9998] {padding(0, 1, reads=60)}", WATCHED),
    "documents of another object": (f"w1[0 10] other-object[5 6] other-object[20 21] {padding(10_000, 2)}", {}),
    "what is old is tolerated": (SLIGHTLY_OLD, {"max_staleness": 5e-8}),
    "what is old may be tolerated": (PERHAPS_TOO_OLD, {"max_staleness": 5e-8}),
    "watched, and nothing is wrong": (padding(0, 1, reads=300), WATCHED),
    "watched, and much is wrong": (BROKEN, WATCHED),
    "watched, and what is old is tolerated": (SLIGHTLY_OLD, {**WATCHED, "max_staleness": 5e-8}),
    "watched, and what is old may be tolerated": (PERHAPS_TOO_OLD, {**WATCHED, "max_staleness": 5e-8}),
    "watched, and little happens": ("w1[0 10] r1[20 30]", WATCHED),
    "watched, and nothing happens": ("r0[20 30]", WATCHED),
    "nobody asked, and nothing is wrong": (padding(0, 1, reads=300), NOBODY_ASKED),
    "nobody asked, and much is wrong": (BROKEN, NOBODY_ASKED),
}


def history_of(name: str, more: str = "") -> History:
    text, settings = (HISTORIES | MORE)[name]
    return history(f"{text} {more}", samples=samples([700] * 150), **settings)


def all_of(result: CheckResult) -> list[str]:
    """Every field of a result, on a line for each sentence, number, witness and operation."""
    lines = [result.title, result.guarantee, f"{result.verdict.name}: {result.sentence}"]
    lines += [f"found {result.found} of {result.looked_at}{result.error}"]
    lines += [f"{number.name}: {number.text} ({number.value} {number.unit})" for number in result.numbers]
    for witness in result.witnesses:
        lines += [f"{witness.sentence} ({witness.at_ns} is the {witness.relative_to})"]
        lines += [str(operation).removeprefix("Operation") for operation in witness.operations]
    return lines


@pytest.mark.parametrize("name", HISTORIES | MORE)
def test_what_the_checks_say(name: str) -> None:
    results = run_checks(history_of(name))
    found = {result.id: all_of(result) for result in results}
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if os.environ.get("UPDATE_GOLDEN"):
        golden[name] = found
        GOLDEN.write_text(json.dumps(golden, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    assert found == golden[name], "run with UPDATE_GOLDEN=1 if this change is meant"


def test_before_the_first_version_that_was_watched_there_is_the_first_head() -> None:
    watched = history("w1[0 10]", **WATCHED)
    assert [call(watched, version) for version in (0, 1)] == [
        "first HEAD of the run",
        "last moment at which version 1 was certainly not there",
    ]


def test_versions_that_heads_showed_are_counted_in_words() -> None:
    watched = history("w1[0 10]", **WATCHED)
    assert [counted(watched, count) for count in (1, 2)] == [
        "1 version that HEADs showed",
        "2 versions that HEADs showed",
    ]


@pytest.mark.parametrize(
    ("compares", "verdict", "said"),
    [
        (True, Verdict.PASS, "Said. Hidden."),
        (True, Verdict.INCONCLUSIVE, "Said. Hidden."),
        (True, Verdict.FAIL, "Said."),
        (False, Verdict.PASS, "Said."),
        (False, Verdict.FAIL, "Said."),
    ],
)
def test_what_clocks_hide_is_said_by_checks_that_compare_them_unless_they_fail(
    compares: bool, verdict: Verdict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "hidden_by_clocks", lambda _: "Hidden.")
    promise = Promise("id", "title", "guarantee", compares_clocks=compares)
    result = promise.result(verdict, "Said.", looked_at=0, found=0)
    (judged,) = run_checks(history("w1[0 10]"), [(promise, lambda _: result)])
    assert (judged.sentence, judged.verdict) == (said, verdict)


@pytest.mark.parametrize(
    ("verdict", "sentence", "judged", "said"),
    [
        (Verdict.PASS, "Said.", Verdict.INCONCLUSIVE, "Missing. Of what was recorded: Said."),
        (Verdict.INCONCLUSIVE, "Said.", Verdict.INCONCLUSIVE, "Missing. Of what was recorded: Said."),
        (Verdict.INCONCLUSIVE, "Missing. Said.", Verdict.INCONCLUSIVE, "Missing. Said."),
        (Verdict.FAIL, "Said.", Verdict.FAIL, "Said."),
    ],
)
def test_no_check_passes_where_a_part_of_the_record_is_missing(
    verdict: Verdict, sentence: str, judged: Verdict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "missing_records", lambda _: "Missing.")
    promise = Promise("id", "title", "guarantee")
    result = promise.result(verdict, sentence, looked_at=0, found=0)
    (found,) = run_checks(history("w1[0 10]"), [(promise, lambda _: result)])
    assert (found.verdict, found.sentence) == (judged, said)


@pytest.mark.parametrize(("many", "a_core"), [(2, 1), (3, 2)])
def test_of_a_long_run_no_more_checks_are_in_memory_than_there_are_cores(
    many: int, a_core: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MANY_READS", many)
    monkeypatch.setattr(registry, "side_by_side", lambda _work, _checks, rows, a_core: (rows, a_core))
    assert run_checks(history("r0[0 1] r0[2 3]")) == (2, a_core)


def test_each_check_is_told_of_by_its_title() -> None:
    told: list[str] = []
    run_checks(history_of("nothing is read"), tell=told.append)
    assert sorted(told) == sorted(promise.title for promise, _ in CHECKS)


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ({}, ""),
        ({"max_staleness": None}, ""),
        ({"max_staleness": True}, ""),
        ({"max_staleness": "2"}, ""),
        ({"max_staleness": 0}, "none (0 ms)"),
        ({"max_staleness": 0.0005}, "up to 500 µs old"),
        ({"max_staleness": 2}, "up to 2.00 s old"),
    ],
)
def test_staleness_is_tolerated_for_as_long_as_was_recorded(recorded: dict[str, JsonValue], said: str) -> None:
    assert tolerated_staleness(recorded) == said


@pytest.mark.parametrize(
    ("recorded", "said"), [({}, ""), ({"impact_tolerance": "1.25"}, ""), ({"impact_tolerance": 1.25}, "up to 1.25x")]
)
def test_a_slowdown_is_tolerated_up_to_what_was_recorded(recorded: dict[str, JsonValue], said: str) -> None:
    assert tolerated_ratio(recorded) == said


def test_a_check_tolerates_nothing_unless_it_says_so_and_counts_in_its_own_nouns() -> None:
    assert Promise("id", "title", "guarantee").tolerated({}) == "none"
    assert not no_limit({})
    inversions = Counted("inversion", "inversions")
    assert [inversions.text(count) for count in (0, 1, 1234)] == ["0 inversions", "1 inversion", "1,234 inversions"]
    assert Counted("read or write", "reads and writes").text(2) == "2 reads and writes"


def test_a_check_that_crashed_knows_nothing_and_keeps_its_error() -> None:
    result = Promise("id", "title", "guarantee").crashed(ValueError("no such column"))
    assert (result.verdict, result.looked_at, result.found) == (Verdict.INCONCLUSIVE, 0, 0)
    assert result.error == "ValueError: no such column"
