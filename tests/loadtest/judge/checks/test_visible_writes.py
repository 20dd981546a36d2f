"""Visible writes: an acknowledged version that nobody ever got is distinguished from one that came late."""

import pytest
from history_language import history, padding

from loadtest.judge.analyse import summarise
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.judge.checks.visible_writes import listed, visible_writes
from loadtest.judge.order.unseen import unseen
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult

ENOUGH = padding(10_000, 4)


def judge(text: str, **settings: float) -> CheckResult:
    return visible_writes(history(f"w1[0 10] r1[11 12] w2[20 30] {text} {ENOUGH}", **settings))


@pytest.mark.parametrize(
    ("text", "lost", "overtaken"),
    [
        ("r1[31 32] w3[50 60] r3[61 62]", [2], []),
        ("n1[31 32] w3[50 60] r3[61 62]", [2], []),
        ("r1[31 49] w3[50 60] r3[61 62]", [2], []),
        ("r1[31 50] w3[50 60] r3[61 62]", [], [2]),  # overlaps the next write
        ("r1[30 40] w3[50 60] r3[61 62]", [], [2]),  # called at the acknowledgement
        ("w3[50 60] r3[61 62]", [], [2]),  # nobody asked in between
        ("error[31 32] torn[33 34] unrecognised[35 36] w3[50 60] r3[61 62]", [], [2]),  # nobody who could tell
        ("r1[31 32] r2[33 34] w3[50 60] r3[61 62]", [], []),  # late
        ("r1[31 32] w3[50 60] r2[55 58] r3[61 62]", [], []),  # seen while the next was written
        ("r1[31 32] w3[50 60] r3[61 62] r2[70 71]", [], []),  # seen at last
        ("r1[31 32] x3[50 60] r1[61 62]", [2], []),  # a refused write replaces nothing
        ("r1[31 32] w3[50 ?] r3[61 62]", [2], []),
    ],
)
def test_lost_and_overtaken(text: str, lost: list[int], overtaken: list[int]) -> None:
    found = unseen(history(f"w1[0 10] r1[11 12] w2[20 30] {text} {ENOUGH}"))
    assert found.lost.tolist() == lost
    assert [version for version in found.overtaken.tolist() if version < 3] == overtaken
    result = judge(text)
    assert result.found == len(lost) == len(result.witnesses)
    assert result.verdict is (Verdict.FAIL if lost else Verdict.PASS)


def test_the_last_versions_of_a_run_may_still_have_been_on_their_way() -> None:
    run = history("w1[0 10] r0[11 12] w2[20 30] r0[31 32] r0[33 34]")
    found = unseen(run)
    assert (found.lost.tolist(), found.overtaken.tolist(), found.tried) == ([], [], 2)


def test_a_version_of_unknown_outcome_may_have_come_after_it() -> None:
    late = history(f"w1[0 ?] w2[20 30] r1[31 32] w3[50 60] r3[61 62] {ENOUGH}")
    assert unseen(late).lost.tolist() == []


def test_says_which_and_shows_the_last_read_that_could_have_got_it() -> None:
    result = judge("a:r1[31 32] b:r1[40 44] w3[50 60] r3[61 62]")
    assert result.sentence == (
        f"1 acknowledged write of {result.looked_at} was lost, or not visible until the next write: reads came in "
        "between, and no read ever returned version 2."
    )
    (shown,) = result.witnesses
    assert shown.sentence == (
        "Write 2 was acknowledged. Reader 0/2 asked 10.0 ns after that, was answered 6.00 ns before write 3 was "
        "called, and got version 1. No read ever returned version 2."
    )
    assert shown.relative_to == "acknowledgement of write 2"
    assert [(each.kind, each.version) for each in shown.operations] == [("write", 2), ("read", 1), ("write", 3)]
    assert fresh_reads(history(f"w1[0 10] r1[11 12] w2[20 30] r1[31 32] w3[50 60] r3[61 62] {ENOUGH}")).found == 1


def test_many_are_listed_up_to_ten() -> None:
    each = " ".join(f"w{n}[{n * 100} {n * 100 + 10}] r0[{n * 100 + 20} {n * 100 + 30}]" for n in range(1, 13))
    result = visible_writes(history(f"{each} {padding(10_000, 13)}"))
    assert result.sentence.endswith("no read ever returned versions 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ….")
    assert (result.found, len(result.witnesses)) == (12, 5)
    assert [number.value for number in result.numbers] == [12, 0]
    assert listed(range(1, 11)) == "versions 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    assert [listed([7]), listed([7, 1234])] == ["version 7", "versions 7, 1,234"]


def test_what_is_tolerated_is_no_finding_but_is_said() -> None:
    text = "r1[31 32] w3[50 60] r3[61 62]"
    tolerated = judge(text, max_staleness=1)
    assert (tolerated.verdict, tolerated.found) == (Verdict.PASS, 0)
    assert "1 acknowledged write of" in tolerated.sentence
    assert "(version 2), within the 1.00 s that are tolerated" in tolerated.sentence
    assert judge(text, max_staleness=1e-9).verdict is Verdict.PASS  # called 1 ns after the acknowledgement
    assert judge("r1[32 33] w3[50 60] r3[61 62]", max_staleness=1e-9).verdict is Verdict.FAIL


@pytest.mark.parametrize("writes", [5, 6])
def test_silence_says_how_many_writes_were_tried(writes: int) -> None:
    result = visible_writes(history(padding(0, 1, writes=writes)))
    assert result.verdict is Verdict.PASS
    counted = f"None of {writes} acknowledged writes"
    assert result.sentence == f"{counted} that a read could tell of before the next one was lost."


def test_silence_of_too_little_or_while_others_write_says_nothing() -> None:
    assert visible_writes(history("w1[0 10] r1[11 12]")).verdict is Verdict.INCONCLUSIVE
    assert visible_writes(history("w1[0 10]")).verdict is Verdict.INCONCLUSIVE
    quick = " ".join(f"w{n}[{20 * n} {20 * n + 10}]" for n in range(1, 8))
    after = " ".join(f"r7[{1000 + n} {1000 + n}]" for n in range(200))
    result = visible_writes(history(f"{quick} {after}"))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "for only 1 of the acknowledged writes a read came before the next one" in result.sentence
    assert judge("foreign[31 32] w3[50 60] r3[61 62]").verdict is Verdict.INCONCLUSIVE
    beside = judge("foreign[31 32] r1[33 34] w3[50 60] r3[61 62]")
    assert beside.verdict is Verdict.FAIL
    assert "as well (1 foreign document)" in beside.sentence


@pytest.mark.parametrize("max_staleness", [0, 1])
def test_no_threshold_passes_for_the_time_until_a_lost_write_was_visible(max_staleness: float) -> None:
    run = history(
        f"w1[0 10] r1[11 12] w2[20 30] r1[31 32] w3[50 60] r3[61 62] {ENOUGH}",
        max_staleness=max_staleness,
        thresholds=["visible(max) < 1s", "visible(p50) < 1s"],
    )
    most, half = summarise(run).thresholds
    assert most.verdict is Verdict.INCONCLUSIVE
    assert most.sentence.endswith("(max) was not measured: 1 write was never seen, though readers asked.")
    assert half.verdict is Verdict.PASS
