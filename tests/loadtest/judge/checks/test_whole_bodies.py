"""Whole bodies: torn, truncated and corrupt documents are found, and silence wants reads that met a PUT."""

from base64 import b64encode
from dataclasses import replace

import numpy as np
import pytest
from history_language import history, padding

from loadtest.judge.checks.assumptions import assumptions
from loadtest.judge.checks.conditional_get import conditional_get
from loadtest.judge.checks.whole_bodies import _change_of_size, whole_bodies
from loadtest.run.history.history import History
from loadtest.run.history.run_entries import RunDocuments
from loadtest.run.records import Verdict

ENOUGH = padding(10_000, 2, reads=300)
NONE = "no PUT was in flight: the last one before it, write 1, had ended"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("torn[5 6]", 1),
        ("truncated[5 6]", 1),
        ("corrupt[5 6]", 1),
        ("torn[5 6] truncated[7 8] corrupt[9 10]", 3),
        ("r1[5 6]", 0),
        ("etag-mismatch1[5 6 etag=0]", 0),
        ("n1[5 6]", 0),
        ("error[5 6]", 0),
        ("reset[5 6]", 0),
        ("not-modified-with-body1[5 6]", 0),
    ],
)
def test_fires_when_it_must_and_only_then(text: str, found: int) -> None:
    result = whole_bodies(history(f"w1[0 10] {text} {ENOUGH}"))
    assert result.found == found == len(result.witnesses)
    assert result.verdict is (Verdict.FAIL if found else Verdict.PASS)


def test_what_is_not_of_this_run_may_be_whole_or_not() -> None:
    """It may be a document of somebody else, or a page of a gateway that gives MD5s to whatever it sends."""
    result = whole_bodies(history(f"w1[0 10] foreign[5 6] foreign[7 8] {ENOUGH}"))
    assert (result.verdict, result.found) == (Verdict.INCONCLUSIVE, 0)
    assert "2 reads returned what is not of this run" in result.sentence
    assert whole_bodies(history(f"w1[0 10] foreign[5 6] torn[7 8] {ENOUGH}")).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("seen", "stamps", "verdict", "said"),
    [
        (0.02, ["/meta/revision"], Verdict.INCONCLUSIVE, "seen at 2.00 % of the places where it may be cut"),
        (
            *(0.02, ["/meta/revision"], Verdict.INCONCLUSIVE),
            "for byte; give --stamp twice, for a field near the beginning and one near the end, or several documents "
            "that differ.",
        ),
        (
            *(0.5, [], Verdict.INCONCLUSIVE),
            "for byte; give documents that differ from one another nearly everywhere, or have them stamped.",
        ),
        (0.9, [], Verdict.PASS, "All "),
        (None, [], Verdict.PASS, "All "),
    ],
)
def test_silence_about_mixes_that_look_like_a_version_proves_nothing(
    seen: float | None, stamps: list[str], verdict: Verdict, said: str
) -> None:
    recorded = history(f"w1[0 10] {ENOUGH}")
    documents = RunDocuments(kind="stamped", cuts_seen=seen, stamps=stamps)
    recorded = replace(recorded, info=recorded.info.model_copy(update={"documents": documents}))
    result = whole_bodies(recorded)
    assert result.verdict is verdict
    assert said in result.sentence


def test_counts_by_kind_and_by_meeting_a_put() -> None:
    base = whole_bodies(history(f"w1[0 10] {ENOUGH}"))
    result = whole_bodies(history(f"w1[0 10] torn[5 6] torn[7 8] corrupt[20 30] foreign[3 4] {ENOUGH}"))
    values = {number.name: number.value for number in result.numbers}
    assert values == {
        "torn bodies": 2,
        "truncated bodies": 0,
        "corrupt bodies": 1,
        "documents whose read overlapped a PUT": base.numbers[-1].value + 2,
    }
    assert result.looked_at == base.looked_at + 3
    assert result.sentence == (
        f"3 documents of {result.looked_at} were not whole: 2 torn, 1 corrupt (tolerated: none). "
        "2 of these reads overlapped a PUT, 1 came while no PUT was in flight."
    )


def test_only_answers_with_a_document_are_looked_at() -> None:
    base = whole_bodies(history(f"w1[0 10] {ENOUGH}"))
    more = whole_bodies(history(f"w1[0 10] r1[5 6] etag-mismatch1[5 6 etag=0] n1[5 6] error[5 6] {ENOUGH}"))
    assert more.looked_at == base.looked_at + 2
    assert more.numbers[-1].value == base.numbers[-1].value + 2


