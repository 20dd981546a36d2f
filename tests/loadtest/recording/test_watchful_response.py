"""What a target sends beside its answers is seen: behind a 304 at once or later, and when a connection is cut."""

import contextlib
import os
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from geventhttpclient import client
from geventhttpclient.response import HTTPSocketPoolResponse

from loadtest.recording.watchful_response import WatchfulResponse, install, is_whole_answer, turns

HEAD_304 = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
ANSWER_200 = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BODY = b'{"version": 1}'

Ask = Callable[[], WatchfulResponse]


class Target:
    """Answers the first request with ``first`` at once and ``late`` when told to, and every other with a 200."""

    def __init__(self, first: bytes, late: bytes | None = None) -> None:
        self._first, self._late = first, late
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.may_send_late, self.sent_late = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        first, _ = self._listener.accept()
        with first:
            self._connection = first
            first.recv(65536)
            first.sendall(self._first)
            self.may_send_late.wait(10)
            if self._late is None:
                if first.recv(65536):
                    first.sendall(ANSWER_200)
                return
            first.sendall(self._late)
            first.shutdown(socket.SHUT_WR)
            self.sent_late.set()
            with contextlib.suppress(OSError):  # closed when the test asks no more
                second, _ = self._listener.accept()
                with second:
                    second.recv(65536)
                    second.sendall(ANSWER_200)

    def send(self, data: bytes) -> None:
        """Send more over the first connection, at once."""
        self._connection.sendall(data)

    def send_late(self) -> None:
        """Have it send the late bytes and close; returns when that is done."""
        self.may_send_late.set()
        if self._late is not None:
            assert self.sent_late.wait(10)

    def close(self) -> None:
        """End it."""
        self.may_send_late.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recording reader's classes, for one test."""
    for name in ("HTTPSocketPoolResponse", "ConnectionPool", "SSLConnectionPool"):
        monkeypatch.setattr(client, name, getattr(client, name))
    install()


@pytest.fixture
def asking(watched: None) -> Iterator[Callable[[Target], Ask]]:
    """Makes a function that sends one request after the other over one connection, as a reader does."""
    opened: list[tuple[client.HTTPClient, Target]] = []

    def start(target: Target) -> Ask:
        sender = client.HTTPClient("127.0.0.1", target.port)
        opened.append((sender, target))

        def ask() -> WatchfulResponse:
            response = sender.request("GET", "/")
            response.read()
            assert isinstance(response, WatchfulResponse)
            return response

        return ask

    yield start
    for sender, target in opened:
        sender.close()
        target.close()


def test_bytes_in_the_segment_of_a_304_are_kept_with_it(asking: Callable[[Target], Ask]) -> None:
    response = asking(Target(HEAD_304 + BODY))()
    assert (response.status_code, response.after_304, response.before) == (304, BODY, 0)


def test_bytes_that_come_after_a_304_are_told_with_the_next_answer(asking: Callable[[Target], Ask]) -> None:
    target = Target(HEAD_304, late=BODY)
    ask = asking(target)
    first = ask()
    target.send_late()
    second = ask()
    assert (first.status_code, first.after_304) == (304, b"")
    assert (second.status_code, second.before) == (200, len(BODY))


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(b"", id="closed"),
        pytest.param(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", id="408"),
    ],
)
def test_a_server_that_closes_an_idle_connection_sent_no_body(asking: Callable[[Target], Ask], late: bytes) -> None:
    target = Target(HEAD_304, late=late)
    ask = asking(target)
    ask()
    target.send_late()
    second = ask()
    assert (second.status_code, second.before) == (200, 0)


def test_a_clean_304_leaves_its_connection_for_the_next_request(asking: Callable[[Target], Ask]) -> None:
    target = Target(HEAD_304)
    ask = asking(target)
    first = ask()
    target.send_late()
    second = ask()
    assert (first.after_304, second.status_code, second.before) == (b"", 200, 0)


def test_a_connection_cut_before_the_answer_is_an_error_and_not_asked_again(asking: Callable[[Target], Ask]) -> None:
    target = Target(b"", late=b"")
    target.may_send_late.set()
    ask = asking(target)
    with pytest.raises(ConnectionResetError, match="before the answer began"):
        ask()


WHOLE = b'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nETag: "a"\r\n\r\n12345'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"


@pytest.mark.parametrize("answer", [WHOLE, CHUNKED, HEAD_304, ANSWER_200])
def test_pieces_of_an_answer_are_taken_in_before_it_waits_for_its_turn(
    asking: Callable[[Target], Ask], monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """The last piece's stamp must not wait behind other answers; a whole answer waits before it is parsed."""
    target = Target(answer[:25], late=None)
    ask = asking(target)
    events: list[str] = []
    take = WatchfulResponse.feed

    def take_and_send_the_rest(response: WatchfulResponse, data: bytes) -> None:
        events.append("took")
        take(response, data)
        if len(events) == 1:
            target.send(answer[25:])

    monkeypatch.setattr(WatchfulResponse, "feed", take_and_send_the_rest)
    monkeypatch.setattr(turns, "wait", lambda: events.append("waited"))
    ask()
    assert events == ["took", "took", "waited"]


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (WHOLE, True),
        (WHOLE[:-1], False),
        (WHOLE + b"more", True),
        (HEAD_304, True),
        (HEAD_304 + BODY, True),
        (HEAD_304[:-1], False),
        (CHUNKED, False),
        (b"12345", False),
        (b"", False),
    ],
)
def test_an_answer_is_known_to_be_whole_before_it_is_parsed(data: bytes, whole: bool) -> None:
    assert is_whole_answer(data) is whole


def test_a_whole_answer_waits_for_its_turn_before_it_is_parsed(
    asking: Callable[[Target], Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    parse = HTTPSocketPoolResponse.feed
    monkeypatch.setattr(turns, "wait", lambda: events.append("waited"))
    monkeypatch.setattr(
        HTTPSocketPoolResponse, "feed", lambda response, data: (events.append("parsed"), parse(response, data))[1]
    )
    asking(Target(WHOLE))()
    assert events == ["waited", "parsed"]


def test_connections_beyond_the_thousandth_file_are_kept(asking: Callable[[Target], Ask]) -> None:
    """As many readers as a long stall takes have more files open than ``select`` knows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip(f"this machine lets a process open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    with contextlib.ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        while opened.enter_context(Path(os.devnull).open()).fileno() < 1030:
            pass
        target = Target(HEAD_304)
        ask = asking(target)
        first = ask()
        target.send_late()
        assert [first.status_code, ask().status_code] == [304, 200]
