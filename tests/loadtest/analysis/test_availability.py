"""Availability: the share of errors, by kind, and a target that dies."""

from __future__ import annotations

import pytest
from history_language import history

from loadtest.checks.availability import availability
from loadtest.measures.rates import measure_availability
from loadtest.records import ReadOutcome, Verdict

SECOND = 1_000_000_000


def reads(count: int, start: int = 0, step: int = 1000, what: str = "r1") -> str:
    return " ".join(f"{what}[{start + step * n} {start + step * n + 1}]" for n in range(count))


def test_the_tolerated_share_and_one_more() -> None:
    within = availability(history(f"w1[-90 -80] {reads(2000)} error[3 4] error[5 6]"))
    assert within.verdict is Verdict.PASS
    assert within.sentence == "2 errors in 2,002 reads (0.0999 %: 2 server-error)."
    beyond = availability(history(f"w1[-90 -80] {reads(1997)} error[3 4] error[5 6]"))
    assert beyond.verdict is Verdict.FAIL
    assert beyond.sentence == "2 errors in 1,999 reads (0.100 %: 2 server-error), more than the tolerated 0.100 %."


def test_exactly_the_tolerated_share_passes() -> None:
    assert availability(history(f"w1[-90 -80] {reads(999)} error[3 4]")).verdict is Verdict.PASS


@pytest.mark.parametrize("outcome", [o for o in ReadOutcome if ReadOutcome.NOT_FOUND <= o < ReadOutcome.NOT_SENT])
def test_every_kind_of_error_counts(outcome: ReadOutcome) -> None:
    name = outcome.name.lower().replace("_", "-")
    result = availability(history(f"w1[-90 -80] {reads(100)} {name}[3 4]"))
    assert (result.found, result.verdict) == (1, Verdict.FAIL)
    assert f"1 {name})" in result.sentence


@pytest.mark.parametrize("name", ["torn", "truncated", "corrupt", "foreign", "unasked-not-modified", "not-sent", "n1"])
def test_what_is_no_error_does_not(name: str) -> None:
    result = availability(history(f"w1[-90 -80] {reads(100)} {name}[3 4]"))
    assert (result.found, result.verdict) == (0, Verdict.PASS)


def test_kinds_are_listed_apart() -> None:
    result = availability(history(f"w1[-90 -80] {reads(10)} error[3 4] refused[5 6 status=0] refused[7 8 status=0]"))
    assert "3 errors in 13 reads (23.1 %: 1 server-error, 2 refused)" in result.sentence


def test_a_target_that_dies_fails_whatever_the_share() -> None:
    alive = reads(9000, step=1_000_000)
    text = f"w1[-90 -80] {alive} refused[{9 * SECOND} {10 * SECOND - 1_000_000 + 1} status=0]"
    result = availability(history(text))
    assert result.verdict is Verdict.FAIL
    assert result.sentence.startswith("The target stopped answering: no read succeeded in the last 1.00 s.")
    just_alive = availability(history(text.replace(f"{10 * SECOND - 1_000_000 + 1}", f"{10 * SECOND - 1_000_000}")))
    assert just_alive.verdict is Verdict.PASS


def test_a_tenth_of_a_long_run_must_be_silent() -> None:
    text = f"w1[-90 -80] {reads(1901, step=100_000_000)} refused[{190 * SECOND} %d status=0]"
    dead = availability(history(text % (212 * SECOND)))
    assert dead.verdict is Verdict.FAIL
    assert "no read succeeded in the last 22.0 s" in dead.sentence
    assert availability(history(text % (210 * SECOND))).verdict is Verdict.PASS


def test_a_target_that_never_answered_is_dead() -> None:
    result = availability(history(f"w1[-90 -80] refused[0 {2 * SECOND} status=0]"))
    assert result.verdict is Verdict.FAIL
    assert "no read succeeded in the last 2.00 s" in result.sentence


def test_silence_at_the_end_without_errors_is_no_death() -> None:
    assert availability(history(f"w1[-90 -80] {reads(200)} torn[5 {20 * SECOND}]")).verdict is Verdict.PASS


