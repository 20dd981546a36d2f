"""Phantoms: versions that cannot have been there."""

import pytest
from history_language import build, history, padding, parse

from loadtest.judge.checks.phantoms import phantoms
from loadtest.run.records import Verdict

ENOUGH = padding(10_000, 3)


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("w1[0 10] w2[20 30] r9[31 40]", (1, 0, 0)),  # 9 is one more than the last
        ("w1[0 10] w2[20 30] r8[10700 10710]", (0, 0, 0)),
        ("w1[0 10] x2[20 30] r2[31 40]", (0, 1, 0)),
        ("w1[0 10] x2[20 30] r2[1 2]", (0, 1, 0)),
        ("w1[0 10] w2[20 30] r2[15 19]", (0, 0, 1)),
        ("w1[0 10] w2[20 30] r2[15 20]", (0, 0, 0)),  # returned when the write was called: overlaps it
        ("w1[0 10] w2[20 ?] r2[15 20]", (0, 0, 0)),
        ("w1[0 10] w2[20 ?] r2[900 950]", (0, 0, 0)),  # of unknown outcome: may have happened
        ("w1[0 10] w2[20 ?] n2[15 19]", (0, 0, 1)),
        ("w1[0 10] w2[20 30] foreign[31 40]", (0, 0, 0)),
        ("w1[0 10] w2[20 30] torn[31 40]", (0, 0, 0)),
    ],
)
def test_fires_when_it_must_and_only_then(text: str, causes: tuple[int, int, int]) -> None:
    result = phantoms(history(f"{text} {ENOUGH}"))
    assert tuple(number.value for number in result.numbers) == causes
    assert result.found == sum(causes) == len(result.witnesses)
    assert result.verdict is (Verdict.FAIL if sum(causes) else Verdict.PASS)


def test_witnesses_say_why() -> None:
    text = f"w1[0 10] x2[20 30] s:r9[50 51] a:r2[45 46] b:r3[40 41] {ENOUGH}"
    early, refused, never = phantoms(history(text)).witnesses
    assert "got version 3 9.96 µs before its write was called" in early.sentence
    assert "whose write had been refused (AccessDenied (HTTP 403))" in refused.sentence
    assert "the last one that was ever written is 8" in never.sentence
    assert [(o.kind, o.version) for o in refused.operations] == [("write", 2), ("read", 2)]
    assert refused.operations[1].called_ns == 25
    assert refused.relative_to == "call of write 2"
    assert [(o.kind, o.version) for o in never.operations] == [("read", 9), ("write", 8)]


def test_the_last_version_can_be_a_phantom_too() -> None:
    refused, early = phantoms(history("w1[0 10] x2[20 30] a:r2[45 46]")), phantoms(history("w1[20 30] a:r1[1 2]"))
    assert "whose write had been refused" in refused.witnesses[0].sentence
    assert "before its write was called" in early.witnesses[0].sentence


def test_a_write_may_be_refused_without_a_word() -> None:
    reads, writes, windows = parse("w1[0 10] x2[20 30] a:r2[45 46]")
    writes["error"] = ""
    (shown,) = phantoms(build(reads, writes, windows)).witnesses
    assert shown.sentence == "Reader 0/0 got version 2, whose write had been refused (4xx)."


def test_says_how_many_of_how_many() -> None:
    result = phantoms(history(f"w1[0 10] x2[20 30] r9[50 51] r2[45 46] r3[40 41] {ENOUGH}"))
    assert result.sentence == (
        f"3 reads of {result.looked_at} returned a version that cannot have been there: 1 never written, 1 refused, "
        "1 before the write began."
    )
    assert phantoms(history(padding(0, 1))).sentence == "All 162 reads returned versions that were there to be read."


def test_few_reads_say_nothing_unless_one_is_a_phantom() -> None:
    reads = [f"r1[{20 + n} {21 + n}]" for n in range(100)]
    assert phantoms(history("w1[0 10] " + " ".join(reads))).verdict is Verdict.PASS
    result = phantoms(history("w1[0 10] " + " ".join(reads[1:])))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence == "Only 99 reads named a version, at least 100 are needed."
    assert phantoms(history("w1[0 10] r2[20 30]")).verdict is Verdict.FAIL


def test_few_are_shown_and_all_are_counted() -> None:
    result = phantoms(history(" ".join(f"r3[{n} {n}]" for n in range(9))))
    assert result.found == 9
    assert [shown.operations[-1].called_ns for shown in result.witnesses] == [100_000 + n for n in range(5)]
