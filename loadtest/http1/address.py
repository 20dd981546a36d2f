"""Where a document is, and a request for it, in bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from loadtest.http1.access import HeaderLines

_PORTS: Final = {"http": 80, "https": 443}
_LEFT_AS_THEY_ARE: Final = "/%:@!$&'()*+,;=~?[]"


@dataclass(frozen=True)
class Address:
    """The parts of an http or https address."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = field(default="", repr=False)
    """May hold a secret, as an address may in front of its host."""
    authorization: str = field(default="", repr=False)
    """The name and password of the address as a header (RFC 7617); empty if it has neither."""
    headers: HeaderLines = field(default=(), repr=False)
    """Sent along with every request; may hold secrets."""

    @classmethod
    def of(cls, url: str, headers: HeaderLines = ()) -> Self:
        """The parts of ``url``, where ``headers`` are sent along.

        Raises:
            ValueError: it is no http or https address.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("neither an http nor an https address")
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
        address = cls(parts.scheme, parts.hostname, port, parts.path or "/", parts.query, _basic(parts.netloc), headers)
        _ = address.authority  # raises when the host cannot be spelled
        return address

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host.encode("idna").decode("ascii")
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def identification(self) -> HeaderLines:
        """The headers by which a request for this address shows who asks."""
        return (("Authorization", self.authorization), *self.headers) if self.authorization else self.headers

    @property
    def target(self) -> str:
        """Path and query as a request has them."""
        path, query = (quote(part, safe=_LEFT_AS_THEY_ARE) for part in (self.path, self.query))
        return f"{path}?{query}" if query else path


def _basic(netloc: str) -> str:
    userinfo, at, _ = netloc.rpartition("@")
    name, _, password = userinfo.partition(":")
    if not at:
        return ""
    return "Basic " + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode("ascii")


def request(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """A request without a body. Names and values go out exactly as they are.

    Raises:
        ValueError: it would be no single request.
    """
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join(lines)
    if head.count("\r") + head.count("\n") != 2 * len(lines) - 2 or "\0" in head:
        raise ValueError("a header or the target of a request holds a line break")
    return f"{head}\r\n\r\n".encode("latin-1")
