"""Monotonic reads: one reader, one direction."""

import numpy as np
import pytest
from altered import from_afar
from history_language import as_text, build, history, padding, parse, run_info

from loadtest.judge.checks.monotonic_reads import inversions, monotonic_reads, sessions_of
from loadtest.judge.order.sessions import session_key
from loadtest.judge.order.timeline import timeline
from loadtest.run.records import Verdict

ENOUGH = padding(10_000, 3)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("w1[0 10] w2[20 90] a:r2[30 40] a:r1[41 50]", 1),
        ("w1[0 10] w2[20 90] a:r2[30 40] a:r1[40 50]", 0),  # equal times overlap
        ("w1[0 10] w2[20 90] a:r2[30 40] b:r1[41 50]", 0),  # another reader
        ("w1[0 10] w2[20 90] a:r1[30 40] a:r2[41 50]", 0),
        ("w1[0 10] w2[20 90] a:r2[30 40] a:r2[41 50]", 0),
        ("w1[0 10] w2[20 90] a:r2[30 40] a:n1[41 50]", 1),
        ("w1[0 10] w2[20 90] a:r2[30 40] a:error[41 45] a:r1[46 50]", 1),
        ("w1[0 10] w2[20 90] a:r2[30 40] a:r1[41 50] a:r2[51 60] a:r1[61 70]", 2),
        ("w1[0 10] w2[20 90] a:r2[22 25] a:r1[30 40] a:r0[41 50]", 2),
        ("w1[0 ?] w2[20 90] a:r2[30 40] a:r1[41 50]", 0),  # 1 may have taken effect after 2
        ("w1[0 ?] w2[20 90] b:r1[5 19] a:r2[30 40] a:r1[41 50]", 1),  # not when it was seen before
        ("w1[0 ?] w2[20 90] b:r1[5 20] a:r2[30 40] a:r1[41 50]", 0),
        ("w1[0 10] w2[20 ?] a:r2[30 40] a:r1[41 50]", 1),  # 2 was seen, so it happened
        ("w1[0 10] x2[20 90] a:r2[30 40] a:r1[41 50]", 0),  # a phantom proves nothing
        ("w1[0 10] w2[60 90] a:r2[30 40] a:r1[41 50]", 0),  # nor does one that came too early
    ],
)
def test_fires_when_it_must_and_only_then(text: str, found: int) -> None:
    result = monotonic_reads(history(f"{text} {ENOUGH}"))
    assert result.found == found
    assert result.verdict is (Verdict.FAIL if found else Verdict.PASS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("w1[0 10] w2[20 ?] a:r2[30 40] a:r1[41 50]", 1),  # no HEAD showed 2, and it was over
        ("w1[0 ?] w2[20 90] a:r2[30 40] a:r1[41 50]", 0),  # no HEAD showed 1, so it may have come after 2
    ],
)
def test_the_order_of_what_no_head_showed_is_that_of_its_times(text: str, found: int) -> None:
    assert monotonic_reads(history(text, writer="watch")).found == found


def test_the_order_of_a_session_is_known_where_that_of_all_reads_together_is_not() -> None:
    run = from_afar(history("w1[0 10] w2[20 90] a:r2[30 40] a:r1[41 50]"), 100)
    assert (len(inversions(run)), monotonic_reads(run).found) == (0, 1)


def test_a_write_that_was_called_as_the_other_was_over_is_not_newer_though_the_reader_goes_back_later_on() -> None:
    text = "w1[0 10] w2[10 15] w3[20 90] a:r2[16 17] a:r1[18 19] a:r3[30 40] a:r2[41 50]"
    result = monotonic_reads(history(text))
    assert result.found == 1
    assert [o.version for o in result.witnesses[0].operations] == [2, 3, 3, 2]


def test_the_read_that_is_shown_before_is_one_that_proves_it() -> None:
    """Somebody else publishes document 1 once more, as version 3: a read of it may have been one of version 1."""
    reads, writes, windows = parse("w1[0 10] w2[20 30] w3[40 50] a:r2[52 55] a:r3[60 65] a:r0[70 80]")
    writes["etag"][3] = writes["etag"][1]
    watched = run_info(writer="watch", write_interval=0.0, window=0.0)
    result = monotonic_reads(build(reads, writes, windows, info=watched))
    assert result.found == 1
    assert "had version 2 and" in result.witnesses[0].sentence


def test_sessions_of_other_workers_are_other_sessions() -> None:
    text = "w1[0 10] w2[20 90] a:r2[30 40 worker=1] a:r1[41 50 worker=2]"
    assert monotonic_reads(history(text)).found == 0


def test_more_sessions_than_fit_16_bits() -> None:
    text = "w1[0 10] w2[20 90] a:r2[30 40 worker=65535] a:r1[41 50 worker=65535] b:r1[60 70]"
    result = monotonic_reads(history(text))
    assert result.found == 1
    assert result.witnesses[0].operations[-1].session == "65535/0"


