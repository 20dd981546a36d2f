"""HTTP/2 over TLS, one request at a time, with the h2 library. RFC 9113."""

from __future__ import annotations

import socket
import time
from typing import Final

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from loadtest.http1.access import NO_ACCESS, Access
from loadtest.http1.address import Address
from loadtest.http1.incoming import MOST_INTERIM_ANSWERS
from loadtest.http1.limits import MOST_HEAD_BYTES
from loadtest.probe.http1 import MOST_BYTES, TransportError, connected, target_of, usual_headers
from loadtest.probe.model import Ask, ProbeAnswer

PROTOCOL: Final = "h2"


def why_not(address: Address, time_limit_s: float, access: Access = NO_ACCESS) -> str:
    """Why HTTP/2 cannot be tried; empty if the target chooses it (ALPN, RFC 7301)."""
    if address.scheme == "http":
        return "HTTP/2 is negotiated in TLS, and this address is http://"
    try:
        connection = connected(address, time_limit_s, PROTOCOL, access)
    except TransportError as error:
        return f"the target does not speak HTTP/2 ({error})"
    with connection:
        return "" if connection.selected_alpn_protocol() == PROTOCOL else "the target does not choose HTTP/2 in TLS"  # type: ignore[attr-defined]


class Http2:
    """One connection to one address, and a stream a request."""

    def __init__(self, address: Address, time_limit_s: float, access: Access = NO_ACCESS) -> None:
        self._address = address
        self._access = access
        self._time_limit_s = time_limit_s
        self._socket: socket.socket | None = None
        self._state = h2.connection.H2Connection()
        self.most_body = MOST_BYTES

    def close(self) -> None:
        """Give the connection up; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, ask: Ask) -> ProbeAnswer:
        """Send one request and read its answer.

        Raises:
            TransportError: no answer came.
        """
        until = time.monotonic() + self._time_limit_s
        reused = self._socket is not None and not ask.fresh
        try:
            if not reused:
                self._open()
            return self._attempt(ask, reused, until)
        except h2.exceptions.ProtocolError as error:
            self.close()
            return ProbeAnswer(0, reused=reused, fault=f"not proper HTTP/2: {type(error).__name__}")
        except OSError as error:
            self.close()
            raise TransportError(
                "no whole answer in time" if isinstance(error, TimeoutError) else error.strerror or "lost"
            ) from None
        except BaseException:  # what is still to come belongs to nobody
            self.close()
            raise

    def _open(self) -> None:
        self.close()
        self._socket = connected(self._address, self._time_limit_s, PROTOCOL, self._access)
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="latin-1"))
        self._state.initiate_connection()
        self._state.update_settings({h2.settings.SettingCodes.ENABLE_PUSH: 0})

    def _attempt(self, ask: Ask, reused: bool, until: float) -> ProbeAnswer:
        connection = self._socket
        if connection is None:
            raise TransportError("lost")
        stream = self._state.get_next_available_stream_id()
        head = [
            (":method", ask.method),
            (":scheme", self._address.scheme),
            (":authority", self._address.authority),
            (":path", target_of(self._address, ask)),
        ]
        head += [(name.lower(), value) for name, value in (*usual_headers(ask, self._address), *ask.headers)]
        self._state.send_headers(stream, head, end_stream=True)
        _limit(connection, until)
        connection.sendall(self._state.data_to_send())
        incoming = _Incoming(stream, has_body=ask.method != "HEAD")
        received = 0
        while True:
            _limit(connection, until)
            data = connection.recv(65536)
            received += len(data)
            if not data:
                raise TransportError("the connection was closed without a whole answer")
            if received > self.most_body + MOST_HEAD_BYTES:
                incoming.fault = f"larger than the document: {received:,} bytes and no end"
            else:
                for event in self._state.receive_data(data):
                    if isinstance(event, h2.events.DataReceived):
                        self._state.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
                    incoming.take(event)
            if incoming.fault:
                self.close()
                return ProbeAnswer(incoming.status, reused=reused, fault=incoming.fault)
            _limit(connection, until)
            connection.sendall(self._state.data_to_send())
            if incoming.is_whole:
                return incoming.answer(reused)


class _Incoming:
    """The answer of one stream, as far as it has come."""

    def __init__(self, stream: int, *, has_body: bool) -> None:
        self._stream = stream
        self._has_body = has_body
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._interim = 0
        self.status = 0
        self.fault = ""
        self.is_whole = False

    def take(self, event: object) -> None:
        """One more event of the connection; those of other streams belong to requests before this one.

        Raises:
            TransportError: there will be no whole answer.
        """
        if isinstance(event, h2.events.ConnectionTerminated):
            raise TransportError("the target broke the connection off")
        if getattr(event, "stream_id", None) != self._stream or self.is_whole:
            return
        if isinstance(event, h2.events.InformationalResponseReceived):
            self._interim += 1
            if self._interim > MOST_INTERIM_ANSWERS:
                self.fault = f"more than {MOST_INTERIM_ANSWERS} interim answers"
        elif isinstance(event, h2.events.ResponseReceived):
            fields = [(str(name), str(value)) for name, value in event.headers or ()]
            self.status = int(dict(fields)[":status"])
            self._headers = [field for field in fields if not field[0].startswith(":")]
        elif isinstance(event, h2.events.DataReceived):
            self._body += event.data or b""
        elif isinstance(event, h2.events.StreamEnded):
            self.is_whole = True
        elif isinstance(event, h2.events.StreamReset):
            raise TransportError("the target broke the stream off")

    def answer(self, reused: bool) -> ProbeAnswer:
        body = bytes(self._body)
        if self._has_body and self.status != 304:
            return ProbeAnswer(self.status, tuple(self._headers), body, reused=reused)
        return ProbeAnswer(self.status, tuple(self._headers), excess=body, reused=reused)


def _limit(connection: socket.socket, until: float) -> None:
    """End the next wait by then; where nothing is ever waited for, this call raises once it is later."""
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    connection.settimeout(left_s)
