"""New-old inversions and conflicts: atomic, regular, or neither."""

import numpy as np
import pytest
from history_language import as_text, history, padding

from loadtest.judge.checks.atomic_reads import atomic_reads
from loadtest.judge.order.zones import consistency_level, partners
from loadtest.run.history.run_entries import RunEnd
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult

ENOUGH = padding(10_000, 3)
CONFLICT = "w1[0 ?] w2[0 ?] a:r1[1 2] b:r2[5 6] c:r1[9 10]"


def values(result: CheckResult) -> dict[str, object]:
    return {number.name: number.value for number in result.numbers}


@pytest.mark.parametrize(
    ("text", "found", "what"),
    [
        ("w1[0 10] w2[20 90] a:r2[30 40] b:r1[41 50]", 1, "regular"),
        ("w1[0 10] w2[20 90] a:r2[30 40] b:r1[40 50]", 0, "atomic"),
        ("w1[0 10] w2[20 90] a:r2[30 40] a:r1[41 50]", 1, "regular"),
        ("w1[0 10] w2[20 30] a:r1[31 40]", 0, "neither"),  # stale, and no reader had seen more
        ("w1[0 10] w2[20 30] b:r2[21 28] a:r1[31 40]", 1, "neither"),
        ("w1[0 10] w2[20 30] a:r9[31 40]", 0, "neither"),
        ("w1[0 ?] w2[20 90] a:r2[30 40] b:r1[41 50]", 0, "atomic"),
        ("w1[0 ?] w2[20 90] c:r1[5 19] a:r2[30 40] b:r1[41 50]", 1, "regular"),
        (CONFLICT, 2, "regular"),
        ("w1[0 ?] w2[0 ?] a:r1[1 2] b:r2[2 6] c:r1[6 10]", 0, "atomic"),
    ],
)
def test_fires_when_it_must_and_only_then(text: str, found: int, what: str) -> None:
    run = history(f"{text} {ENOUGH}")
    result = atomic_reads(run)
    assert result.found == found
    assert result.verdict is (Verdict.FAIL if found else Verdict.PASS)
    assert consistency_level(run) == what


def test_tells_inversions_that_are_stale_reads_from_others() -> None:
    text = "w1[0 10] w2[20 90] a:r2[30 40] b:r1[41 50] c:r1[95 99] d:r1[96 99]"
    found = values(atomic_reads(history(f"{text} {ENOUGH}")))
    assert found["inversions"] == 3
    assert found["inversions that are not stale reads"] == 1
    assert found["longest time after which an older version was read"] == 96 - 40
    assert found["versions that fit in no order with another, without an inversion"] == 0


def test_a_bound_tolerates_inversions_within_it() -> None:
    text = f"w1[0 10] w2[20 900000] a:r2[30 40] b:r1[1040 1050] {padding(1_000_000, 3)}"
    within = atomic_reads(history(text, max_staleness=1.03e-6))
    assert (within.verdict, within.found) == (Verdict.PASS, 0)
    assert within.sentence == "1 inversion, all within the 1.03 µs that are tolerated."
    for bound in (1e-6, 1.029e-6):  # the read was behind for 1,000 to 1,030 ns
        at = atomic_reads(history(text, max_staleness=bound))
        assert (at.verdict, at.found) == (Verdict.INCONCLUSIVE, 0)
        assert at.sentence.startswith("1 inversion may or may not be beyond the 1.0")
    below = atomic_reads(history(text, max_staleness=0.999e-6))
    assert (below.verdict, below.found) == (Verdict.FAIL, 1)


def test_a_bound_tolerates_conflicts_within_it() -> None:
    text = f"w1[0 ?] w2[0 ?] a:r1[1 2000] b:r2[4000 5000] c:r1[9000 9500] {padding(1_000_000, 3)}"
    assert atomic_reads(history(text, max_staleness=2.0e-6)).found == 0  # 4000 - 2000
    assert atomic_reads(history(text, max_staleness=1.999e-6)).found == 2


def test_a_witness_of_an_inversion() -> None:
    (shown,) = atomic_reads(history(f"w1[0 10] w2[20 90] a:r2[30 40] d:r2[32 60] b:r1[47 50] {ENOUGH}")).witnesses
    assert as_text(shown) == "w1[-40 -30] w2[-20 50] r2[-10 0] r1[7 10]"
    assert shown.sentence == "Reader 0/0 had got version 2; reader 0/2, called 7.00 ns after that, got version 1."
    assert shown.relative_to == "return of the read of version 2"


def test_a_witness_shows_the_first_read_to_return_and_not_the_first_to_be_called() -> None:
    (shown,) = atomic_reads(history(f"w1[0 10] w2[20 90] d:r2[29 60] a:r2[30 40] b:r1[47 50] {ENOUGH}")).witnesses
    assert [(o.version, o.called_ns) for o in shown.operations if o.kind == "read"] == [(2, -10), (1, 7)]
    shown = atomic_reads(history(f"w1[0 ?] w2[0 ?] d:r1[0 8] a:r1[1 2] b:r2[5 6] c:r1[9 10] {ENOUGH}")).witnesses[0]
    assert [(o.version, o.called_ns) for o in shown.operations if o.kind == "read"] == [(1, 1), (2, 5), (1, 9)]