def test_too_few_reads_and_none() -> None:
    few = availability(history(f"w1[-90 -80] {reads(99)}"))
    assert (few.verdict, few.sentence) == (Verdict.INCONCLUSIVE, "0 errors in 99 reads; at least 100 reads are needed.")
    enough = availability(history(f"w1[-90 -80] {reads(100)}"))
    assert (enough.verdict, enough.sentence) == (
        Verdict.PASS,
        "0 errors in 100 reads (< 3/100 at 95 %, which is 3.00 % or 1 in 33).",
    )
    none = availability(history("w1[-90 -80]"))
    assert (none.verdict, none.sentence) == (Verdict.INCONCLUSIVE, "No read was made.")


def test_numbers_and_witnesses() -> None:
    result = availability(history(f"w1[-90 -80] {reads(10)} error[3 7] refused[5 6 status=0]"))
    assert [(number.value, number.unit) for number in result.numbers] == [(round(2 / 12, 9), "share"), (1000, "ns")]
    first, second = result.witnesses
    assert first.sentence == "Reader 0/10 got HTTP 500 (server-error) after 4.00 ns."
    assert second.sentence == "Reader 0/11 got no HTTP answer (refused) after 1.00 ns."
    assert first.operations[0].called_ns == 0
    assert first.relative_to == "call of the read"
    assert (
        availability(history(f"w1[-90 -80] {reads(10)}")).numbers[0].text == "< 3/10 at 95 %, which is 30.0 % or 1 in 3"
    )


def test_few_are_shown_and_all_are_counted() -> None:
    result = availability(history("w1[-90 -80] " + reads(9, what="error")))
    assert (result.found, len(result.witnesses), result.looked_at) == (9, 5, 9)


class TestMeasurement:
    def test_rates_and_gaps(self) -> None:
        text = (
            f"w1[0 10] w2[{SECOND} {SECOND + 5}] w3[{2 * SECOND} ?] x4[{2 * SECOND + 9} {2 * SECOND + 10}] "
            f"r1[20 30 due=15] error[{SECOND} {SECOND + 1}] r2[{3 * SECOND} {3 * SECOND + 10}] "
            f"not-sent[{4 * SECOND + 20} {4 * SECOND + 20} due=60 status=0]"
        )
        found = measure_availability(history(text, arrival_rate=7.0))
        assert (found.reads, found.errors, found.error_share, found.not_sent) == (3, 1, round(1 / 3, 9), 1)
        assert found.duration_ns == 4 * SECOND
        assert (found.reads_per_second, found.writes_per_second) == (0.75, 1.0)
        assert found.wanted_reads_per_second == 7.0
        assert (found.longest_gap_ns, found.longest_gap_at_ns) == (3 * SECOND - 20, 10)
        assert (found.late_starts.count, found.late_starts.max_ns) == (3, 5)
        assert found.body_bytes == 2000
        assert [(row.outcome, row.count) for row in found.read_outcomes] == [("whole", 2), ("server-error", 1)]
        assert [(row.outcome, row.count, row.share) for row in found.write_outcomes] == [
            ("acked", 3, 0.6),
            ("refused", 1, 0.2),
            ("unknown", 1, 0.2),
        ]
        assert found.write_errors == ("ReadTimeoutError", "AccessDenied (HTTP 403)")
        assert found.writes == 5

    def test_writes_per_second_while_writing(self) -> None:
        text = f"w1[10 20] w2[30 40] quiet0[{SECOND} {3 * SECOND}] writing0[0 {SECOND}] r1[50 60]"
        assert measure_availability(history(text)).writes_per_second == 2.0

    def test_a_gap_at_the_end_counts(self) -> None:
        found = measure_availability(history("w1[0 1] r1[10 20] error[21 90]"))
        assert (found.longest_gap_ns, found.longest_gap_at_ns) == (70, 10)

    def test_nothing_read(self) -> None:
        found = measure_availability(history("w1[0 1]"))
        assert (found.reads, found.error_share, found.reads_per_second, found.longest_gap_ns) == (0, None, None, None)
        assert found.wanted_reads_per_second is None
