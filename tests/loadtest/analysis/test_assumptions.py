"""Assumptions: what makes a run worth judging, and that they never FAIL."""

from __future__ import annotations

from history_language import build, history, padding, parse, run_info

from loadtest.checks.assumptions import assumptions, overlapping_in_session
from loadtest.records import Verdict

ENOUGH = padding(10_000, 2)


def test_holds_on_a_run_that_is_as_it_should_be() -> None:
    result = assumptions(history(padding(0, 1)))
    assert result.verdict is Verdict.PASS
    assert result.sentence == "162 reads and 6 writes by one writer."
    assert [number.value for number in result.numbers] == [162, 6, 6, 0, 0, 0]
    assert (result.found, result.looked_at, result.witnesses) == (0, 162 + 7, ())


def test_two_requests_of_one_session_in_flight() -> None:
    result = assumptions(history(f"w1[0 10] a:r1[20 30] a:r1[29 31] {ENOUGH}"))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence.startswith("1 read overlapped an earlier one by the same reader")
    assert (result.found, result.numbers[-1].value) == (1, 1)
    (shown,) = result.witnesses
    assert shown.sentence == "Reader 0/0 called this read while an earlier one was in flight."
    assert shown.operations[0].called_ns == 0


def test_a_request_called_as_the_other_returned_is_none() -> None:
    assert len(overlapping_in_session(history("w1[0 10] a:r1[20 30] a:r1[30 31] b:r1[25 29]"))) == 0
    assert len(overlapping_in_session(history("w1[0 10] a:r1[20 30 worker=1] a:r1[25 31 worker=2]"))) == 0
    assert len(overlapping_in_session(history("w1[0 10]"))) == 0


def test_reads_that_were_never_sent_are_of_no_session() -> None:
    text = "w1[0 10] a:r1[20 90] a:not-sent[50 50 due=21 status=0] b:not-sent[50 50 due=22 status=0]"
    assert len(overlapping_in_session(history(text))) == 0


def test_overlapping_reads_are_numbered_in_order_of_call() -> None:
    text = "w1[0 10] b:r1[20 40] a:r1[21 60] b:r1[30 31] a:r1[50 51]"
    assert overlapping_in_session(history(text)).tolist() == [2, 3]


def test_somebody_else_is_writing() -> None:
    result = assumptions(history(f"w1[0 10] foreign[20 30] foreign[31 32] {ENOUGH}"))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "Somebody else is writing to s3://data/payload.json" in result.sentence
    assert "2 reads returned a document that is not of this run" in result.sentence
    assert result.witnesses[0].sentence == "Reader 0/0 got a document that is not of this run."


def test_the_object_is_not_always_known_by_name() -> None:
    info = run_info().model_copy(update={"target": {}})
    assert (
        "Somebody else is writing to the object" in assumptions(history("w1[0 10] foreign[20 30]", info=info)).sentence
    )


def test_most_writes_not_acknowledged() -> None:
    half = " ".join(f"{'x' if n % 2 else 'w'}{n}[{20 * n} {20 * n + 5}]" for n in range(1, 13))
    reads = " ".join(f"r12[{1000 + n} {1000 + n}]" for n in range(100))
    assert assumptions(history(f"{half} {reads}")).verdict is Verdict.PASS
    result = assumptions(history(f"{half} x13[900 905] {reads}"))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "Only 6 of 13 writes after the first were acknowledged (the first error: AccessDenied (HTTP 403))." in (
        result.sentence
    )


def test_the_first_error_is_the_one_that_is_named() -> None:
    sentence = assumptions(history(f"w1[0 ?] x2[20 30] x3[40 50] {padding(100, 4, writes=1)}")).sentence
    assert "Only 1 of 4 writes after the first were acknowledged (the first error: ReadTimeoutError)." in sentence


def test_writes_may_fail_without_a_word() -> None:
    reads, writes, windows = parse("x1[0 10] x2[20 30] r0[40 50]")
    writes["error"] = ""
    sentence = assumptions(build(reads, writes, windows)).sentence
    assert sentence.startswith("Only 0 of 2 writes after the first were acknowledged. ")


def test_unknown_outcomes_are_counted() -> None:
    result = assumptions(history(f"w1[0 ?] {ENOUGH}"))
    assert [number.value for number in result.numbers][1:4] == [7, 6, 1]


def test_too_little() -> None:
    result = assumptions(history("w1[0 10] r1[11 12]"))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence.startswith("Too little happened: only 1 write after the first was acknowledged")
    few = assumptions(history(padding(0, 1, reads=60)))
    assert few.sentence == "Too little happened: only 72 reads were made, at least 100 are needed."
    none = assumptions(history(" ".join(f"w{n}[{20 * n} {20 * n + 9}]" for n in range(1, 6))))
    assert none.sentence == "Too little happened: no reads were made, at least 100 are needed."


def test_a_control_run_is_called_one() -> None:
    result = assumptions(history("r0[11 12]", write_interval=0))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "(--write-interval is 0), so this run is a control only" in result.sentence
    assert "control" not in assumptions(history("r0[11 12]")).sentence
    assert assumptions(history(padding(0, 1), write_interval=0)).verdict is Verdict.PASS  # something was written


def test_a_recovered_run_says_so_and_can_be_judged() -> None:
    info = run_info().model_copy(update={"ended": run_info().ended.model_copy(update={"recovered": True})})
    result = assumptions(history(padding(0, 1), info=info))
    assert result.verdict is Verdict.PASS
    assert result.sentence.endswith("by one writer. The run was cut short and recovered from its spool.")


def test_all_that_is_wrong_is_said_and_few_witnesses_shown() -> None:
    foreign = " ".join(f"foreign[{20 + n} {20 + n}]" for n in range(3))
    overlapping = " ".join(f"a:r1[{40 + n} 90]" for n in range(9))
    result = assumptions(history(f"w1[0 10] {foreign} {overlapping}"))
    assert result.found == 3
    assert len(result.witnesses) == 5
    assert "Somebody else" in result.sentence
    assert "Too little" in result.sentence
    assert "8 reads overlapped" in result.sentence
