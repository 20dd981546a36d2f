"""What the probe sees of the bytes: spelling of names, bytes behind a message, connections, and answers that break."""

import socket
from contextlib import contextmanager

import pytest
from scripted_server import Reply, ScriptedServer

from loadtest.http1.address import Address
from loadtest.probe.http1 import Http1, TransportError
from loadtest.probe.model import Ask
from tests.loadtest.http1.targets import answering

TIME_LIMIT_S = 5


@contextmanager
def raw_server(*answers: bytes):
    """Answers each request with the next of ``answers``, then closes."""
    with answering(*answers, closes=True) as target:
        http = Http1(Address.of(f"{target.url}?key=a"), TIME_LIMIT_S)
        try:
            yield http, target.requests
        finally:
            http.close()


def test_header_names_go_out_as_they_are_spelled():
    with raw_server(b"HTTP/1.1 204 No Content\r\n\r\n") as (http, received):
        http.exchange(Ask((("IF-NONE-match", '"a"'), ("if-none-match", "*")), query="b=c"))
    (sent,) = received
    assert b'\r\nIF-NONE-match: "a"\r\n' in sent
    assert b"\r\nif-none-match: *\r\n" in sent
    assert sent.startswith(b"GET /v1/samples?key=a&b=c HTTP/1.1\r\nHost: 127.0.0.1:")


def test_usual_headers_give_way_to_those_of_the_request():
    with raw_server(b"HTTP/1.1 204 No Content\r\n\r\n") as (http, received):
        http.exchange(Ask((("accept-encoding", "gzip"),)))
    assert received[0].lower().count(b"accept-encoding:") == 1


def test_bytes_after_a_304_are_seen_and_end_the_connection():
    with raw_server(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody") as (http, _):
        answer = http.exchange(Ask())
    assert (answer.status, answer.body, answer.excess, answer.fault) == (304, b"", b"body", "")


def test_a_connection_on_which_nothing_came_late_is_used_again():
    with ScriptedServer() as server:
        http = Http1(Address.of(server.url), TIME_LIMIT_S)
        assert http.exchange(Ask(linger=True)).excess == b""
        assert http.exchange(Ask()).reused
        http.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "cut within the body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsho", "cut within the body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "Content-Length"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not proper HTTP/1.1"),
    ],
)
def test_an_answer_that_breaks_is_a_fault_and_not_an_error(answer, words):
    with raw_server(answer) as (http, _):
        got = http.exchange(Ask())
    assert words in got.fault


def test_chunks_and_interim_answers_are_read_through():
    answer = (
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    with raw_server(answer) as (http, _):
        got = http.exchange(Ask())
    assert (got.status, got.body, got.fault) == (200, b"abc", "")


def test_a_connection_is_used_again_until_the_target_or_the_case_says_otherwise():
    closing = lambda server, request, reply: Reply(200, {"Connection": "close"}) if request.query == "close" else reply  # noqa: E731
    with ScriptedServer(fault=closing) as server:
        http = Http1(Address.of(server.url), TIME_LIMIT_S)
        asks = (Ask(), Ask(), Ask(fresh=True), Ask(query="close"), Ask())
        answers = [http.exchange(ask) for ask in asks]
        http.close()
    assert [answer.reused for answer in answers] == [False, True, False, True, False]
    assert [answer.closes for answer in answers] == [False, False, False, True, False]


def test_a_connection_that_was_closed_unannounced_is_opened_again():
    with ScriptedServer(fault=lambda server, request, reply: Reply(200, close=True)) as server:
        http = Http1(Address.of(server.url), TIME_LIMIT_S)
        assert not http.exchange(Ask()).reused
        second = http.exchange(Ask())
        http.close()
    assert (second.status, second.reused) == (200, False)


def test_no_answer_is_said_in_words():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        http = Http1(Address.of(f"http://127.0.0.1:{port}/"), 0.2)
        with pytest.raises(TransportError, match="in time"):
            http.exchange(Ask())
        http.close()
    with pytest.raises(TransportError, match="refused"):
        Http1(Address.of(f"http://127.0.0.1:{port}/"), TIME_LIMIT_S).exchange(Ask())
    with (
        ScriptedServer(fault=lambda *_: None) as server,
        pytest.raises(TransportError, match="before the answer began"),
    ):
        Http1(Address.of(server.url), TIME_LIMIT_S).exchange(Ask())
