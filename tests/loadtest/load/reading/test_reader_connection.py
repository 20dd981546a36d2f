"""What a reader's connection does that another does not: answers are stamped when they come, and then take turns."""

import select
import socket
import time
from collections.abc import Callable, Iterator

import gevent
import pytest

from loadtest.http1.address import Address, request
from loadtest.http1.answer import USUAL_LIMITS, Answer
from loadtest.http1.incoming import Incoming
from loadtest.load.reading.reader_connection import ReaderConnection
from loadtest.load.reading.turns import Turns
from loadtest.units import SECOND
from tests.loadtest.http1.targets import Target

ASK = request("GET", "/v1/samples", [("Host", "a")])
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n"
NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
LIMIT_S = 10
READERS = 20


@pytest.fixture
def silent() -> Iterator[Target]:
    """A target that takes requests, and leaves the answers to the test: its ``connections`` are there to be used."""

    def serve(connection: socket.socket, number: int) -> None:
        while target.asked(connection):
            pass

    with Target(serve) as target:
        yield target


def asking(target: Target, turns: Turns, count: int = 1) -> tuple[list[ReaderConnection], list[gevent.Greenlet]]:
    """Readers that have asked, and wait."""
    made = [ReaderConnection(Address.of(target.url), None, USUAL_LIMITS, 0, turns) for _ in range(count)]
    reading = [gevent.spawn(connection.exchange, ASK, LIMIT_S) for connection in made]
    until(lambda: len(target.requests) == count)
    return made, reading


def readable(connection: ReaderConnection) -> None:
    """Wait, with everything else, until what was sent has come."""
    waiting = select.poll()
    waiting.register(connection._socket.fileno(), select.POLLIN)  # type: ignore[union-attr]
    assert waiting.poll(LIMIT_S * 1000)