@pytest.mark.parametrize(
    ("text", "when", "writes", "zero"),
    [
        ("torn[5 6]", "write 1 was in flight", [1], 5),
        ("torn[10 16]", "write 1 was in flight", [1], 10),
        ("torn[11 16]", f"{NONE} 1.00 ns earlier", [1], 11),
        ("w2[20 30] truncated[5 25]", "writes 1 and 2 were in flight", [1, 2], 5),
        ("w2[20 30] w3[40 50] corrupt[5 45]", "writes 1 to 3 were in flight", [1, 2], 5),
        ("w2[20 30] torn[13 15]", f"{NONE} 3.00 ns earlier", [1], 13),
        ("x2[20 30] torn[22 25]", f"{NONE} 12.0 ns earlier", [1], 22),
        ("x2[20 30] x3[40 50] torn[60 65]", f"{NONE} 50.0 ns earlier", [1], 60),
        ("x2[20 30] w3[40 50] torn[25 45]", "write 3 was in flight", [3], -15),
        ("x2[20 30] w3[40 50] torn[5 45]", "writes 1 and 3 were in flight", [1, 3], 5),
        ("x2[20 30] w3[40 50] torn[22 25]", f"{NONE} 12.0 ns earlier", [1], 22),
        ("x2[20 30] w3[40 ?] x4[60 70] torn[55 65]", "write 3 was in flight", [3], 15),
    ],
)
def test_a_witness_shows_the_writes_that_it_met_and_passes_over_those_that_were_refused(
    text: str, when: str, writes: list[int], zero: int
) -> None:
    assert_shown(f"w1[0 10] {text}", when, writes, zero)


def test_a_witness_met_a_write_of_unknown_outcome_until_the_next_was_called() -> None:
    assert_shown("w1[0 ?] w2[20 30] torn[12 15]", "write 1 was in flight", [1], 12)


def assert_shown(text: str, when: str, writes: list[int], zero: int) -> None:
    (shown,) = whole_bodies(history(text)).witnesses
    assert shown.sentence.endswith(f" while {when}.")
    assert [o.version for o in shown.operations if o.kind == "write"] == writes
    assert [o.called_ns for o in shown.operations if o.kind == "read"] == [zero]
    assert shown.relative_to == f"call of write {writes[0]}"


def test_a_read_that_met_only_a_refused_put_met_none() -> None:
    torn = "torn[5 6] torn[22 25] torn[35 45] torn[28 29]"
    result = whole_bodies(history(f"w1[0 10] x2[20 30] w3[40 50] {torn} r1[21 24]"))
    assert result.numbers[-1].value == 2
    assert result.sentence.endswith("2 of these reads overlapped a PUT, 2 came while no PUT was in flight.")


def test_a_witness_says_what_was_got() -> None:
    text = "w1[0 10] torn[1 2 bytes=900] truncated[3 4 bytes=12] corrupt[5 6 bytes=1000]"
    torn, truncated, corrupt = (shown.sentence for shown in whole_bodies(history(text)).witnesses)
    assert torn.startswith("Reader 0/0 received a mix of versions (900 B) while")
    assert truncated.startswith("Reader 0/1 received a document cut short (12 B)")
    assert corrupt.startswith("Reader 0/2 received a document that fails its digest and is neither a mix nor a prefix")


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (1003, "(1.00 kB, 3 B more than the document, as a byte-order mark is)"),
        (1002, "(1.00 kB, 2 B more than the document, as a line end of two bytes is)"),
        (1001, "(1.00 kB, 1 B more than the document, as a line end is)"),
        (1000, "(1.00 kB, 0 B more than the document)"),
        (1336, "(1.34 kB, 336 B more than the document, as base64 is)"),
        (600, "(600 B, 400 B less than the document)"),
        (1500, "(1.50 kB, 500 B more than the document)"),
    ],
)
def test_a_rewritten_document_is_not_whole_and_its_length_is_told_beside_the_documents(size: int, said: str) -> None:
    result = whole_bodies(history(f"w1[0 10] rewritten[5 6 bytes={size}] {ENOUGH}"))
    assert result.verdict is Verdict.FAIL
    assert "1 rewritten" in result.sentence
    assert f"received a document that something on the way passed on changed {said} while" in (
        result.witnesses[0].sentence
    )


@pytest.mark.parametrize("document", [998, 999, 1000])
def test_base64_makes_four_characters_of_each_three_bytes_that_were_begun(document: int) -> None:
    for size in (1332, 1333, 1336):
        said = _change_of_size(size, document)
        assert said.endswith("as base64 is") == (size == len(b64encode(bytes(document))))


