"""HTTP/1.1, byte by byte: header names go out as they are spelled, and what comes after an answer is seen.

h11 does the framing and the parsing; the socket is ours, so that bytes behind the end of a message are not lost.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

import h11

from loadtest.payload import MAXIMUM_BYTES
from loadtest.probe.model import Answer, Ask, Headers
from loadtest.trust import tls_context

LINGER_S: Final = 0.25
"""How long unwanted bytes are waited for, on top of a round trip."""
MOST_BYTES: Final = 2 * MAXIMUM_BYTES
"""Until it is known how large the document is."""
_MOST_INTERIM: Final = 16
USER_AGENT: Final = "read-model-probe"


class TransportError(Exception):
    """No answer: refused, lost, timed out, or TLS failed. The text is a few words."""


@dataclass(frozen=True)
class Address:
    """Where the document is."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @classmethod
    def of(cls, url: str) -> Self:
        """The parts of an http or https address."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return cls(parts.scheme, parts.hostname or "", port, parts.path or "/", parts.query)

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    def target(self, ask: Ask) -> str:
        """The request target of a request."""
        query = "&".join(part for part in (self.query, ask.query) if part)
        return self.path + ask.path_suffix + (f"?{query}" if query else "")

    def connect(self, time_limit_s: float, protocol: str) -> socket.socket:
        """A connection that has agreed on ``protocol`` (``http/1.1`` or ``h2``), if TLS lets one choose.

        Raises:
            TransportError: there is none to be had.
        """
        try:
            plain = socket.create_connection((self.host, self.port), timeout=time_limit_s)
        except OSError as error:
            raise TransportError(_in_words(error)) from None
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.scheme == "http":
                return plain
            context: ssl.SSLContext = tls_context()
            context.set_alpn_protocols([protocol])
            return context.wrap_socket(plain, server_hostname=self.host)
        except OSError as error:
            plain.close()
            raise TransportError(_in_words(error)) from None


def _in_words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    return (error.strerror or str(error) or type(error).__name__).rstrip(".")


def usual_headers(ask: Ask) -> Headers:
    """What goes along with every request that does not say otherwise."""
    given = {name.lower() for name, _ in ask.headers}
    usual = (("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity"))
    return tuple(header for header in usual if header[0].lower() not in given)


class Http1:
    """One connection at a time to one address, kept as long as it can be."""

    def __init__(self, address: Address, time_limit_s: float) -> None:
        self._address = address
        self._time_limit_s = time_limit_s
        self._socket: socket.socket | None = None
        self.most_body = MOST_BYTES

    def close(self) -> None:
        """Give the connection up; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, ask: Ask) -> Answer:
        """Send one request and read its answer.

        Raises:
            TransportError: no answer came.
        """
        if ask.fresh or (self._socket is not None and _is_over(self._socket)):
            self.close()
        reused = self._socket is not None
        try:
            return self._attempt(ask, reused)
        except _LostError as error:
            self.close()
            if not reused:
                raise TransportError(str(error)) from None
            return self._attempt_anew(ask)  # the peer closed it just now; RFC 9112, section 9.3.1

    def _attempt_anew(self, ask: Ask) -> Answer:
        try:
            return self._attempt(ask, reused=False)
        except _LostError as error:
            self.close()
            raise TransportError(str(error)) from None

    def _attempt(self, ask: Ask, reused: bool) -> Answer:
        if self._socket is None:
            self._socket = self._address.connect(self._time_limit_s, "http/1.1")
        reading = _Reading(self._socket, self._time_limit_s, self.most_body)
        head = h11.Request(
            method=ask.method,
            target=self._address.target(ask),
            headers=[
                (name.encode("ascii"), value.encode("latin-1"))
                for name, value in (("Host", self._address.authority), *usual_headers(ask), *ask.headers)
            ],
        )
        answer, stays = reading.answer(head, ask.linger, reused)
        if not stays:
            self.close()
        return answer


class _LostError(Exception):
    """The connection ended before a byte of the answer came."""


def _is_over(connection: socket.socket) -> bool:
    """Whether the peer has closed it, or sent something that nobody asked for."""
    return bool(select.select([connection], [], [], 0)[0])


class _Reading:
    """Reads one answer."""

    def __init__(self, connection: socket.socket, time_limit_s: float, most_body: int) -> None:
        self._most_body = most_body
        self._socket = connection
        self._until = time.monotonic() + time_limit_s
        self._state = h11.Connection(our_role=h11.CLIENT)
        self._anything = False

    def answer(self, request: h11.Request, linger: bool, reused: bool) -> tuple[Answer, bool]:
        """The answer, and whether the connection can take another request."""
        sent = (self._state.send(request) or b"") + (self._state.send(h11.EndOfMessage()) or b"")
        try:
            self._socket.sendall(sent)
        except OSError as error:
            raise _LostError(_in_words(error)) from None
        head: h11.Response | None = None
        body = bytearray()
        fault, interim = "", 0
        try:
            while True:
                event = self._event()
                if isinstance(event, h11.Response):
                    head = event
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > self._most_body:
                        fault = f"larger than the document: more than {self._most_body:,} bytes"
                        break
                elif isinstance(event, h11.InformationalResponse):
                    interim += 1
                    if interim > _MOST_INTERIM:
                        fault = f"more than {_MOST_INTERIM} interim answers"
                        break
                elif isinstance(event, h11.EndOfMessage):
                    break
        except h11.RemoteProtocolError as error:
            if not self._anything:
                raise _LostError("the connection was closed without an answer") from None
            fault = str(error)
        excess = b"" if fault else self._state.trailing_data[0]
        if linger and not fault:
            excess += self._more()
        closes = self._state.their_state is not h11.DONE
        answer = Answer(
            status=head.status_code if head else 0,
            headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in head.headers) if head else (),
            body=bytes(body),
            excess=bytes(excess),
            reused=reused,
            closes=closes and not fault,
            fault=fault,
        )
        return answer, not (closes or excess or fault)

    def _event(self) -> object:
        while True:
            event = self._state.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = self._receive(self._until - time.monotonic())
            self._anything = self._anything or bool(data)
            self._state.receive_data(data)

    def _receive(self, seconds: float) -> bytes:
        if seconds <= 0:  # a target that never lets one wait keeps to it too
            raise TransportError("no whole answer in time")
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(65536)
        except TimeoutError:
            raise TransportError("no whole answer in time") from None
        except OSError as error:
            if self._anything:
                return b""  # as if closed: what came so far is judged
            raise _LostError(_in_words(error)) from None

    def _more(self) -> bytes:
        """What still comes within a moment."""
        until = time.monotonic() + LINGER_S
        more = b""
        while time.monotonic() < until and len(more) < self._most_body:
            self._socket.settimeout(max(0.001, until - time.monotonic()))
            try:
                data = self._socket.recv(65536)
            except OSError:
                break
            if not data:
                break
            more += data
        return more
