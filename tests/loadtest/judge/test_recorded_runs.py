"""Whatever a target answers, what readers record of it is accepted and judged; and what is honest passes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from recording import Recording, document

from loadtest.http1.errors import BodyTooLargeError
from loadtest.judge.analyse import summarise
from loadtest.run.records import Verdict, WriteOutcome
from loadtest.summary.summary import Summary, summary_bytes

TAGS = ('"a"', 'W/"a"', "b", '"c"', "", '""', '"d')
BODIES = (
    *(document(version) for version in range(4)),
    document(1, run="ba9876543210"),
    document(2)[:200] + document(3)[200:],
    document(1)[:90],
    document(1).replace(b",", b", "),
    b"\xef\xbb\xbf" + document(1),
    document(9),
    document(2**31 - 1),
    b'{"message": "Internal server error"}',
    b"{}",
    b"",
    b"<html>",
)
FAILURES = (TimeoutError(), ConnectionResetError(), ConnectionRefusedError(), OSError(), BodyTooLargeError("too much"))
ANSWERS = st.one_of(
    st.tuples(st.just(200), st.none() | st.sampled_from(TAGS), st.sampled_from(BODIES), st.none()),
    st.tuples(st.just(200), st.sampled_from(TAGS), st.sampled_from(BODIES[:3]), st.none()),
    st.tuples(st.just(200), st.none() | st.sampled_from(TAGS), st.sampled_from(BODIES), st.sampled_from(FAILURES)),
    st.tuples(st.just(304), st.none() | st.sampled_from(TAGS), st.sampled_from((b"", b"", b"more")), st.none()),
    st.tuples(st.just(0), st.none(), st.just(b""), st.sampled_from(FAILURES)),
    st.tuples(st.sampled_from((204, 206, 301, 403, 404, 429, 500)), st.none(), st.just(b"no"), st.none()),
)
STEPS = st.one_of(
    st.tuples(st.just("read"), st.integers(0, 2), ANSWERS),
    st.tuples(st.just("read"), st.integers(0, 2), ANSWERS),
    st.tuples(st.just("read"), st.integers(0, 2), ANSWERS),
    st.tuples(st.just("put"), st.sampled_from(("", *TAGS)), st.sampled_from(WriteOutcome)),
    st.tuples(st.just("late body"), st.none(), st.none()),
)


def judged(recording: Recording) -> Summary:
    """The summary of what was recorded: it is always accepted, and no check breaks off."""
    summary = summarise(recording.history())
    assert not [check.error for check in summary.checks if check.error]
    summary_bytes(summary)
    return summary


@settings(deadline=None, max_examples=100)
@given(st.lists(STEPS, max_size=30), st.sampled_from((0.0, 0.5, 1.0)))
def test_whatever_a_target_answers_its_run_is_accepted_and_judged(steps: list[Any], share: float) -> None:
    recording = Recording(share)
    recording.put('"0"')
    for step, first, second in steps:
        if step == "read":
            recording.read(first, *second)
        elif step == "put":
            recording.put(first, second)
        else:
            recording.body_after_304()
    summary = judged(recording)
    whole = next(check for check in summary.checks if check.id == "whole-bodies")
    broken = {row.outcome: row.count for row in summary.availability.read_outcomes}
    assert (whole.verdict is Verdict.FAIL) == bool(whole.found)
    assert sum(broken.values()) == summary.availability.reads == len(recording.rows)