def test_of_answers_that_come_together_all_are_stamped_before_more_than_a_few_are_parsed(
    silent: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    took, parse = Incoming.took, Incoming.parse
    monkeypatch.setattr(Incoming, "took", lambda *args: (events.append("stamped"), took(*args))[1])
    monkeypatch.setattr(Incoming, "parse", lambda *args: (events.append("parsed"), parse(*args))[1])
    made, reading = asking(silent, Turns(at_once=2), READERS)
    for connection in silent.connections:
        connection.sendall(LENGTH)
    for connection in made:
        readable(connection)  # nothing runs meanwhile: the target, or this process, was frozen
    gevent.joinall(reading, timeout=LIMIT_S)
    assert [greenlet.value.status for greenlet in reading] == [200] * READERS
    assert events[: events.index("parsed")] == ["stamped"] * READERS
    stamps = [greenlet.value.returned_ns for greenlet in reading]
    assert len(set(stamps)) > 1  # each has its own


class Held(Turns):
    """Lets nobody go on before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Callable[[None], object]] = []

    def ask(self, go_on: Callable[[None], object]) -> None:
        self.asked.append(go_on)

    def let_go_on(self) -> None:
        while self.asked:
            super().ask(self.asked.pop())


@pytest.mark.parametrize("answer", [LENGTH, CHUNKED, NOT_MODIFIED])
@pytest.mark.parametrize("first_bytes", [5, 25])
def test_the_rest_of_an_answer_is_stamped_when_it_comes_while_its_beginning_waits_for_its_turn(
    silent: Target, answer: bytes, first_bytes: int
) -> None:
    turns = Held()
    (connection,), (reading,) = asking(silent, turns)
    silent.connections[0].sendall(answer[:first_bytes])
    until(lambda: bool(turns.asked))
    silent.connections[0].sendall(answer[first_bytes:])
    until(lambda: connection._incoming._filled == len(answer))
    all_has_come_ns = time.monotonic_ns()
    time.sleep(0.002)
    turns.let_go_on()
    found: Answer = reading.get(timeout=LIMIT_S)
    assert bytes(found.body) == (b"" if answer is NOT_MODIFIED else b"12345")
    assert found.returned_ns <= all_has_come_ns
    connection.close()


def until(holds: Callable[[], bool]) -> None:
    """Let everything run until something holds."""
    give_up = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < give_up
        gevent.sleep(0.001)


def test_a_reader_that_is_stopped_while_it_waits_gives_its_connection_up(silent: Target) -> None:
    (connection,), (reading,) = asking(silent, Turns())
    reading.kill()
    assert reading.dead
    again = gevent.spawn(connection.exchange, ASK, LIMIT_S)
    until(lambda: len(silent.requests) == 2)
    silent.connections[1].sendall(LENGTH)
    answer = again.get(timeout=LIMIT_S)
    assert (answer.status, answer.failure, connection.reused) == (200, None, False)
    connection.close()


def test_a_shorter_deadline_holds_behind_a_longer_one(silent: Target) -> None:
    (connection,), (reading,) = asking(silent, Turns())
    silent.connections[0].sendall(LENGTH)
    assert reading.get(timeout=LIMIT_S).status == 200
    second = gevent.spawn(connection.exchange, ASK, 0.2)
    assert isinstance(second.get(timeout=LIMIT_S).failure, TimeoutError)
    connection.close()


def test_an_answer_that_came_in_time_is_no_failure_though_its_turn_comes_later(silent: Target) -> None:
    turns = Turns(at_once=1)
    connection = ReaderConnection(Address.of(silent.url), None, USUAL_LIMITS, 0, turns)
    reading = gevent.spawn(connection.exchange, ASK, 1.0)
    until(lambda: bool(silent.requests))
    silent.connections[0].sendall(LENGTH)
    readable(connection)
    turns.ask(lambda _: None)
    turns.ask(lambda _: time.sleep(1.1))  # longer than the deadline
    assert reading.get(timeout=LIMIT_S).failure is None
    connection.close()


def test_what_comes_over_an_idle_connection_is_noticed_once_and_kept_for_the_next_request(
    silent: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[None] = []
    take_in = ReaderConnection._take_in
    monkeypatch.setattr(ReaderConnection, "_take_in", lambda self: (looks.append(None), take_in(self))[1])
    (connection,), (reading,) = asking(silent, Turns())
    silent.connections[0].sendall(LENGTH)
    assert reading.get(timeout=LIMIT_S).status == 200
    looks.clear()
    silent.connections[0].sendall(b"nobody asked")
    readable(connection)
    for _ in range(5):
        gevent.sleep(0.001)
    assert len(looks) == 1
    again = gevent.spawn(connection.exchange, ASK, LIMIT_S)
    until(lambda: len(silent.requests) == 2)
    silent.connections[1].sendall(LENGTH)
    assert again.get(timeout=LIMIT_S).status == 200
    assert (connection.unasked, connection.reused) == (b"nobody asked", False)
    connection.close()


def test_a_connection_that_was_opened_ahead_carries_the_first_request(silent: Target) -> None:
    connection = ReaderConnection(Address.of(silent.url), None, USUAL_LIMITS, 0, Turns())
    connection.open_ahead(time.monotonic_ns() + LIMIT_S * SECOND)
    until(lambda: len(silent.connections) == 1)
    reading = gevent.spawn(connection.exchange, ASK, LIMIT_S)
    until(lambda: bool(silent.requests))
    silent.connections[0].sendall(LENGTH)
    assert (reading.get(timeout=LIMIT_S).status, connection.reused, len(silent.connections)) == (200, True, 1)
    connection.close()


def test_one_that_was_opened_ahead_and_is_closed_again_is_opened_for_the_request(silent: Target) -> None:
    connection = ReaderConnection(Address.of(silent.url), None, USUAL_LIMITS, 0, Turns())
    connection.open_ahead(time.monotonic_ns() + LIMIT_S * SECOND)
    until(lambda: len(silent.connections) == 1)
    silent.connections[0].shutdown(socket.SHUT_RDWR)
    readable(connection)
    reading = gevent.spawn(connection.exchange, ASK, LIMIT_S)
    until(lambda: bool(silent.requests))
    silent.connections[1].sendall(LENGTH)
    assert (reading.get(timeout=LIMIT_S).status, connection.reused, connection.unasked) == (200, False, b"")
    connection.close()


def test_if_it_cannot_be_opened_ahead_the_request_says_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    connection = ReaderConnection(Address.of(f"http://127.0.0.1:{port}/"), None, USUAL_LIMITS, 0, Turns())
    connection.open_ahead(time.monotonic_ns() + LIMIT_S * SECOND)
    assert isinstance(connection.exchange(ASK, LIMIT_S).failure, ConnectionRefusedError)
