"""Addresses and their requests, and names with several: one that leads nowhere does not hold up the next."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.http1 import connecting
from loadtest.http1.address import Address, request
from loadtest.http1.connecting import connect, in_turn
from loadtest.probe.http1 import target_of
from loadtest.probe.model import Ask
from loadtest.units import SECOND

V4, V6 = socket.AF_INET, socket.AF_INET6


def endpoint(family: int, where: tuple[Any, ...]) -> Any:
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)


def deadline(seconds: float = 5) -> int:
    return time.monotonic_ns() + int(seconds * SECOND)


@pytest.fixture
def listening() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


@pytest.fixture
def full() -> Iterator[tuple[str, int]]:
    """Where attempts are neither refused nor answered: a listener whose queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as waiting:
        for _ in range(4):
            attempt = waiting.enter_context(socket.socket())
            attempt.setblocking(False)
            attempt.connect_ex(listener.getsockname())
        yield listener.getsockname()


@pytest.fixture
def closed() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()


def resolving_to(monkeypatch: pytest.MonkeyPatch, *endpoints: Any) -> Address:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(endpoints))
    return Address.of("http://target.example/")


@pytest.mark.parametrize("before", ["refuses", "leads nowhere", "is of no family of this system", "is of another"])
def test_an_address_that_does_not_answer_makes_way_for_the_next(monkeypatch, listening, closed, full, before) -> None:
    unreachable = endpoint(V6, ("100::1", listening[1], 0, 0))  # RFC 6666: leads nowhere
    endpoints = {
        "refuses": [endpoint(V4, closed)],
        "leads nowhere": [endpoint(V4, full)],
        "is of no family of this system": [endpoint(9999, ("::1", 1, 0, 0))],
        "is of another": [unreachable, unreachable],
    }
    address = resolving_to(monkeypatch, *endpoints[before], endpoint(V4, listening))
    with contextlib.closing(connect(address, None, deadline())) as made:
        assert made.getpeername() == listening


def test_if_none_answers_the_first_failure_is_told(monkeypatch, closed) -> None:
    address = resolving_to(monkeypatch, endpoint(V4, closed), endpoint(9999, ("::1", 1, 0, 0)))
    with pytest.raises(ConnectionRefusedError):
        connect(address, None, deadline())


def test_all_attempts_share_one_deadline(monkeypatch, full) -> None:
    address = resolving_to(monkeypatch, endpoint(V4, full), endpoint(V4, full))
    with pytest.raises(TimeoutError, match="not made in time"):
        connect(address, None, deadline(0.4))


def test_a_handshake_that_drips_ends_by_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte would begin another wait, if the waits had no deadline together."""
    now = [time.monotonic_ns()]
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        with contextlib.suppress(OSError), listener, listener.accept()[0] as accepted:
            accepted.recv(65536)
            accepted.sendall(b"\x16\x03\x03\x3f\xff")  # a record of 16 KB begins …
            while True:
                accepted.sendall(b"\x02")  # … and goes on byte by byte
                time.sleep(0.001)

    def waited() -> int:
        now[0] += SECOND // 10
        return now[0]

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    monkeypatch.setattr(connecting.time, "monotonic_ns", waited)
    address = Address.of(f"https://127.0.0.1:{listener.getsockname()[1]}/")
    with pytest.raises(TimeoutError):
        connect(address, ssl.create_default_context(), now[0] + 10 * SECOND)
    dripping.join(10)
    assert not dripping.is_alive(), "the connection was not closed"


def test_a_name_that_does_not_resolve(monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(socket.gaierror):
        connect(Address.of("http://target.example/"), None, deadline())


def test_a_resolver_that_does_not_answer_is_not_waited_for_beyond_the_deadline(monkeypatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1))
    with pytest.raises(TimeoutError, match="not resolved in time"):
        connect(Address.of("http://target.example/"), None, deadline(0.1))


def test_a_name_that_cannot_be_one() -> None:
    with pytest.raises(socket.gaierror):
        connect(Address("http", f"{'a' * 70}.example", 80, "/"), None, deadline())


def test_ipv6() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=V6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with (
        listener,
        contextlib.closing(connect(Address.of(f"http://[::1]:{listener.getsockname()[1]}/"), None, deadline())) as made,
    ):
        assert made.getpeername()[0] == "::1"


def test_small_requests_are_sent_at_once(listening) -> None:
    with contextlib.closing(connect(Address.of(f"http://127.0.0.1:{listening[1]}/"), None, deadline())) as made:
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert made.gettimeout() == 0


@given(st.lists(st.tuples(st.sampled_from([V4, V6]), st.integers()), max_size=8))
def test_families_take_turns_and_each_keeps_its_order(kinds: list[tuple[int, int]]) -> None:
    endpoints = [endpoint(family, (number,)) for family, number in kinds]
    turns = in_turn(endpoints)
    assert sorted(turns, key=str) == sorted(endpoints, key=str)
    for family in (V4, V6):
        assert [one for one in turns if one[0] == family] == [one for one in endpoints if one[0] == family]
    if len({family for family, _ in kinds}) == 2:
        assert turns[0][0] == endpoints[0][0] != turns[1][0]


@pytest.mark.parametrize(
    ("url", "authority", "port", "target"),
    [
        ("https://api.example/v1/samples", "api.example", 443, "/v1/samples"),
        ("http://api.example", "api.example", 80, "/"),
        ("http://[::1]:8080/x", "[::1]:8080", 8080, "/x"),
        ("https://api.example:8443/x?a=b&c", "api.example:8443", 8443, "/x?a=b&c"),
        ("https://bücher.example/ä b", "xn--bcher-kva.example", 443, "/%C3%A4%20b"),
        ("http://api.example/a%2Fb?x=%20", "api.example", 80, "/a%2Fb?x=%20"),
        ("http://api.example/a\r\nHost: b", "api.example", 80, "/aHost:%20b"),
        ("https://api.example:8443/x", "api.example:8443", 8443, "/x"),
    ],
)
def test_parts(url: str, authority: str, port: int, target: str) -> None:
    address = Address.of(url)
    assert (address.authority, address.port, address.target) == (authority, port, target)
    assert target_of(address, Ask()) == target


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "a.example",
        "http://",
        "http://a.example:port/",
        "http://[::1/",
        f"http://{'a' * 70}.example/",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|[Pp]ort|IPv6|label"):
        Address.of(url)


def test_a_name_and_password_become_a_header_and_are_not_shown() -> None:
    address = Address.of("https://user%40a:pass%3Aword@api.example/?key=SECRET")
    assert address.authorization == "Basic dXNlckBhOnBhc3M6d29yZA=="
    assert address.authority == "api.example"
    assert "SECRET" not in repr(address) and "Basic" not in repr(address)
    assert Address.of("https://api.example/@").authorization == ""


def test_a_request_goes_out_as_it_is_spelled() -> None:
    sent = request("GET", "/x", [("Host", "a"), ("IF-NONE-match", '"é"'), ("if-none-match", "*")])
    assert sent == b'GET /x HTTP/1.1\r\nHost: a\r\nIF-NONE-match: "\xe9"\r\nif-none-match: *\r\n\r\n'


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\r", "a\0"])
def test_a_request_is_one_request(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        request("GET", "/", [("X", value)])
    with pytest.raises(ValueError, match="line break"):
        request("GET", value, [])
