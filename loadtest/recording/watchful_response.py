"""An HTTP client that hides nothing from a reader that records.

geventhttpclient is a client for getting answers; three of its kindnesses would hide what a target does:

- A connection that is cut before the first byte of an answer makes it ask again, unseen. Here that is an error, as the
  one request that was recorded was not answered. (A connection that was closed while idle is noticed before use.)
- Bytes behind a 304, which must not have a body (RFC 9110, section 15.4.5), it takes for the start of the next answer,
  and raises, with this one lost. Here the answer is kept, and the bytes with it.
- When such bytes come later, on an idle connection, it closes that connection and takes another. Here they are counted,
  and told with the next answer.

It makes its responses and its pools of connections itself, so ours take the place of its classes.

It is also slower than what it is asked to time:

- It reads 4 KB at a time, so a document of 256 KB is parsed in 65 pieces. Here a piece is what has come, up to 64 KB.
- It parses each answer before the next is looked at. When hundreds come at once, as after a freeze, the last would seem
  to have taken as long as parsing all others does. Here each is stamped when it is taken in, and waits with its parsing
  until all that have come are stamped. One that comes in pieces, such as the records of TLS, waits behind its last:
  before that the rest of it would stand unstamped meanwhile.
- It asks ``select`` whether an idle connection is still open. That knows no more than 1,024 files, takes all others for
  closed, and under gevent lets other readers run first, while the clock of this read runs already. Here it is ``poll``.
"""

from __future__ import annotations

import errno
import re
import select
import time
from typing import Any, Final

import geventhttpclient.client
from gevent.monkey import get_original
from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketPoolResponse

from loadtest.recording.turns import Turns

_END_OF_HEAD: Final = b"\r\n\r\n"
_ANOTHER_ANSWER: Final = b"HTTP/"
_CONTENT_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_MOST_READ: Final = 65536
_poll: Final = get_original("select", "poll")

turns: Final = Turns()
"""Those of all readers of this process, whose connections belong to one event loop."""


class WatchfulResponse(HTTPSocketPoolResponse):
    """A response that is asked for once.

    ``after_304`` is what followed a 304 in the same segment; ``before`` is how many bytes stood on the connection,
    unasked for, when this was to be asked: they belong to the answer before. ``received_ns`` is when the last bytes so
    far were taken in, by ``time.monotonic_ns()``.
    """

    after_304: bytes = b""
    received_ns: int = 0

    def __init__(self, sock: Any, pool: Any, **options: Any) -> None:
        self.before = _take_unread(pool)
        super().__init__(sock, pool, **{**options, "block_size": _MOST_READ})

    def feed(self, data: str | bytes) -> None:
        """Stamp ``data``, parse it, and wait for a turn; a whole answer waits before it is parsed."""
        self.received_ns = time.monotonic_ns()
        if is_whole_answer(data):
            turns.wait()
            self._parse(data)
            return
        self._parse(data)
        if self.message_complete:
            turns.wait()

    def _parse(self, data: str | bytes) -> None:
        """Parse, but not what stands behind the head of a 304; the connection is closed after such."""
        if isinstance(data, str) or not _is_304(data):
            super().feed(data)
            return
        head, end, rest = data.partition(_END_OF_HEAD)
        super().feed(head + end)
        if rest:
            self.after_304 = rest
            self._trailing_data_dropped = True

    def _read_headers(self, pre_buffered: bytes = b"") -> None:
        try:
            super()._read_headers(pre_buffered)
        except HTTPConnectionClosed as error:
            raise ConnectionResetError(errno.ECONNRESET, "the connection was cut before the answer began") from error


def is_whole_answer(data: str | bytes) -> bool:
    """Whether this begins an answer and certainly ends it too: a 304, or as many bytes as its Content-Length says."""
    if isinstance(data, str) or not data.startswith(_ANOTHER_ANSWER):
        return False
    end = data.find(_END_OF_HEAD)
    if end < 0:
        return False
    body = end + len(_END_OF_HEAD)
    length = _CONTENT_LENGTH.search(data, 0, body)
    return _is_304(data) or (length is not None and len(data) >= body + int(length[1]))


def _is_304(data: bytes) -> bool:
    return data[8:13] == b" 304 "


class _WatchfulPool(ConnectionPool):
    """A pool that counts what stands on an idle connection before that is thrown away."""

    unread: int = 0

    def get_socket(self) -> Any:
        sock = super().get_socket()
        turns.before_sending()
        return sock

    def _is_socket_alive(self, sock: Any) -> bool:
        if sock is None or sock.fileno() < 0:
            return False
        idle = _poll()
        idle.register(sock.fileno(), select.POLLIN)
        alive = not idle.poll(0)
        if not alive:
            self.unread = _unread_bytes(sock)
        return alive


class _WatchfulSSLPool(_WatchfulPool, SSLConnectionPool):
    """The same over TLS."""


def _unread_bytes(sock: Any) -> int:
    """How many bytes of a body can be read at once; 0 when the other side has only closed, or said that it will.

    A server may announce that it closes an idle connection with an answer of its own (408); that is no body.
    """
    try:
        sock.settimeout(0)
        unread: bytes = sock.recv(_MOST_READ)
    except OSError:
        return 0
    return 0 if unread.startswith(_ANOTHER_ANSWER) else len(unread)


def _take_unread(pool: _WatchfulPool) -> int:
    unread, pool.unread = pool.unread, 0
    return unread


def install() -> None:
    """Have geventhttpclient use all of it in this process."""
    vars(geventhttpclient.client).update(
        HTTPSocketPoolResponse=WatchfulResponse, ConnectionPool=_WatchfulPool, SSLConnectionPool=_WatchfulSSLPool
    )
