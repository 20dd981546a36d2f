"""Uvicorn's HTTP/1.1 protocol with two additions: header names as they were sent, and the transport.

ASGI lower-cases header names, while a gateway's parameter mapping tells ``If-None-Match`` from ``if-none-match``. A
fault may cut a connection, which takes its transport.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SENT_HEADERS = "sandbox.sent_headers"
"""Key in the ASGI scope: list of (name, value) as bytes, names spelled as they were sent."""
TRANSPORT = "sandbox.transport"
"""Key in the ASGI scope: the transport of the connection."""

_CLOSE_AT_ONCE = struct.pack("ii", 1, 0)


class AsSentProtocol(HttpToolsProtocol):
    """HTTP/1.1 that remembers how header names were spelled."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.sent_headers: list[tuple[bytes, bytes]] = []
        scope = cast("dict[str, Any]", self.scope)
        scope[SENT_HEADERS] = self.sent_headers
        scope[TRANSPORT] = self.transport

    def on_header(self, name: bytes, value: bytes) -> None:
        self.sent_headers.append((name, value))
        super().on_header(name, value)


def reset(transport: asyncio.Transport) -> None:
    """Cut a connection with a TCP reset; what has not been sent is lost."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_AT_ONCE)
    transport.abort()
