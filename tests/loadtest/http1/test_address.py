"""Addresses, and the bytes of a request."""

from __future__ import annotations

import pytest

from loadtest.http1.address import Address, request
from loadtest.probe.http1 import target_of
from loadtest.probe.model import Ask


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
