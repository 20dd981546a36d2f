"""Requests and answers over real sockets: when a connection is used again, when it is not, and what never is."""

import contextlib
import os
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from targets import Target, answering, certificate_in

from loadtest.http1.address import Address, request
from loadtest.http1.answer import USUAL_LIMITS, Limits
from loadtest.http1.connection import Connection
from loadtest.load.reading.reader_connection import ReaderConnection
from loadtest.load.reading.turns import Turns

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n12345"
NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
ASK = request("GET", "/v1/samples", [("Host", "a")])
LIMIT_S = 10


ConnectionTo = Callable[..., AbstractContextManager[Connection]]


def of_a_reader(address: Address, tls: ssl.SSLContext | None, limits: Limits) -> Connection:
    return ReaderConnection(address, tls, limits, 0, Turns())


@pytest.fixture(params=[Connection, of_a_reader], ids=["waiting", "in an event loop"])
def connection_to(request: pytest.FixtureRequest) -> ConnectionTo:
    """Makes both kinds of connection: that of the probe, and that of a reader."""

    @contextlib.contextmanager
    def connected(
        target: Target, tls: ssl.SSLContext | None = None, limits: Limits = USUAL_LIMITS
    ) -> Iterator[Connection]:
        connection = request.param(Address.of(target.url), tls, limits)
        try:
            yield connection
        finally:
            connection.close()

    return connected


def test_a_connection_is_used_again(connection_to: ConnectionTo) -> None:
    with answering(OK) as target, connection_to(target) as connection:
        answers = [(connection.exchange(ASK, LIMIT_S).status, connection.reused) for _ in range(3)]
    assert answers == [(200, False), (200, True), (200, True)]
    assert len(target.connections) == 1


@pytest.mark.parametrize(
    "first",
    [CLOSING, OK + b"rubbish", NOT_MODIFIED + b"rubbish", b"HTTP/1.0 200 OK\r\n\r\n12345", b"SSH-2.0\r\n"],
    ids=["announced", "bytes behind an answer", "bytes behind a 304", "until the end", "no answer"],
)
def test_a_connection_is_not_used_again_when_it_is_not_clean(connection_to: ConnectionTo, first: bytes) -> None:
    with answering(first, closes=True) as target, connection_to(target) as connection:
        first_answer = connection.exchange(ASK, LIMIT_S)
        assert first_answer.closes
        connection.exchange(ASK, LIMIT_S)
        assert not connection.reused
    assert len(target.connections) == 2


def late(first: bytes, more: bytes, closes: bool) -> tuple[Target, threading.Event]:
    """Answers ``first``, and sends ``more`` on the idle connection before it says so."""
    sent = threading.Event()

    def serve(connection: socket.socket, number: int) -> None:
        while target.asked(connection):
            if number > 1:
                connection.sendall(OK)
                continue
            connection.sendall(first + b"")
            time.sleep(0.05)  # so that it comes by itself
            connection.sendall(more)
            if closes:
                connection.shutdown(socket.SHUT_WR)
            sent.set()

    target = Target(serve)
    return target, sent


