"""Assumptions: what makes a run worth judging, and that they never FAIL."""

import history_language
import pytest
from altered import ended
from history_language import ZERO_NS, build, history, padding, parse, run_info

from loadtest.judge.checks.assumptions import assumptions, overlapping_in_session
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.judge.checks.monotonic_reads import monotonic_reads
from loadtest.run.history import blocks
from loadtest.run.history.attendance import Attendance
from loadtest.run.history.history import History
from loadtest.run.history.run_entries import WriterTrouble
from loadtest.run.records import OTHERS_WROTE, Verdict, WriteOutcome

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


@pytest.mark.parametrize("worker", [0, 60_000])
def test_overlaps_are_the_same_whether_there_are_few_sessions_or_many(worker: int) -> None:
    """Sessions of so many processes are not numbered in 16 bits."""
    reads = ("a:r1[20 40", "a:r1[30 35", "b:r1[36 50", "b:r1[45 52", "b:r1[52 53")
    text = f"w1[0 10] {' '.join(f'{read} worker={worker}]' for read in reads)}"
    assert overlapping_in_session(history(text)).tolist() == [1, 3]


@pytest.mark.parametrize(
    ("reads", "overlapping"),
    [
        ("a:r1[20 40] b:r1[21 22] a:r1[30 35] b:r1[36 37]", [2]),  # of the first session of the second block
        ("a:r1[20 21] b:r1[22 60] a:r1[30 35] b:r1[36 37]", [3]),  # of its last session
        ("a:r1[20 21] b:r1[22 60] a:r1[30 35] c:r1[36 37]", []),
        ("a:r1[20 21] b:r1[22 36] a:r1[30 35] b:r1[36 37]", []),  # called as the other returned
        ("a:r1[20 21] b:r1[22 90] a:r1[30 35] b:not-sent[36 36 due=36 status=0]", []),
        ("a:r1[20 90] b:r1[22 23] b:r1[30 35] b:r1[36 37] a:r1[50 51] b:r1[52 53]", [4]),  # two blocks later
        ("a:r1[20 21] b:r1[22 90] a:r1[30 35] a:r1[36 37] a:r1[50 51] b:r1[52 53]", [5]),
        ("a:r1[20 30] a:r1[31 90] a:r1[92 93] b:r1[94 95]", []),
        ("a:r1[20 30] a:r1[31 90] a:r1[82 83] b:r1[94 95]", [2]),  # of the last read of the first block
    ],
)
def test_reads_that_overlap_one_of_an_earlier_block_are_found(
    reads: str, overlapping: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 2)
    monkeypatch.setattr(history_language, "ZERO_NS", 2**60)  # whole nanoseconds, of which a float knows hundreds only
    assert overlapping_in_session(history(f"w1[0 10] {reads}")).tolist() == overlapping


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
    assert "No PUT was refused because of that" in result.sentence and "have it published again" in result.sentence
    assert result.witnesses[0].sentence == "Reader 0/0 got a document that is not of this run."


def test_in_a_run_that_does_not_write_nothing_of_theirs_was_replaced() -> None:
    said = assumptions(history("foreign[20 30] r0[31 32]", write_interval=0)).sentence
    assert "Somebody else is writing" in said
    assert "was replaced" not in said


def met_others(text: str, *errors: str) -> History:
    """The history of ``text``, whose PUTs without an acknowledgement met something of somebody else, and say what."""
    reads, writes, windows = parse(text)
    writes["error"][writes["outcome"] != WriteOutcome.ACKED] = [f"{OTHERS_WROTE}{error}" for error in errors]
    return build(reads, writes, windows)