def test_what_is_no_document_is_not_whole_and_accuses_nobody() -> None:
    run = history(f"w1[0 10] unrecognised[5 6 bytes=36] unrecognised[20 21 bytes=2] {ENOUGH}")
    result = whole_bodies(run)
    assert (result.verdict, result.found) == (Verdict.FAIL, 2)
    assert "2 unrecognised" in result.sentence
    received = "Reader 0/0 received something that is not a document of a run (36 B)"
    assert result.witnesses[0].sentence.startswith(received)
    assert assumptions(run).verdict is Verdict.PASS
    assert "Every whole 200 of this run" in conditional_get(run).sentence


def test_silence_without_reads_that_met_a_put_says_nothing() -> None:
    writes = " ".join(f"w{n}[{100 * n} {100 * n + 10}]" for n in range(1, 6))
    apart = " ".join(f"r5[{1000 + n} {1000 + n}]" for n in range(200))

    def judge(overlapping: int) -> tuple[Verdict, str]:
        met = " ".join(f"r5[{501 + n} {502 + n}]" for n in range(overlapping))
        result = whole_bodies(history(f"{writes} {apart} {met}"))
        return result.verdict, result.sentence

    verdict, sentence = judge(9)
    assert verdict is Verdict.INCONCLUSIVE
    assert sentence.startswith("All 209 documents were whole, but only 9 reads met a PUT in flight and at least 10")
    watched = history(f"{writes} {apart}", writer="watch", write_interval=0.0, window=0.0)
    assert whole_bodies(watched).sentence == (
        "All 200 documents were whole, but only 0 reads may have met a publication and at least 10 are needed: read "
        "more often, or watch for longer."
    )
    verdict, sentence = judge(10)
    assert verdict is Verdict.PASS
    assert sentence == (
        "All 210 documents were whole (not whole: at 95 % confidence below 1.43 %, or 1 in 70). "
        "Among the 10 whose read overlapped a PUT: at 95 % confidence below 30.0 %, or 1 in 3."
    )


def test_too_little_says_nothing_but_one_torn_body_does() -> None:
    assert whole_bodies(history("w1[0 10] r1[1 2]")).verdict is Verdict.INCONCLUSIVE
    assert whole_bodies(history("w1[0 10]")).sentence.startswith("Nothing can be said about bodies: only 1 write")
    assert whole_bodies(history("w1[0 10] torn[1 2]")).verdict is Verdict.FAIL


def test_few_are_shown_and_all_are_counted() -> None:
    result = whole_bodies(history("w1[0 10] " + " ".join(f"torn[{n} {n}]" for n in range(9))))
    assert result.found == 9
    assert [shown.operations[-1].called_ns for shown in result.witnesses] == [0, 1, 2, 3, 4]


def known_to(widening_ns: int, text: str) -> History:
    """As a worker with another clock leaves it: each read took what is left of its interval, somewhere in that."""
    made = history(text)
    widening = np.where(made.reads.returned_ns - made.reads.called_ns > widening_ns, widening_ns, 0)
    return replace(made, reads=replace(made.reads, widening_ns=widening), _made={}, _being_made={})


def test_reads_that_may_have_met_a_put_do_not_stand_for_reads_that_did() -> None:
    """Another clock is known to a bound: where in its interval a read was made is not known, and the same for all."""
    writes = " ".join(f"w{n}[{10_000 * n} {10_000 * n + 10}]" for n in range(1, 8))
    apart = " ".join(f"r0[{5_000 + n} {15_001 + n}]" for n in range(200))  # all before, at or after the first PUT
    assert whole_bodies(known_to(0, f"{writes} {apart}")).verdict is Verdict.PASS
    unknown = whole_bodies(known_to(10_000, f"{writes} {apart}"))
    assert unknown.verdict is Verdict.INCONCLUSIVE, unknown.sentence
    assert "only 0 reads certainly met a PUT in flight" in unknown.sentence


def test_reads_of_which_some_met_a_put_wherever_they_were_are_enough() -> None:
    everywhere = " ".join(f"r0[{at} {at + 101}]" for at in range(-600, 600))
    text = f"w1[0 10] {everywhere} {padding(100_000, 2, reads=300)}"
    passed = whole_bodies(known_to(100, text))
    assert passed.verdict is Verdict.PASS, passed.sentence
    assert "Among the 24 or more whose read overlapped a PUT" in passed.sentence, passed.sentence
    torn = whole_bodies(known_to(100, f"{text} torn[-20 81] torn[500 601]"))
    assert "1 of these reads may have overlapped a PUT, 1 certainly did not." in torn.sentence
    assert "perhaps while" in torn.witnesses[0].sentence
    assert [one.widening_ns for one in torn.witnesses[0].operations if one.kind == "read"] == [100]