def test_a_witness_of_a_conflict_shows_one_before_and_one_after() -> None:
    shown = atomic_reads(history(f"{CONFLICT} {ENOUGH}")).witnesses[0]
    assert as_text(shown) == "w1[0 ?] w2[0 ?] r1[1 2] r2[5 6] r1[9 10]"
    assert "Version 1 was there before version 2 and after it" in shown.sentence
    assert shown.relative_to == "call of write 1"


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        ([1, 10], [9, 20], [-1, -1]),
        ([1, 9], [9, 20], [-1, -1]),  # equal times overlap
        ([1, 8], [9, 20], [1, 0]),
        ([1, 2, 50], [100, 3, 60], [2, 0, 0]),  # the second is over long before the third begins
        ([1, 2, 3, 50], [10, 100, 4, 60], [1, 0, 1, 1]),
        ([1, 60], [100, 50], [1, 0]),  # a backward zone inside a forward one
        ([1, 2, 60], [100, 3, 50], [2, 0, 0]),
        ([1, 60], [60, 50], [-1, -1]),  # … and one that reaches out of it
        ([5, 5], [9, 5], [-1, -1]),  # … and one that is a moment: at the edge
        ([4, 5], [9, 5], [1, 0]),  # … and inside
        ([30, 60], [20, 50], [-1, -1]),  # nothing but backward zones
    ],
)
def test_zones_in_conflict_know_one_that_they_are_in_conflict_with(
    begins: list[int], ends: list[int], expected: list[int]
) -> None:
    assert partners(np.array(begins), np.array(ends)).tolist() == expected


def test_says_which_of_the_two_was_found() -> None:
    inverted = atomic_reads(history(f"w1[0 10] w2[20 90] a:r2[30 40] b:r1[41 50] {ENOUGH}"))
    assert inverted.sentence.startswith("1 read of ")
    assert inverted.sentence.endswith("the object is not atomic.")
    tangled = atomic_reads(history(f"{CONFLICT} {ENOUGH}"))
    assert (
        tangled.sentence == "The reads and writes of 2 versions cannot be put in one order: the object is not atomic."
    )


def test_shows_the_oldest_and_counts_all() -> None:
    reads = " ".join(f"s{n}:r1[{50 + n} {60 + n}]" for n in range(9))
    result = atomic_reads(history(f"w1[0 10] w2[20 90] a:r2[30 40] {reads} {ENOUGH}"))
    assert result.found == 9
    assert [shown.operations[-1].called_ns for shown in result.witnesses] == [18, 17, 16, 15, 14]


def test_too_little_and_silence_while_others_write_are_inconclusive() -> None:
    few = history("w1[0 10] a:r1[20 30]")
    assert atomic_reads(few).verdict is Verdict.INCONCLUSIVE
    assert atomic_reads(history(padding(0, 1, reads=60))).sentence == (
        "Nothing can be said about inversions: only 72 reads named a version, at least 100 are needed."
    )
    assert consistency_level(few) == "unknown"
    foreign = history(f"w1[0 10] w2[20 90] a:r2[30 40] b:r2[41 50] foreign[60 61] {ENOUGH}")
    assert atomic_reads(foreign).verdict is Verdict.INCONCLUSIVE
    assert consistency_level(foreign) == "unknown"


def test_what_is_missing_may_hold_what_breaks_the_order() -> None:
    run = history(padding(0, 1))
    ended = RunEnd(reason="stopped", lost=True)
    assert consistency_level(run) == "atomic"
    assert consistency_level(history(padding(0, 1), info=run.info.model_copy(update={"ended": ended}))) == "unknown"
    stale = history(f"w1[0 10] w2[20 30] b:r1[41 50] {ENOUGH}", info=run.info.model_copy(update={"ended": ended}))
    assert consistency_level(stale) == "neither"


def test_somebody_else_writing_excuses_no_inversion() -> None:
    inverted = history(f"w1[0 10] w2[20 90] a:r2[30 40] b:r1[41 50] foreign[60 61] {ENOUGH}")
    assert atomic_reads(inverted).verdict is Verdict.FAIL
    assert "as well (1 foreign document)" in atomic_reads(inverted).sentence
    stale = history(f"w1[0 10] w2[20 30] b:r1[41 50] foreign[60 61] {ENOUGH}")
    assert consistency_level(stale) == "neither"


def test_silence_says_how_much_was_looked_at() -> None:
    result = atomic_reads(history(padding(0, 1)))
    assert result.sentence == f"None of {result.looked_at} reads returned an older version than a read before it."
