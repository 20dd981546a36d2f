"""HTTP/1.1 for the probe: header names go out as they are spelled, and bytes behind an answer are noticed.

The connection is that of readers (``loadtest.http1``).
"""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from typing import Final

from loadtest.http1.access import NO_ACCESS, Access
from loadtest.http1.address import Address, request
from loadtest.http1.answer import Answer as Received
from loadtest.http1.answer import Limits
from loadtest.http1.connecting import connect
from loadtest.http1.connection import Connection
from loadtest.http1.errors import BodyTooLargeError
from loadtest.http1.limits import MOST_HEAD_BYTES
from loadtest.http1.trust import tls_context
from loadtest.probe.model import Ask, Headers, ProbeAnswer
from loadtest.run.documents.kind import MAXIMUM_BYTES
from loadtest.units import SECOND

LINGER_S: Final = 0.25
"""How long unwanted bytes are waited for, on top of a round trip."""
MOST_BYTES: Final = 2 * MAXIMUM_BYTES
"""Until it is known how large the document is."""
PROTOCOL: Final = "http/1.1"
USER_AGENT: Final = "read-model-probe"


class TransportError(Exception):
    """No answer: refused, lost, timed out, or TLS failed. The text is a few words."""


def target_of(address: Address, ask: Ask) -> str:
    query = "&".join(part for part in (address.query, ask.query) if part)
    return replace(address, path=address.path + ask.path_suffix, query=query).target


def usual_headers(ask: Ask, address: Address) -> Headers:
    """The headers of every request that does not set them itself, those that say who asks among them."""
    asked = {name.lower() for name, _ in ask.headers}
    identified = {name.lower() for name, _ in address.identification}
    usual = [("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
    usual = [header for header in usual if header[0].lower() not in identified]
    return tuple(header for header in (*usual, *address.identification) if header[0].lower() not in asked)


def tls_speaking(protocol: str, access: Access = NO_ACCESS) -> ssl.SSLContext:
    """The TLS settings of a connection for ``protocol`` (``http/1.1`` or ``h2``)."""
    context: ssl.SSLContext = tls_context(access=access)
    context.set_alpn_protocols([protocol])
    return context


def connected(address: Address, time_limit_s: float, protocol: str, access: Access = NO_ACCESS) -> socket.socket:
    """A connection that has agreed on ``protocol``, if TLS lets one choose; each wait on it is limited.

    Raises:
        TransportError: no connection could be made.
    """
    tls = tls_speaking(protocol, access) if address.scheme == "https" else None
    try:
        connection = connect(address, tls, time.monotonic_ns() + int(time_limit_s * SECOND))
    except OSError as error:
        raise TransportError(_in_words(error)) from None
    connection.settimeout(time_limit_s)
    return connection


class Http1:
    """One connection at a time to one address, kept as long as it can be."""

    def __init__(self, address: Address, time_limit_s: float, access: Access = NO_ACCESS) -> None:
        self._address = address
        self._access = access
        self._time_limit_s = time_limit_s
        self._connection: Connection | None = None
        self.most_body = MOST_BYTES

    def close(self) -> None:
        """Give the connection up; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def exchange(self, ask: Ask) -> ProbeAnswer:
        """Send one request and read its answer.

        Raises:
            TransportError: no answer came.
        """
        if ask.fresh:
            self.close()
        if self._connection is None:
            tls = tls_speaking(PROTOCOL, self._access) if self._address.scheme == "https" else None
            self._connection = Connection(self._address, tls, Limits(MOST_HEAD_BYTES, self.most_body))
        connection = self._connection
        headers = [("Host", self._address.authority), *usual_headers(ask, self._address), *ask.headers]
        sent = request(ask.method, target_of(self._address, ask), headers)
        received = self._attempt(connection, sent, ask)
        if connection.reused and _was_lost(connection, received):
            received = self._attempt(connection, sent, ask)  # the peer closed it just now; RFC 9112, section 9.3.1
        return self._answer(connection, received)

    def _attempt(self, connection: Connection, sent: bytes, ask: Ask) -> Received:
        linger_s = LINGER_S if ask.linger else 0
        return connection.exchange(sent, self._time_limit_s, is_head=ask.method == "HEAD", linger_s=linger_s)

    def _answer(self, connection: Connection, received: Received) -> ProbeAnswer:
        failure, fault = received.failure, ""
        if _was_lost(connection, received) or isinstance(failure, TimeoutError):
            raise TransportError(_in_words(failure))
        if isinstance(failure, BodyTooLargeError):
            fault = f"larger than the document: more than {self.most_body:,} bytes"
        elif failure is not None:
            fault = getattr(failure, "strerror", None) or str(failure)
        return ProbeAnswer(
            status=received.status,
            headers=tuple(
                (name.decode("latin-1"), value.strip().decode("latin-1")) for name, value in received.headers
            ),
            body=bytes(received.body),
            excess=received.excess,
            reused=connection.reused,
            closes=received.closes and not (fault or received.excess),
            fault=fault,
        )


def _was_lost(connection: Connection, received: Received) -> bool:
    """Whether the connection ended, or there was none, before a byte of the answer came; late is not lost."""
    failure = received.failure
    return isinstance(failure, OSError) and not isinstance(failure, TimeoutError) and not connection.has_begun


def _in_words(failure: Exception | None) -> str:
    if isinstance(failure, TimeoutError):
        return "no whole answer in time"
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {failure.verify_message}"
    return (getattr(failure, "strerror", None) or str(failure) or type(failure).__name__).rstrip(".")