@pytest.mark.parametrize(
    ("worker", "session", "kind"),
    [(32_767, 0, np.uint16), (32_768, 0, np.int64), (0, 65_534, np.uint16), (0, 65_535, np.int64)],
)
def test_the_key_of_a_session_is_as_small_as_it_can_be(worker: int, session: int, kind: type) -> None:
    reads, writes, windows = parse("r0[1 2] r0[3 4] r0[5 6] not-sent[7 7 status=0]")
    reads["worker"], reads["session"] = [0, worker, worker, worker], [0, 0, session, 0]
    reads["session"][3] = 4_294_967_295  # of no session
    keys = session_key(build(reads, writes, windows))
    assert keys.dtype == kind
    wanted = [0, worker * (session + 2), worker * (session + 2) + session, worker * (session + 2) + session + 1]
    assert keys.tolist() == wanted


def test_a_bound_on_staleness_does_not_excuse_it() -> None:
    text = f"w1[0 10] w2[20 90] a:r2[30 40] a:r1[41 50] {ENOUGH}"
    assert monotonic_reads(history(text, max_staleness=3600)).verdict is Verdict.FAIL


def test_counts_readers_and_reads_that_had_an_earlier_one() -> None:
    result = monotonic_reads(history("w1[0 10] w2[20 90] a:r2[30 40] a:r1[41 50] a:r1[51 52] b:r1[95 99] b:r2[99 99]"))
    assert {number.name: number.value for number in result.numbers} == {"readers": 2, "readers that went back": 1}
    assert result.looked_at == 3
    assert result.sentence == "2 reads of 3 went back in time, by 1 of 2 readers."


def test_sessions_are_told_apart_and_their_reads_kept_in_order_of_call() -> None:
    run = history("w1[0 10] z:r1[11 12] " + " ".join(f"{'ab'[n % 2]}:r1[{20 + n} {21 + n}]" for n in range(100)))
    times, keys = timeline(run), session_key(run)
    first, second = sessions_of(run, times, np.unique(keys[1:]))
    assert (first.tolist(), second.tolist()) == (list(range(1, 101, 2)), list(range(2, 101, 2)))
    assert list(sessions_of(run, times, keys[:0])) == []


def test_a_witness_shows_both_reads_and_both_writes() -> None:
    (shown,) = monotonic_reads(
        history(f"w1[0 10] w2[20 90] a:r1[1 2] a:r2[30 40] a:r2[41 42] a:r1[47 50] {ENOUGH}")
    ).witnesses
    assert as_text(shown) == "w1[-40 -30] w2[-20 50] r2[-10 0] r1[7 10]"
    assert shown.relative_to == "return of the read of version 2"
    assert shown.sentence == "Reader 0/0 had version 2 and, in a read called 7.00 ns later, got version 1 again."


def test_a_witness_shows_no_read_that_overlaps() -> None:
    text = f"w1[0 10] w2[20 30] w3[100 190] a:r2[31 40] a:r3[101 110] a:r1[110 120] {padding(10_000, 4)}"
    (shown,) = monotonic_reads(history(text)).witnesses
    assert shown.relative_to == "return of the read of version 2"


def test_witnesses_are_of_the_reader_they_name() -> None:
    text = "w1[0 10] w2[20 90] w3[100 190] b:r3[110 120] a:r2[30 40] a:r1[125 130]"
    (shown,) = monotonic_reads(history(text)).witnesses
    assert [o.version for o in shown.operations] == [1, 2, 2, 1]


def test_few_are_shown_and_all_are_counted() -> None:
    reads = " ".join(f"a:r1[{50 + 2 * n} {51 + 2 * n}]" for n in range(9))
    result = monotonic_reads(history(f"w1[0 10] w2[20 90] a:r2[30 40] {reads}"))
    assert result.found == 9
    assert [shown.operations[-1].called_ns for shown in result.witnesses] == [10, 12, 14, 16, 18]


def test_too_little_and_silence_while_others_write_are_inconclusive() -> None:
    assert monotonic_reads(history("w1[0 10] a:r1[20 30] a:r1[31 40]")).verdict is Verdict.INCONCLUSIVE
    assert monotonic_reads(history("w1[0 10]")).verdict is Verdict.INCONCLUSIVE
    lonely = " ".join(f"r6[{20_000 + n} {20_000 + n}]" for n in range(200))
    result = monotonic_reads(history(f"{padding(0, 1, reads=6)} {lonely}"))
    assert result.sentence == (
        "Nothing can be said about going back in time: only 5 reads had an earlier one by the same reader, at least "
        "100 are needed."
    )
    foreign = monotonic_reads(history(f"w1[0 10] w2[20 90] a:r2[30 40] a:r2[41 50] foreign[60 61] {ENOUGH}"))
    assert foreign.verdict is Verdict.INCONCLUSIVE
    assert "Somebody else is writing" in foreign.sentence


def test_somebody_else_writing_excuses_no_going_back() -> None:
    foreign = monotonic_reads(history(f"w1[0 10] w2[20 90] a:r2[30 40] a:r1[41 50] foreign[60 61] {ENOUGH}"))
    assert foreign.verdict is Verdict.FAIL
    assert "as well (1 foreign document)" in foreign.sentence


def test_silence_says_how_much_was_looked_at() -> None:
    result = monotonic_reads(history(padding(0, 1)))
    assert result.sentence == f"None of 13 readers went back in time in {result.looked_at} reads."
