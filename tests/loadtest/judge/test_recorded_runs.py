"""Whatever a target answers, what readers record of it is accepted and judged; and what is honest passes."""

from typing import Any

from hypothesis import given
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


def spelled(version: int, epoch: int, how: str) -> str:
    """The ETag of a version as an honest gateway may spell it; ``epoch`` is how often the site was deployed anew."""
    return {
        "as the store": f'"{version:032x}"',
        "weak": f'W/"{version:032x}"',
        "with a suffix": f'"{version:032x}-gzip"',
        "without quotes": f"{version:032x}",
        "of its own": f'"own-{epoch}-{version}"',
        "a counter": f'"{version + 7}"',
    }[how]


@given(
    st.lists(st.integers(-1, 2), min_size=1, max_size=60),
    st.sampled_from(("as the store", "weak", "with a suffix", "without quotes", "of its own", "a counter")),
    st.sampled_from(("told", "not told", "told another")),
    st.integers(0, 60),
    st.sampled_from((0.5, 1.0)),
)
def test_an_honest_target_never_fails(steps: list[int], how: str, told: str, deployed_anew: int, share: float) -> None:
    """Whatever its ETags are made of, and though they change once; -1 is a PUT, else a reader asks."""
    recording = Recording(share)

    def put(version: int) -> None:
        recording.put({"told": f'"{version:032x}"', "not told": "", "told another": f'"kms-{version}-etag"'}[told])

    put(current := 0)
    for place, session in enumerate(steps):
        if session < 0:
            put(current := current + 1)
            continue
        etag = spelled(current, int(place >= deployed_anew), how)
        if recording.asks(session) == etag:
            recording.read(session, 304, etag)
        else:
            recording.read(session, 200, etag, document(current))
    failed = [(check.id, check.sentence) for check in judged(recording).checks if check.verdict is Verdict.FAIL]
    assert failed == []
