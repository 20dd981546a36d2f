"""What no target and no load generator can have done is refused in one sentence, and what they can have done is not."""

import pytest
from history_language import build, history, parse

from loadtest.errors import RunError
from loadtest.run.records import NEVER_RETURNED, ReadOutcome

IN_FLIGHT = "in flight when the next one was called"
NEVER_PUT = "version 0 was never acknowledged"
NO_TIME = "have a time that cannot be"
DENIED = "a status that their outcome denies"
UNLIKE_304 = "304 but have another version than their reader held"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("w1[10 9]", "returned before they were called"),
        ("w1[0 10] w2[9 20]", IN_FLIGHT),
        ("w1[10 ?] w2[9 20]", IN_FLIGHT),
        ("x1[0 10] w2[9 20]", IN_FLIGHT),
        ("w1[0 10] w3[20 30]", "not 0, 1, 2"),
        ("w1[0 10] w1[20 30]", "not 0, 1, 2"),
        ("w0[0 ?] w1[20 30]", NEVER_PUT),
        ("x0[0 5] w1[20 30]", NEVER_PUT),
        ("w0[0 10] r0[9 20]", "before version 0 was acknowledged"),
        ("w1[0 5] r0[10 9]", "returned before they were called"),
        ("w1[0 5] r0[10 11 due=1000000011]", "called long before they were due"),
        ("w1[0 5] r0[10 11 status=304]", DENIED),
        ("w1[0 5] torn[10 11 status=500]", DENIED),
        ("w1[0 5] n0[10 11 status=200]", DENIED),
        ("w1[0 5] r[10 11]", "whole but have no version"),
        ("w1[0 5] r0[10 11 etag=-4]", "a version that cannot be"),
        ("w1[0 5] r0[10 11 sent=-4]", "a version that cannot be"),
        ("w1[0 5] error0[10 11]", "errors but have a version"),
        ("w1[0 5] n0[10 11 sent=none]", "answers to a condition that was never sent"),
        ("w1[0 5] n0[10 11 sent=1]", UNLIKE_304),
        ("w1[0 5] not-modified-with-body1[10 11 sent=0]", UNLIKE_304),
        ("w1[0 5] unasked-not-modified[10 11 sent=0]", "sent a condition after all"),
        ("quiet0[0 10] writing0[9 20]", "overlap, or are not in order"),
        ("quiet0[10 9]", NO_TIME),
        ("quiet0[0 10] quiet0[10 20]", "a window twice, or two of one kind in a pair"),
        ("r0[10 9] r0[20 30] r0[21 20]", "2 reads returned before they were called (the first is"),
    ],
)
def test_what_cannot_have_happened_is_refused(text: str, why: str) -> None:
    with pytest.raises(RunError) as caught:
        history(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "w1[0 10] w2[10 20]",
        "w1[0 ?] w2[0 20]",
        "w0[0 10] r0[10 20]",
        "w1[0 5] r0[10 10]",
        "w1[0 5] r0[10 11 due=1000000010]",
        "w1[0 5] foreign[10 11 status=304 sent=-2]",
        "w1[0 5] timed-out[10 11 status=200]",
        "w1[0 5] n[10 11 sent=-2]",
        "w1[0 5] n0[10 11 sent=-2]",
        "w1[0 5] not-modified-with-body0[10 11 sent=-2]",
        "w1[0 5] error[10 11 sent=0]",
        "quiet0[0 10] writing0[10 20] quiet1[20 20]",
    ],
)
def test_what_can_have_happened_is_not(text: str) -> None:
    history(text)


def test_a_write_whose_return_does_not_fit_its_outcome() -> None:
    reads, writes, windows = parse("w1[0 ?] w2[5 10]")
    writes["returned_ns"][1] = writes["returned_ns"][2]
    with pytest.raises(RunError, match="a return that does not fit their outcome"):
        build(reads, writes, windows)
    writes["returned_ns"][1] = NEVER_RETURNED
    writes["returned_ns"][2] = NEVER_RETURNED
    with pytest.raises(RunError, match="1 writes have a return that does not fit"):
        build(reads, writes, windows)


def test_no_writes() -> None:
    reads, writes, windows = parse("r0[0 1]")
    with pytest.raises(RunError, match="holds 0 writes"):
        build(reads, writes[:0], windows)


def refused_with(table: str, column: str, value: int) -> str:
    """The error for a history with one value changed."""
    tables = dict(
        zip(("reads", "writes", "windows"), parse("w1[0 5] r0[10 11] quiet0[0 10] writing0[20 30]"), strict=True)
    )
    tables[table][column][-1] = value
    with pytest.raises(RunError) as caught:
        build(**tables)
    return str(caught.value)


@pytest.mark.parametrize("column", ["called_ns", "returned_ns", "scheduled_ns"])
@pytest.mark.parametrize("value", [-1, 2**62, 2**63 - 1, -(2**63)])
def test_times_that_cannot_be(column: str, value: int) -> None:
    assert f"1 reads {NO_TIME}" in refused_with("reads", column, value)
    if (column, value) != ("returned_ns", 2**63 - 1):
        assert "1 writes" in refused_with("writes", column, value)


@pytest.mark.parametrize(
    ("table", "column", "value", "why"),
    [
        ("reads", "outcome", max(ReadOutcome) + 1, "outcome that does not exist"),
        ("writes", "outcome", 3, "outcome that does not exist"),
        ("windows", "kind", 3, "a kind that does not exist"),
        ("reads", "version", -2, "a version that cannot be"),
        ("windows", "index", 0, "a window twice"),
        ("windows", "end_ns", 2**62, NO_TIME),
    ],
)
def test_values_that_cannot_be(table: str, column: str, value: int, why: str) -> None:
    assert why in refused_with(table, column, value)
