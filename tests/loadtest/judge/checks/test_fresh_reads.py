"""Fresh reads: fires on one stale read, is silent on the boundary, and says how stale."""

import numpy as np
import pytest
from history_language import as_text, build, history, padding, parse

from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.run.history.history import Requests
from loadtest.run.records import WRITER_SESSION, Verdict
from loadtest.summary.findings import CheckResult

ENOUGH = padding(10_000, 3)
MS = 1_000_000


def judge(text: str, **settings: float) -> CheckResult:
    return fresh_reads(history(f"{text} {ENOUGH}", **settings))


def number(result: CheckResult, name: str) -> object:
    return next(found.value for found in result.numbers if found.name == name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("w1[0 10] w2[20 30] r1[31 40]", 1),
        ("w1[0 10] w2[20 30] r1[30 40]", 0),  # called at the very moment of the acknowledgement
        ("w1[0 10] w2[20 30] r1[15 100]", 0),  # overlaps the write
        ("w1[0 10] w2[20 30] r2[31 40]", 0),
        ("w1[0 10] w2[20 30] r0[31 40]", 1),
        ("w1[0 10] w2[20 30] r0[11 12]", 1),
        ("w1[0 10] w2[20 30] r0[10 12]", 0),
        ("w1[0 10] x2[20 30] r1[31 40]", 0),  # refused writes make nothing stale
        ("w1[0 10] w2[20 ?] r1[31 40]", 0),  # nor do those of unknown outcome
        ("w1[0 ?] w2[20 30] r1[31 40]", 0),  # which may take effect late
        ("w1[0 ?] w2[20 30] r1[5 19] r1[31 40]", 1),  # unless they were seen before the other was called
        ("w1[0 ?] w2[20 30] r1[5 20] r1[31 40]", 0),
        ("w1[0 10] w2[20 30] n1[31 40]", 1),  # a stale 304 is a stale read
        ("w1[0 10] w2[20 30] etag-mismatch1[31 40 etag=2]", 1),  # what was read is the body
        ("w1[0 10] w2[20 30] not-modified-with-body1[31 40]", 1),
        ("w1[0 10] w2[20 30] torn[31 40]", 0),
        ("w1[0 10] w2[20 30] error[31 40]", 0),
        ("w1[0 10] w2[20 30] r9[31 40]", 0),  # a phantom is judged elsewhere
    ],
)
def test_fires_when_it_must_and_only_then(text: str, found: int) -> None:
    result = judge(text)
    assert result.found == found
    assert result.verdict is (Verdict.FAIL if found else Verdict.PASS)
    assert len(result.witnesses) == found
    assert number(result, "stale reads") == found


def test_looks_at_reads_after_the_first_acknowledgement_only() -> None:
    before = judge("w1[0 10] w2[20 30]").looked_at
    assert judge("w1[0 10] w2[20 30] r0[10 11]").looked_at == before
    assert judge("w1[0 10] w2[20 30] r1[11 12]").looked_at == before + 1


def test_says_how_stale_and_how_far_behind() -> None:
    text = "w1[0 10] w2[20 30] w3[40 50] s:r1[100 107] r2[60 61] " + padding(10_000, 4)
    result = fresh_reads(history(text))
    assert number(result, "staleness of the stalest read, at least") == 100 - 30
    assert number(result, "staleness of the stalest read, at most") == 107 - 20
    assert number(result, "most acknowledged writes that a read was behind") == 2
    assert number(result, "share of stale reads") == pytest.approx(2 / result.looked_at)
    assert "2 reads of" in result.sentence
    assert "between 70.0 ns and 87.0 ns too old" in result.sentence


def test_a_witness_holds_the_operations_that_prove_it() -> None:
    (shown,) = judge("w1[0 10] w2[20 30] a:r1[100 107]").witnesses
    assert shown.relative_to == "acknowledgement of write 2"
    assert as_text(shown) == "w1[-30 -20] w2[-10 0] r1[70 77]"
    assert shown.operations[2].session == "0/0"
    assert shown.operations[2].status == 200
    assert "70.0 ns before the read was called" in shown.sentence
    assert "write 1 had returned before write 2 was called" in shown.sentence
    assert "1 acknowledged write behind" in shown.sentence
    assert shown.sentence.startswith("Reader 0/0 was given version 1 ")


def test_a_witness_of_a_write_of_unknown_outcome_shows_the_read_that_proves_it_happened() -> None:
    (shown,) = judge("w1[0 ?] w2[20 30] a:r1[2 8] b:r1[5 19] c:r1[31 40]").witnesses
    assert as_text(shown) == "w1[-30 ?] r1[-28 -22] w2[-10 0] r1[1 10]"
    assert "an earlier read shows that write 1 had taken effect" in shown.sentence


def test_the_read_that_proves_it_is_the_first_to_return_and_not_the_first_to_be_called() -> None:
    (shown,) = judge("w1[0 ?] w2[20 30] d:r0[1 9] a:r1[3 18] b:r1[4 9] c:r1[31 40]").witnesses
    assert [o.session for o in shown.operations if o.kind == "read"] == ["0/2", "0/3"]


def test_a_stale_304_is_called_so() -> None:
    (shown,) = judge("w1[0 10] w2[20 30] n1[31 40]").witnesses
    assert "was told by a 304 that version 1 was current, although write 2" in shown.sentence
    assert shown.operations[-1].outcome == "not-modified"


def test_shows_the_stalest_and_counts_all() -> None:
    reads = " ".join(f"s{n}:r1[{100 + n} {200 + n}]" for n in range(9))
    result = judge(f"w1[0 10] w2[20 30] {reads}")
    assert result.found == 9
    assert [shown.operations[-1].called_ns for shown in result.witnesses] == [78, 77, 76, 75, 74]