@pytest.mark.parametrize(
    ("more", "closes", "unasked"),
    [
        pytest.param(b'{"version": 1}', False, b'{"version": 1}', id="a body"),
        pytest.param(b'{"version": 1}', True, b'{"version": 1}', id="a body, then closed"),
        pytest.param(b"", True, b"", id="closed"),
        pytest.param(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", True, b"", id="closing announced"),
        pytest.param(OK, False, OK, id="an answer to nothing"),
    ],
)
def test_what_comes_over_an_idle_connection_is_told_and_ends_it(
    connection_to: ConnectionTo, more: bytes, closes: bool, unasked: bytes
) -> None:
    target, sent = late(NOT_MODIFIED, more, closes)
    with target, connection_to(target) as connection:
        assert connection.exchange(ASK, LIMIT_S).status == 304
        assert sent.wait(LIMIT_S)
        answer = connection.exchange(ASK, LIMIT_S)
        assert (answer.status, bytes(answer.body)) == (200, b"12345")
        assert (connection.unasked, connection.reused) == (unasked, False)
        connection.exchange(ASK, LIMIT_S)
        assert (connection.unasked, connection.reused) == (b"", True)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2"])
def test_a_request_is_never_sent_again(connection_to: ConnectionTo, answer: bytes) -> None:
    with answering(OK, answer, closes=True) as target, connection_to(target) as connection:
        connection.exchange(ASK, LIMIT_S)
        failed = connection.exchange(ASK, LIMIT_S)
    assert (failed.status, connection.reused, len(target.requests)) == (0, True, 2)
    assert isinstance(failed.failure, ConnectionResetError)


def test_an_answer_that_is_reset_is_told_as_far_as_it_came(connection_to: ConnectionTo) -> None:
    def serve(connection: socket.socket, number: int) -> None:
        target.asked(connection)
        connection.sendall(OK[:-2])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        time.sleep(0.05)  # so that what was sent is read before the reset throws it away

    with Target(serve) as target, connection_to(target) as connection:
        answer = connection.exchange(ASK, LIMIT_S)
    assert (answer.status, bytes(answer.body), type(answer.failure)) == (200, b"123", ConnectionResetError)


def test_a_large_answer_goes_past_every_buffer_on_its_way(connection_to: ConnectionTo) -> None:
    body = bytes(range(256)) * 16384
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    with answering(answer, chunked) as target, connection_to(target) as connection:
        assert [connection.exchange(ASK, LIMIT_S).body_is(body) for _ in range(2)] == [True, True]
        assert connection.reused


ENDLESS = {
    "one byte at a time": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"),
    "a head without end": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "chunks without end": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "silence": (b"", b""),
}


@pytest.mark.parametrize(("begins", "goes_on"), ENDLESS.values(), ids=ENDLESS)
def test_one_deadline_holds_for_the_whole_answer_and_not_for_a_piece(
    connection_to: ConnectionTo, begins: bytes, goes_on: bytes
) -> None:
    def serve(connection: socket.socket, number: int) -> None:
        target.asked(connection)
        connection.sendall(begins)
        while connection.fileno() >= 0:
            connection.sendall(goes_on)
            time.sleep(0.01)

    with Target(serve) as target, connection_to(target) as connection:
        answer = connection.exchange(ASK, 0.15)
    assert isinstance(answer.failure, TimeoutError)
    assert answer.closes


def test_the_deadline_holds_for_tls_too() -> None:
    with Target(lambda connection, number: threading.Event().wait(1)) as target:
        address = Address.of(f"https://127.0.0.1:{target.port}/")
        connection = Connection(address, ssl.create_default_context())
        assert isinstance(connection.exchange(ASK, 0.2).failure, TimeoutError)
        connection.close()


def test_more_than_is_wanted_ends_the_connection_and_takes_no_room(connection_to: ConnectionTo) -> None:
    def serve(connection: socket.socket, number: int) -> None:
        target.asked(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with Target(serve) as target, connection_to(target, limits=Limits(1024, 100_000)) as connection:
        answer = connection.exchange(ASK, LIMIT_S)
    assert (answer.status, answer.body_bytes, type(answer.failure).__name__) == (200, 100_000, "BodyTooLargeError")
    assert len(answer.room) < 200_000


def test_bytes_that_come_late_are_waited_for_when_asked(connection_to: ConnectionTo) -> None:
    target, _ = late(OK, b"rubbish", closes=False)
    with target, connection_to(target) as connection:
        answer = connection.exchange(ASK, LIMIT_S, linger_s=1)
        assert (bytes(answer.body), answer.excess, answer.closes) == (b"12345", b"rubbish", True)
        assert connection.exchange(ASK, LIMIT_S, linger_s=0.1).excess == b""
        assert connection.exchange(ASK, LIMIT_S).status == 200
        assert connection.reused


def test_the_answer_to_a_head(connection_to: ConnectionTo) -> None:
    with answering(OK[:-5], OK) as target, connection_to(target) as connection:
        head = connection.exchange(request("HEAD", "/", []), LIMIT_S, is_head=True)
        assert (head.status, head.body_bytes, head.field(b"content-length")) == (200, 0, "5")
        assert bytes(connection.exchange(ASK, LIMIT_S).body) == b"12345"
        assert connection.reused


def test_nobody_listens(connection_to: ConnectionTo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = SimpleNamespace(url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
    with connection_to(nobody) as connection:
        answer = connection.exchange(ASK, LIMIT_S)
    assert (answer.status, type(answer.failure)) == (0, ConnectionRefusedError)
    assert 0 < answer.returned_ns <= time.monotonic_ns()


def test_a_connection_that_was_given_up_in_the_middle_is_not_used_again(connection_to: ConnectionTo) -> None:
    with answering(OK) as target, connection_to(target) as connection:
        connection.exchange(ASK, LIMIT_S)
        with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(connection, "_receive", _interrupt)
            connection.exchange(ASK, LIMIT_S)
        connection.exchange(ASK, LIMIT_S)
        assert not connection.reused


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_connections_beyond_the_thousandth_file_are_kept(connection_to: ConnectionTo) -> None:
    """As many readers as a long stall takes have more files open than ``select`` knows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip(f"this machine lets a process open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    with contextlib.ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        while opened.enter_context(Path(os.devnull).open()).fileno() < 1030:
            pass
        with answering(OK) as target, connection_to(target) as connection:
            assert [connection.exchange(ASK, LIMIT_S).status for _ in range(2)] == [200, 200]
            assert connection.reused


def test_tls(connection_to: ConnectionTo, tmp_path: Path) -> None:
    body = b"x" * 300_000  # many records
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    shown = certificate_in(tmp_path)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    with answering(OK, answer, tls=shown) as target, connection_to(target, trusting) as connection:
        assert bytes(connection.exchange(ASK, LIMIT_S).body) == b"12345"
        assert [connection.exchange(ASK, LIMIT_S).body_is(body) for _ in range(2)] == [True, True]
        assert connection.reused  # the tickets that TLS 1.3 sends behind its handshake are no bytes unasked for
        assert connection.unasked == b""


@pytest.mark.parametrize("framing", ["chunks", "until the end"])
def test_tls_and_a_body_that_outgrows_its_room(connection_to: ConnectionTo, tmp_path: Path, framing: str) -> None:
    body = bytes(range(256)) * 8192
    head, sent = b"HTTP/1.1 200 OK\r\n\r\n", body
    if framing == "chunks":
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        sent = b"".join(b"1000\r\n%b\r\n" % body[at : at + 4096] for at in range(0, len(body), 4096)) + b"0\r\n\r\n"
    shown = certificate_in(tmp_path)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    with answering(head + sent, tls=shown, closes=True) as target, connection_to(target, trusting) as connection:
        answer = connection.exchange(ASK, LIMIT_S)
    assert (answer.failure, answer.body_is(body)) == (None, True)


def test_tls_names_the_host_it_asks_for(connection_to: ConnectionTo, tmp_path: Path) -> None:
    shown = certificate_in(tmp_path, x509.DNSName("localhost"))
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    named: list[str | None] = []
    shown.sni_callback = lambda connection, name, context: named.append(name)
    with answering(OK, tls=shown) as target:
        named_target = SimpleNamespace(url=target.url.replace("127.0.0.1", "localhost"))
        with connection_to(named_target, trusting) as connection:
            assert connection.exchange(ASK, LIMIT_S).status == 200
        with connection_to(target, trusting) as other:
            assert isinstance(other.exchange(ASK, LIMIT_S).failure, ssl.SSLCertVerificationError)
    assert named[0] == "localhost"


def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    connection_to: ConnectionTo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = certificate_in(tmp_path)
    with answering(OK, tls=shown) as target:
        with connection_to(target, ssl.create_default_context()) as connection:
            assert isinstance(connection.exchange(ASK, LIMIT_S).failure, ssl.SSLCertVerificationError)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        with connection_to(target, ssl.create_default_context()) as connection:
            assert connection.exchange(ASK, LIMIT_S).status == 200
    assert len(target.requests) == 1
