"""A connection to one target: a request is sent over it, and its answer is taken in, within one deadline.

It is opened when it is needed and kept as long as the target allows. If it has been closed, or holds bytes that nobody
asked for, it is opened again *before* a request. A request that may have been sent is never sent again.
"""

from __future__ import annotations

import errno
import re
import select
import socket
import ssl
import time
from typing import Final

from loadtest.http1.address import Address
from loadtest.http1.answer import USUAL_LIMITS, Answer, Limits
from loadtest.http1.connecting import connect, wait_for
from loadtest.http1.errors import cut
from loadtest.http1.incoming import Incoming
from loadtest.http1.known_heads import KnownHeads
from loadtest.units import SECOND

_MOST_UNASKED: Final = 65536
_CLOSING_NOTICE: Final = re.compile(rb"HTTP/1\.[01] [45]\d\d[ \r]")


class Connection:
    """One connection, one request at a time."""

    def __init__(
        self,
        address: Address,
        tls: ssl.SSLContext | None = None,
        limits: Limits = USUAL_LIMITS,
        likely_body_bytes: int = 0,
        known_heads: KnownHeads | None = None,
    ) -> None:
        self._address = address
        self._tls = tls
        self._incoming = Incoming(limits, likely_body_bytes, known_heads)
        self._socket: socket.socket | None = None
        self.reused = False
        """Whether the last request was sent over a connection that was open before."""
        self.unasked = b""
        """Bytes that came over the idle connection before the last request was sent."""

    @property
    def has_begun(self) -> bool:
        """Whether a byte of the last answer has come."""
        return self._incoming.has_begun

    def close(self) -> None:
        """Give the connection up; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, request: bytes, time_limit_s: float, *, is_head: bool = False, linger_s: float = 0) -> Answer:
        """Send one request and take in its answer, whatever it is; ``failure`` says why an answer is not whole.

        ``linger_s`` is how long to wait for bytes behind the end of a whole answer.
        """
        deadline_ns = time.monotonic_ns() + int(time_limit_s * SECOND)
        self._incoming.expect(may_have_body=not is_head)
        try:
            self.unasked = self._look_at_idle()
            connection = self._socket
            self.reused = connection is not None
            if connection is None:
                connection = self._socket = self._open(deadline_ns)
            self._send(connection, request, deadline_ns)
            answer = self._receive(connection, deadline_ns)
        except OSError as error:
            answer = self._incoming.failed(error, time.monotonic_ns())
        except BaseException:  # stopped in the middle: the rest would be taken for the next answer
            self.close()
            raise
        if linger_s and answer.failure is None:
            excess = answer.excess + self._linger(linger_s)
            answer = answer._replace(excess=excess, closes=answer.closes or bool(excess))
        if answer.closes:
            self.close()
        return answer

    def _open(self, deadline_ns: int) -> socket.socket:
        return connect(self._address, self._tls, deadline_ns)

    def _look_at_idle(self) -> bytes:
        """Close a connection that the target has closed, or has sent bytes over; returns those bytes."""
        if self._socket is None:
            return b""
        space = self._incoming.space()
        try:
            unasked = bytes(space[: self._socket.recv_into(space)])
        except (BlockingIOError, ssl.SSLWantReadError):  # nothing, or TLS's own, such as tickets for another session
            return b""
        except OSError:
            unasked = b""
        self.close()
        return b"" if _CLOSING_NOTICE.match(unasked) else unasked

    def _send(self, connection: socket.socket, request: bytes, deadline_ns: int) -> None:
        while request:
            try:
                request = request[connection.send(request) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                wait_for(connection, select.POLLOUT, deadline_ns)
            except ssl.SSLWantReadError:
                wait_for(connection, select.POLLIN, deadline_ns)

    def _receive(self, connection: socket.socket, deadline_ns: int) -> Answer:
        incoming = self._incoming
        while True:
            try:
                count = connection.recv_into(incoming.space())
            except (BlockingIOError, ssl.SSLWantReadError):
                wait_for(connection, select.POLLIN, deadline_ns)
                continue
            except ssl.SSLWantWriteError:
                wait_for(connection, select.POLLOUT, deadline_ns)
                continue
            except ConnectionResetError as error:
                raise error if incoming.has_begun else cut("before the answer began") from None
            now_ns = time.monotonic_ns()
            if not count:
                return incoming.ended(now_ns)
            if incoming.took(count, now_ns) and (answer := incoming.parse()) is not None:
                return answer
            if now_ns > deadline_ns:  # for a target that sends without a pause, so that nothing is ever waited for
                raise TimeoutError(errno.ETIMEDOUT, "the answer was not whole in time")

    def _linger(self, seconds: float) -> bytes:
        until_ns = time.monotonic_ns() + int(seconds * SECOND)
        more = bytearray()
        while self._socket is not None and len(more) < _MOST_UNASKED and time.monotonic_ns() < until_ns:
            try:
                piece = self._socket.recv(_MOST_UNASKED)
            except (BlockingIOError, ssl.SSLWantReadError):
                try:
                    wait_for(self._socket, select.POLLIN, until_ns)
                except TimeoutError:
                    break
                continue
            except OSError:
                piece = b""
            if not piece:
                self.close()
            more += piece
        return bytes(more)