def test_of_equally_stale_reads_the_earliest_are_shown() -> None:
    equal = " ".join(f"s{n}:r1[{100 + n // 300} 200]" for n in range(600))
    result = judge(f"w1[0 10] w2[20 30] {equal}")
    assert [shown.operations[-1].session for shown in result.witnesses] == [f"0/{300 + n}" for n in range(5)]


class TestWithABound:
    text = f"w1[0 10] w2[20 30] r1[{30 + 5 * MS} {30 + 6 * MS}] " + padding(10 * MS, 3)

    def judge(self, milliseconds: float) -> CheckResult:
        return fresh_reads(history(self.text, max_staleness=milliseconds / 1000))

    def test_certainly_above_the_bound_fails(self) -> None:
        result = self.judge(4.9)
        assert (result.verdict, result.found) == (Verdict.FAIL, 1)
        assert "by more than the 4.90 ms that are tolerated" in result.sentence

    def test_at_the_bound_is_not_certainly_above_it(self) -> None:
        result = self.judge(5.0)
        assert (result.verdict, result.found) == (Verdict.INCONCLUSIVE, 0)
        assert result.sentence == (
            "1 stale read may or may not have been stale by more than the 5.00 ms that are tolerated: reads and PUTs "
            "took too long to tell."
        )

    def test_certainly_below_the_bound_passes_and_is_counted(self) -> None:
        result = self.judge(6.1)
        assert (result.verdict, result.found) == (Verdict.PASS, 0)
        assert number(result, "stale reads") == 1
        assert "1 read of" in result.sentence
        assert "none by more than the 6.10 ms" in result.sentence

    def test_the_upper_end_at_the_bound_is_certainly_within_it(self) -> None:
        text = f"w1[0 10] w2[20 30] r1[31 {20 + 5 * MS}] " + padding(10 * MS, 3)
        assert fresh_reads(history(text, max_staleness=0.005)).verdict is Verdict.PASS


def test_nothing_stale_is_a_bound_and_not_a_zero() -> None:
    result = fresh_reads(history(padding(0, 1)))
    assert result.verdict is Verdict.PASS
    assert f"or 1 in {result.looked_at // 3}" in result.sentence


def test_too_few_reads_or_writes_say_nothing() -> None:
    few_reads = fresh_reads(history(padding(0, 1, reads=60)))
    assert few_reads.verdict is Verdict.INCONCLUSIVE
    assert few_reads.sentence == (
        "Nothing can be said about freshness: only 70 reads came after an acknowledgement, at least 100 are needed."
    )
    few_writes = fresh_reads(history(padding(0, 1, reads=300, writes=4)))
    assert few_writes.verdict is Verdict.INCONCLUSIVE
    assert "only 4 writes after the first were acknowledged, at least 5 are needed" in few_writes.sentence
    assert fresh_reads(history(padding(0, 1, reads=300, writes=5))).verdict is Verdict.PASS
    one = fresh_reads(history("w1[0 10]"))
    assert "only 1 write after the first was acknowledged" in one.sentence


def test_exactly_enough_reads_is_enough() -> None:
    text = " ".join(f"w{n}[{20 * n} {20 * n + 9}]" for n in range(1, 6))
    reads = [f"r5[{1000 + n} {1000 + n}]" for n in range(100)]
    assert fresh_reads(history(" ".join([text, *reads]))).verdict is Verdict.PASS
    assert fresh_reads(history(" ".join([text, *reads[1:]]))).verdict is Verdict.INCONCLUSIVE


def test_few_reads_do_not_excuse_a_stale_one() -> None:
    assert fresh_reads(history("w1[0 10] r0[11 12]")).verdict is Verdict.FAIL


def test_somebody_else_writing_excuses_no_stale_read_and_makes_silence_inconclusive() -> None:
    result = judge("w1[0 10] w2[20 30] r1[31 40] foreign[50 60]")
    assert result.verdict is Verdict.FAIL
    assert result.sentence.endswith(
        "Somebody else wrote to s3://data/payload.json as well (1 foreign document); that explains none of this, "
        "unless they put back a document of this run that they had kept."
    )
    silent = judge("w1[0 10] w2[20 30] r2[31 40] foreign[50 60]")
    assert silent.verdict is Verdict.INCONCLUSIVE
    assert "Somebody else is writing to s3://data/payload.json" in silent.sentence
    assert "1 read returned a document that is not of this run" in silent.sentence
    tolerated = judge("w1[0 10] w2[20 30] r1[31 40] foreign[50 60]", max_staleness=1)
    assert tolerated.verdict is Verdict.INCONCLUSIVE


def test_a_witness_carries_the_names_that_the_target_gave_its_requests() -> None:
    reads, writes, windows = parse("w1[0 10] w2[20 30] r1[31 40]")
    requests = Requests(
        np.array([0, 0, 5]),
        np.array([WRITER_SESSION, 0, 0]),
        np.array([writes["called_ns"][2], reads["called_ns"][0], reads["called_ns"][0]]),
        ("put-2", "read-1", "of another worker"),
    )
    (shown,) = fresh_reads(build(reads, writes, windows, requests=requests)).witnesses
    assert [operation.request_id for operation in shown.operations] == ["", "put-2", "read-1"]


def test_says_the_most_that_any_read_can_have_been_too_old() -> None:
    result = judge("w1[0 10] w2[20 30] r1[40 45] r1[35 9000]")
    assert "The stalest was between 10.0 ns and 8.98 µs too old" in result.sentence
    assert number(result, "staleness of the stalest read, at most") == 9000 - 20
