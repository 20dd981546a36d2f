"""Availability: the share of errors, by kind, and a target that dies."""

import itertools

import pytest
from history_language import history, run_info, samples
from hypothesis import given
from hypothesis import strategies as st

from loadtest.judge.checks.availability import availability
from loadtest.judge.measure.rates import measure_availability
from loadtest.run.history import blocks
from loadtest.run.history.history import History
from loadtest.run.history.run_entries import RunEnd
from loadtest.run.records import BROKEN_OUTCOMES, ERROR_OUTCOMES, ReadOutcome, Verdict
from loadtest.units import SECOND


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


def test_no_read_that_brought_no_document_is_left_out_of_every_check() -> None:
    """A connection lost within a body is no error: the truncated document must be found elsewhere, and so on."""
    faults_of_304 = [ReadOutcome.UNASKED_NOT_MODIFIED, ReadOutcome.NOT_MODIFIED_WITH_BODY]
    found = [*ERROR_OUTCOMES, *BROKEN_OUTCOMES, *faults_of_304, ReadOutcome.ETAG_MISMATCH, ReadOutcome.FOREIGN]
    right = [ReadOutcome.WHOLE, ReadOutcome.NOT_MODIFIED]
    assert sorted([*found, *right, ReadOutcome.NOT_SENT]) == list(ReadOutcome)


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
        "0 errors in 100 reads (at 95 % confidence below 3.00 %, or 1 in 33).",
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
        availability(history(f"w1[-90 -80] {reads(10)}")).numbers[0].text
        == "at 95 % confidence below 30.0 %, or 1 in 3"
    )


def test_few_are_shown_and_all_are_counted() -> None:
    result = availability(history("w1[-90 -80] " + reads(9, what="error")))
    assert (result.found, len(result.witnesses), result.looked_at) == (9, 5, 9)


def killed(text: str, *, alive_until: float, recovered: bool = True) -> History:
    """A run that was killed; its generator sampled its own health until then."""
    ended = RunEnd(reason="killed", recovered=recovered)
    table = samples([1000] * (round(alive_until * 50) + 1))  # one every 20 ms, from 0 on
    return history(f"w1[-90 -80] {text}", samples=table, info=run_info().model_copy(update={"ended": ended}))


class TestARunThatWasKilled:
    """What was in flight then left nothing behind, so silence before it may be a target that had stopped answering."""

    ten_seconds = reads(101, step=SECOND // 10)

    def test_while_no_read_returned_any_more_is_no_pass(self) -> None:
        result = availability(killed(self.ten_seconds, alive_until=11.02))
        assert (result.verdict, result.found) == (Verdict.INCONCLUSIVE, 0)
        assert result.sentence == (
            "No read returned in the last 1.02 s before the run was killed, and of those in flight nothing is known: "
            "the target may have stopped answering. Before that: 0 errors in 101 reads."
        )

    @pytest.mark.parametrize("alive_until", [9, 10, 10.02, 10.98])
    def test_while_reads_returned_passes(self, alive_until: float) -> None:
        assert availability(killed(self.ten_seconds, alive_until=alive_until)).verdict is Verdict.PASS

    def test_and_of_whose_generator_nothing_is_known_passes(self) -> None:
        run = killed(self.ten_seconds, alive_until=20)
        bare = history(f"w1[-90 -80] {self.ten_seconds}", info=run.info)
        assert availability(bare).verdict is Verdict.PASS
        assert availability(run).verdict is Verdict.INCONCLUSIVE

    @pytest.mark.parametrize(("alive_until", "verdict"), [(109, Verdict.PASS), (111, Verdict.INCONCLUSIVE)])
    def test_a_tenth_of_a_long_run_must_be_silent(self, alive_until: int, verdict: Verdict) -> None:
        assert availability(killed(reads(101, step=SECOND), alive_until=alive_until)).verdict is verdict

    @pytest.mark.parametrize(("alive_until", "verdict"), [(15.9, Verdict.PASS), (16.1, Verdict.INCONCLUSIVE)])
    def test_silence_is_told_by_what_was_usual(self, alive_until: float, verdict: Verdict) -> None:
        before = reads(101, step=SECOND // 20)  # 5 s, then 3 s of silence
        after = reads(21, start=8 * SECOND, step=SECOND // 10)
        assert availability(killed(f"{before} {after}", alive_until=alive_until)).verdict is verdict

    @pytest.mark.parametrize(("alive_until", "verdict"), [(6, Verdict.PASS), (6.02, Verdict.INCONCLUSIVE)])
    def test_a_second_of_a_short_run_must_be_silent(self, alive_until: float, verdict: Verdict) -> None:
        until_5_020 = f"{reads(101, step=SECOND // 20)} r1[{5 * SECOND + 2} {502 * SECOND // 100}]"
        assert availability(killed(until_5_020, alive_until=alive_until)).verdict is verdict

    def test_a_run_that_was_stopped_is_not_concerned(self) -> None:
        assert availability(killed(self.ten_seconds, alive_until=20, recovered=False)).verdict is Verdict.PASS

    def test_errors_that_fail_still_fail(self) -> None:
        result = availability(killed(f"{self.ten_seconds} error[3 4]", alive_until=20))
        assert result.verdict is Verdict.FAIL
        assert result.sentence == "1 error in 102 reads (0.980 %: 1 server-error), more than the tolerated 0.100 %."
        died = availability(killed(f"{self.ten_seconds} error[{10 * SECOND} {12 * SECOND}]", alive_until=20))
        assert died.verdict is Verdict.FAIL
        assert died.sentence.startswith("The target stopped answering")

    def test_errors_that_are_tolerated_are_said(self) -> None:
        result = availability(killed(f"{reads(1001, step=SECOND // 100)} error[3 4]", alive_until=12))
        assert result.verdict is Verdict.INCONCLUSIVE
        assert result.sentence.endswith("Before that: 1 error in 1,002 reads (0.0998 %: 1 server-error).")


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

    @given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), min_size=1, max_size=20), st.integers(1, 9))
    def test_the_longest_gap_is_that_between_returns_in_their_order(
        self, reads: list[tuple[int, int]], block: int
    ) -> None:
        reads = sorted(reads)
        text = " ".join(f"r0[{called} {called + took}]" for called, took in reads)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(blocks, "BLOCK", block)
            found = measure_availability(history(text))
        moments = [reads[0][0], *sorted(called + took for called, took in reads)]
        gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
        assert found.longest_gap_ns == max(gaps)
        assert found.longest_gap_at_ns == moments[gaps.index(max(gaps))] - moments[0]

    def test_nothing_read(self) -> None:
        found = measure_availability(history("w1[0 1]"))
        assert (found.reads, found.error_share, found.reads_per_second, found.longest_gap_ns) == (0, None, None, None)
        assert found.wanted_reads_per_second is None

    def test_puts_of_the_window_that_the_end_of_the_run_cut_off_do_not_count(self) -> None:
        windows = f"writing0[0 {SECOND}] quiet0[{SECOND} {2 * SECOND}]"
        cut_off = " ".join(
            f"w{n}[{at} {at + 5}]" for n, at in enumerate(range(2 * SECOND + 9, 3 * SECOND, SECOND // 9), 3)
        )
        found = measure_availability(history(f"{windows} w1[10 20] w2[30 40] {cut_off} r1[50 60]"))
        assert found.writes_per_second == 2.0
        assert found.writes == 3 + 9