def test_somebody_else_whom_puts_met_and_no_read() -> None:
    """Nothing passes that rests on one writer, and no finding is excused by it."""
    deleted, kept = "somebody has deleted the object", "somebody else has written there; their document is kept"
    met = met_others(f"w1[0 10] x2[20 30] x3[40 50] {padding(10_000, 4)}", deleted, kept)
    result = assumptions(met)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence.startswith(
        "Somebody else wrote to s3://data/payload.json during the run, or deleted it, which 2 PUTs met and no read: "
        f"who wrote when is unknown. 2 PUTs changed nothing, the last one because {kept}."
    )
    assert {fresh_reads(met).verdict, monotonic_reads(met).verdict} == {Verdict.INCONCLUSIVE}
    stale = fresh_reads(met_others(f"w1[0 10] x2[20 30] r0[40 50] {padding(10_000, 3)}", kept))
    assert stale.verdict is Verdict.FAIL
    assert "Somebody else wrote to s3://data/payload.json as well (1 PUT met it)" in stale.sentence
    both = assumptions(met_others(f"w1[0 10] x2[20 30] foreign[21 22] {padding(10_000, 3)}", kept)).sentence
    assert "1 read returned a document that is not of this run" in both
    assert "1 PUT changed nothing, the last one" in both and "published again" not in both


def test_a_put_that_met_others_and_may_have_taken_effect_is_not_said_to_have_changed_nothing() -> None:
    seen, unseen = "somebody else has written there; it is kept", "what is there stays, as it cannot be kept (denied)"
    both = assumptions(met_others(f"w1[0 10] x2[20 30] w3[40 ?] {padding(10_000, 4)}", seen, unseen)).sentence
    assert f"1 PUT changed nothing, the last one because {seen}. Whether 1 PUT took effect is unknown, as" in both
    alone = assumptions(met_others(f"w1[0 10] w2[20 ?] {padding(10_000, 3)}", unseen)).sentence
    assert "which 1 PUT met" in alone and "Whether 1 PUT took effect is unknown" in alone
    assert "changed nothing" not in alone and "No PUT was refused" not in alone


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


def test_a_recovered_run_of_which_nothing_is_missing_says_so_and_can_be_judged() -> None:
    whole = {"role": "worker", "began": True, "until_ns": 2 * ZERO_NS, "closed": True}
    attendance = Attendance.model_validate({"processes": [whole]})
    info = ended(run_info(), recovered=True).model_copy(update={"attendance": attendance})
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


def test_reads_that_were_due_and_never_sent_were_not_made() -> None:
    unsent = " ".join(f"not-sent[5000 5000 due={n} status=0]" for n in range(1000, 1100))
    result = assumptions(history(f"{padding(0, 1)} {unsent}"))
    assert result.sentence == "162 reads and 6 writes by one writer."
    assert (result.numbers[0].value, result.looked_at) == (162, 162 + 7)
    few = assumptions(history(f"{padding(0, 1, reads=60)} {unsent}"))
    assert few.sentence == "Too little happened: only 72 reads were made, at least 100 are needed."


def test_a_recovered_run_that_does_not_say_who_should_have_recorded_cannot_be_judged() -> None:
    result = assumptions(history(padding(0, 1), info=ended(run_info(), recovered=True)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "does not say who should have recorded until when" in result.sentence


def test_a_run_of_which_records_were_lost_is_not_complete() -> None:
    result = assumptions(history(padding(0, 1), info=ended(run_info(), recovered=True, lost=True)))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence.startswith("Not every load-generating process wrote all that it had recorded")


def test_what_the_writer_had_trouble_with_first_is_said_with_its_time() -> None:
    troubles = [
        WriterTrouble(at_ns=ZERO_NS + 1_500_000_000, trouble="writing ended: the disk is full."),
        WriterTrouble(at_ns=ZERO_NS + 9_000_000_000, trouble="another."),
    ]
    result = assumptions(history(padding(0, 1), info=run_info().model_copy(update={"writer": troubles})))
    assert (result.verdict, result.sentence) == (
        Verdict.INCONCLUSIVE,
        "After 1.50 s of the run writing ended: the disk is full; what is said of writes rests on the time before.",
    )
    early = [WriterTrouble(at_ns=ZERO_NS - 5, trouble="the writer was gone")]
    told = assumptions(history(padding(0, 1), info=run_info().model_copy(update={"writer": early}))).sentence
    assert told.startswith("After 0 ms of the run the writer was gone; ")
