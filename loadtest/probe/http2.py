"""HTTP/2 over TLS, one request at a time, with the h2 library. RFC 9113."""

from __future__ import annotations

import socket
import time
from typing import Final

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from loadtest.http1.address import Address
from loadtest.http1.limits import MOST_HEAD_BYTES
from loadtest.probe.http1 import MOST_BYTES, TransportError, connected, target_of, usual_headers
from loadtest.probe.model import Ask, ProbeAnswer

PROTOCOL: Final = "h2"


def why_not(address: Address, time_limit_s: float) -> str:
    """Why HTTP/2 cannot be tried; empty if the target chooses it (ALPN, RFC 7301)."""
    if address.scheme == "http":
        return "HTTP/2 is negotiated in TLS, and this address is http://"
    try:
        connection = connected(address, time_limit_s, PROTOCOL)
    except TransportError as error:
        return f"the target does not speak HTTP/2 ({error})"
    with connection:
        return "" if connection.selected_alpn_protocol() == PROTOCOL else "the target does not choose HTTP/2 in TLS"  # type: ignore[attr-defined]


class Http2:
    """One connection to one address, and a stream a request."""

    def __init__(self, address: Address, time_limit_s: float) -> None:
        self._address = address
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
        reused = self._socket is not None and not ask.fresh
        try:
            if not reused:
                self._open()
            return self._attempt(ask, reused)
        except h2.exceptions.ProtocolError as error:
            self.close()
            return ProbeAnswer(0, reused=reused, fault=f"no proper HTTP/2: {type(error).__name__}")
        except OSError as error:
            self.close()
            raise TransportError(
                "no answer in time" if isinstance(error, TimeoutError) else error.strerror or "lost"
            ) from None

    def _open(self) -> None:
        self.close()
        self._socket = connected(self._address, self._time_limit_s, PROTOCOL)
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="latin-1"))
        self._state.initiate_connection()

    def _attempt(self, ask: Ask, reused: bool) -> ProbeAnswer:
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
        head += [(name.lower(), value) for name, value in (*usual_headers(ask), *ask.headers)]
        self._state.send_headers(stream, head, end_stream=True)
        connection.sendall(self._state.data_to_send())
        status, headers, body, received = 0, [], bytearray(), 0
        until = time.monotonic() + self._time_limit_s
        while True:
            left = until - time.monotonic()
            if left <= 0:  # a target that never lets one wait keeps to it too
                raise TransportError("no whole answer in time")
            connection.settimeout(left)
            data = connection.recv(65536)
            received += len(data)
            if received > self.most_body + MOST_HEAD_BYTES:
                self.close()
                return ProbeAnswer(
                    status, reused=reused, fault=f"larger than the document: {received:,} bytes and no end"
                )
            if not data:
                raise TransportError("the connection was closed without a whole answer")
            for event in self._state.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    fields = [(str(name), str(value)) for name, value in event.headers or ()]
                    status = int(dict(fields)[":status"])
                    headers = [field for field in fields if not field[0].startswith(":")]
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data or b""
                    self._state.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                elif isinstance(event, h2.events.StreamEnded):
                    connection.sendall(self._state.data_to_send())
                    unwanted = status == 304 or ask.method == "HEAD"
                    return ProbeAnswer(
                        status,
                        tuple(headers),
                        b"" if unwanted else bytes(body),
                        excess=bytes(body) if unwanted else b"",
                        reused=reused,
                    )
                elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated):
                    raise TransportError("the target broke the stream off")
            connection.sendall(self._state.data_to_send())
