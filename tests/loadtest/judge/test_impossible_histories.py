"""What cannot have happened is refused in one clear sentence, whichever file says it; what can is read."""

from __future__ import annotations

import pytest
from history_language import build, history, parse

from loadtest.errors import RunError
from loadtest.run.records import NEVER_RETURNED, ReadOutcome


def refuse(text: str) -> str:
    with pytest.raises(RunError) as caught:
        history(text)
    return str(caught.value)


class TestWhatCannotHaveHappened:
    def test_writes(self) -> None:
        assert "returned before they were called" in refuse("w1[10 9]")
        assert "in flight when the next one was called" in refuse("w1[0 10] w2[9 20]")
        assert "in flight when the next one was called" in refuse("w1[10 ?] w2[9 20]")
        assert "in flight when the next one was called" in refuse("x1[0 10] w2[9 20]")
        assert "not 0, 1, 2" in refuse("w1[0 10] w3[20 30]")
        assert "not 0, 1, 2" in refuse("w1[0 10] w1[20 30]")
        assert "version 0 was never acknowledged" in refuse("w0[0 ?] w1[20 30]")
        assert "version 0 was never acknowledged" in refuse("x0[0 5] w1[20 30]")
        history("w1[0 10] w2[10 20]")
        history("w1[0 ?] w2[0 20]")

    def test_a_write_of_unknown_outcome_that_returned(self) -> None:
        reads, writes, windows = parse("w1[0 ?] w2[5 10]")
        writes["returned_ns"][1] = writes["returned_ns"][2]
        with pytest.raises(RunError, match="a return that does not fit their outcome"):
            build(reads, writes, windows)
        writes["returned_ns"][1] = NEVER_RETURNED
        writes["returned_ns"][2] = NEVER_RETURNED
        with pytest.raises(RunError, match="1 writes have a return that does not fit"):
            build(reads, writes, windows)

    def test_no_writes(self) -> None:
        reads, writes, windows = parse("r0[0 1]")
        with pytest.raises(RunError, match="holds 0 writes"):
            build(reads, writes[:0], windows)

    def test_a_read_before_there_was_anything_to_read(self) -> None:
        assert "before version 0 was acknowledged" in refuse("w0[0 10] r0[9 20]")
        history("w0[0 10] r0[10 20]")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("r0[10 9]", "returned before they were called"),
            ("r0[10 11 due=1000000011]", "called long before they were due"),
            ("r0[10 11 status=304]", "a status that their outcome denies"),
            ("torn[10 11 status=500]", "a status that their outcome denies"),
            ("n0[10 11 status=200]", "a status that their outcome denies"),
            ("r[10 11]", "whole but have no version"),
            ("r0[10 11 etag=-4]", "a version that cannot be"),
            ("r0[10 11 sent=-4]", "a version that cannot be"),
            ("error0[10 11]", "errors but have a version"),
            ("n0[10 11 sent=none]", "answers to a condition that was never sent"),
            ("n0[10 11 sent=1]", "304 but have another version than their reader held"),
            ("not-modified-with-body1[10 11 sent=0]", "304 but have another version than their reader held"),
            ("unasked-not-modified[10 11 sent=0]", "sent a condition after all"),
        ],
    )
    def test_reads(self, text: str, why: str) -> None:
        assert why in refuse(f"w1[0 5] {text}")

    @pytest.mark.parametrize(
        "text",
        [
            "r0[10 10]",
            "r0[10 11 due=1000000010]",
            "foreign[10 11 status=304 sent=-2]",
            "timed-out[10 11 status=200]",
            "n[10 11 sent=-2]",
            "n0[10 11 sent=-2]",
            "not-modified-with-body0[10 11 sent=-2]",
            "error[10 11 sent=0]",
        ],
    )
    def test_reads_that_can_have_happened(self, text: str) -> None:
        history(f"w1[0 5] {text}")

    def change(self, table: str, column: str, value: int) -> str:
        reads, writes, windows = parse("w1[0 5] r0[10 11] quiet0[0 10] writing0[20 30]")
        {"reads": reads, "writes": writes, "windows": windows}[table][column][-1] = value
        with pytest.raises(RunError) as caught:
            build(reads, writes, windows)
        return str(caught.value)

    @pytest.mark.parametrize("column", ["called_ns", "returned_ns", "scheduled_ns"])
    @pytest.mark.parametrize("value", [-1, 2**62, 2**63 - 1, -(2**63)])
    def test_times_that_cannot_be(self, column: str, value: int) -> None:
        assert "1 reads have a time that cannot be" in self.change("reads", column, value)
        if (column, value) != ("returned_ns", 2**63 - 1):
            assert "1 writes" in self.change("writes", column, value)

    def test_values_that_no_enumeration_has(self) -> None:
        assert "outcome that does not exist" in self.change("reads", "outcome", max(ReadOutcome) + 1)
        assert "outcome that does not exist" in self.change("writes", "outcome", 3)
        assert "a kind that does not exist" in self.change("windows", "kind", 3)
        assert "a version that cannot be" in self.change("reads", "version", -2)

    def test_windows(self) -> None:
        assert "overlap, or are not in order" in refuse("quiet0[0 10] writing0[9 20]")
        assert "have a time that cannot be" in refuse("quiet0[10 9]")
        assert "a window twice, or two of one kind in a pair" in refuse("quiet0[0 10] quiet0[10 20]")
        assert "a window twice" in self.change("windows", "index", 0)
        assert "have a time that cannot be" in self.change("windows", "end_ns", 2**62)
        history("quiet0[0 10] writing0[10 20] quiet1[20 20]")

    def test_errors_say_how_many_and_which(self) -> None:
        assert refuse("r0[10 9] r0[20 30] r0[21 20]").startswith(
            "2 reads returned before they were called (the first is"
        )
