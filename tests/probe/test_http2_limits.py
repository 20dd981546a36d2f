"""HTTP/2 with a target that sends what it likes: bounded in bytes and in time, and never taken for another answer."""

from collections.abc import Callable
from typing import Any

import h2.config
import h2.connection
import h2.settings
import pytest

from loadtest.http1.address import Address
from loadtest.probe import http2
from loadtest.probe.http1 import TransportError
from loadtest.probe.http2 import Http2
from loadtest.probe.model import Ask

HEAD = [(":status", "200"), ("etag", '"a"')]
Behave = Callable[["Peer"], None]


class Peer:
    """A socket whose other end is a server of h2's that answers as ``behave`` has it, whenever it is asked for more."""

    def __init__(self, behave: Behave) -> None:
        self.server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.server.initiate_connection()
        self.behave = behave
        self.stream = 0
        self.sent = 0
        self.waits: list[float] = []
        self.asked = False

    def sendall(self, data: bytes) -> None:
        for event in self.server.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.stream, self.asked = event.stream_id, True

    def settimeout(self, seconds: float) -> None:
        self.waits.append(seconds)

    def recv(self, _most: int) -> bytes:
        if self.asked:
            self.behave(self)
        data = self.server.data_to_send()
        self.sent += len(data)
        return data

    def close(self) -> None:
        self.server.close_connection()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands still until it is changed."""
    now = [0.0]
    monkeypatch.setattr(http2.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Behave], tuple[Http2, Peer]]:
    def ask(behave: Behave) -> tuple[Http2, Peer]:
        peer = Peer(behave)
        monkeypatch.setattr(http2, "connected", lambda *_: peer)
        client = Http2(Address.of("https://target.example/"), 5)
        client.most_body = 100_000
        return client, peer

    return ask


def whole(peer: Peer) -> None:
    peer.asked = False
    peer.server.send_headers(peer.stream, HEAD)
    peer.server.send_data(peer.stream, b"document", end_stream=True)


def test_a_whole_answer(asking: Any) -> None:
    client, _ = asking(whole)
    answer = client.exchange(Ask())
    assert (answer.status, answer.body, answer.header("etag")) == (200, b"document", '"a"')
    assert client.exchange(Ask()).reused


def test_a_body_without_end_is_cut_off(asking: Any) -> None:
    def endless(peer: Peer) -> None:
        if not peer.sent:
            peer.server.send_headers(peer.stream, HEAD)
        peer.server.send_data(peer.stream, b"x" * 1000)

    client, peer = asking(endless)
    assert "larger than the document" in client.exchange(Ask()).fault
    assert peer.sent < 200_000


def test_interim_answers_without_end_are_cut_off(asking: Any) -> None:
    def endless(peer: Peer) -> None:
        peer.server.send_headers(peer.stream, [(":status", "103"), ("link", "x")])

    client, peer = asking(endless)
    assert client.exchange(Ask()).fault == "more than 16 interim answers"
    assert peer.sent < 10_000


def test_headers_that_unpack_to_much_more_are_refused(asking: Any) -> None:
    def bomb(peer: Peer) -> None:
        peer.asked = False
        peer.server.send_headers(peer.stream, [*HEAD, *([("x-bomb", "y" * 2000)] * 3000)], end_stream=True)

    client, peer = asking(bomb)
    assert client.exchange(Ask()).fault.startswith("not proper HTTP/2")
    assert peer.sent < 100_000


def test_a_target_that_never_lets_one_wait_keeps_to_the_deadline_too(asking: Any, now: list[float]) -> None:
    def drip(peer: Peer) -> None:
        now[0] += 0.4
        if not peer.sent:
            peer.server.send_headers(peer.stream, HEAD)
        peer.server.send_data(peer.stream, b"x")

    client, peer = asking(drip)
    with pytest.raises(TransportError, match="no whole answer in time"):
        client.exchange(Ask())
    assert all(0 < wait <= 5 for wait in peer.waits)
    assert now[0] < 6


def test_what_is_left_of_a_wait_does_not_cut_the_next_request_short(asking: Any, now: list[float]) -> None:
    def late(peer: Peer) -> None:
        now[0] += 4.9
        whole(peer)

    client, peer = asking(late)
    client.exchange(Ask())
    waits = len(peer.waits)
    client.exchange(Ask())
    assert peer.waits[waits] == 5


def test_what_belongs_to_an_earlier_request_is_not_this_ones(asking: Any) -> None:
    client, peer = asking(lambda peer: None)
    peer.behave = whole
    client.exchange(Ask())

    def of_another_stream(peer: Peer) -> None:
        peer.asked = False
        peer.server.ping(b"12345678")
        peer.server.update_settings({h2.settings.SettingCodes.MAX_FRAME_SIZE: 20_000})
        whole(peer)

    peer.behave = of_another_stream
    assert client.exchange(Ask()).body == b"document"


def test_nothing_is_to_be_pushed(asking: Any) -> None:
    client, peer = asking(whole)
    client.exchange(Ask())
    assert peer.server.remote_settings.enable_push == 0
