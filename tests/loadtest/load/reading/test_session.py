"""A reading session: what it asks, and what it makes of every kind of answer."""

import ssl
from typing import Any, cast

import pytest

from loadtest.http1.errors import BodyTooLargeError, HeadTooLargeError, MalformedError, cut
from loadtest.load.reading.session import ReadAnswer, Session
from loadtest.load.writer.writer import PayloadWriter
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MadeUp, Verifier
from loadtest.run.records import NO_VERSION, ReadOutcome

RUN, SIZE = "0123456789ab", 512


def session(share: float = 0.5) -> Session:
    return Session(0, Verifier(RUN, SIZE), share)


@pytest.mark.parametrize(("share", "conditional"), [(0, 0), (0.25, 25), (0.5, 50), (1, 100)])
def test_the_share_of_conditional_reads_is_exact(share: float, conditional: int) -> None:
    reader = session(share)
    reader.keep('"a"', 1, 7)
    asked = [reader.ask() for _ in range(100)]
    assert sum(question.etag is not None for question in asked) == conditional


def test_nothing_is_validated_before_something_is_held_or_when_it_came_without_an_etag() -> None:
    reader = session(1)
    assert reader.ask().etag is None
    reader.keep('"a"', 1, 7)
    assert reader.ask() == ('"a"', 1, 7)
    reader.keep('"b"', 2, 8)
    assert reader.ask() == ('"b"', 2, 8)
    reader.keep(None, 0, 9)
    assert reader.ask().etag is None


@pytest.mark.parametrize(
    ("answer", "outcome", "version"),
    [
        (ReadAnswer(200, '"a"', render(RUN, 5, SIZE), None), ReadOutcome.WHOLE, 5),
        (ReadAnswer(200, '"a"', b"", None), ReadOutcome.TRUNCATED, NO_VERSION),
        (ReadAnswer(200, '"a"', b"", cut("within the body")), ReadOutcome.TRUNCATED, NO_VERSION),
        (ReadAnswer(200, '"a"', b"", MalformedError()), ReadOutcome.TRUNCATED, NO_VERSION),
        (ReadAnswer(200, '"a"', b"", BodyTooLargeError()), ReadOutcome.OVERSIZED, NO_VERSION),
        (ReadAnswer(200, '"a"', b"", TimeoutError()), ReadOutcome.TIMED_OUT, NO_VERSION),
        (ReadAnswer(304, None, b"", None), ReadOutcome.UNASKED_NOT_MODIFIED, NO_VERSION),
        (ReadAnswer(404, None, b"{}", None), ReadOutcome.NOT_FOUND, NO_VERSION),
        (ReadAnswer(403, None, b"{}", None), ReadOutcome.FORBIDDEN, NO_VERSION),
        (ReadAnswer(429, None, b"{}", None), ReadOutcome.THROTTLED, NO_VERSION),
        (ReadAnswer(418, None, b"{}", None), ReadOutcome.CLIENT_ERROR, NO_VERSION),
        (ReadAnswer(301, None, b"", None), ReadOutcome.CLIENT_ERROR, NO_VERSION),
        (ReadAnswer(502, None, b"{}", None), ReadOutcome.SERVER_ERROR, NO_VERSION),
        (ReadAnswer(0, None, b"", ConnectionRefusedError()), ReadOutcome.REFUSED, NO_VERSION),
        (ReadAnswer(0, None, b"", ConnectionResetError()), ReadOutcome.RESET, NO_VERSION),
        (ReadAnswer(0, None, b"", cut("within the head")), ReadOutcome.RESET, NO_VERSION),
        (ReadAnswer(0, None, b"", MalformedError()), ReadOutcome.TRANSPORT_ERROR, NO_VERSION),
        (ReadAnswer(0, None, b"", HeadTooLargeError()), ReadOutcome.TRANSPORT_ERROR, NO_VERSION),
        (ReadAnswer(0, None, b"", ssl.SSLError()), ReadOutcome.TRANSPORT_ERROR, NO_VERSION),
        (ReadAnswer(0, None, b"", TimeoutError()), ReadOutcome.TIMED_OUT, NO_VERSION),
        (ReadAnswer(0, None, b"", OSError("no such host")), ReadOutcome.TRANSPORT_ERROR, NO_VERSION),
    ],
)
def test_every_kind_of_answer_to_an_unconditional_read(answer: ReadAnswer, outcome: ReadOutcome, version: int) -> None:
    reader = session(0)
    assert reader.identify(reader.ask(), answer) == (outcome, version)


def test_answers_to_a_conditional_read() -> None:
    reader = session(1)
    reader.keep('"a"', 1, 7)
    question = reader.ask()
    assert reader.identify(question, ReadAnswer(304, None, b"", None)) == (ReadOutcome.NOT_MODIFIED, 7)
    assert reader.identify(question, ReadAnswer(304, '"a"', b"x", None))[0] is ReadOutcome.NOT_MODIFIED_WITH_BODY
    assert reader.identify(question, ReadAnswer(200, '"a"', render(RUN, 1, SIZE), None)) == (ReadOutcome.WHOLE, 1)


def test_the_writer_renders_what_the_reader_verifies() -> None:
    writer = PayloadWriter(MadeUp(RUN, SIZE), cast("Any", None), cast("Any", None))
    assert Verifier(RUN, SIZE).identify(writer.document(3)) == (ReadOutcome.WHOLE, 3)
