"""An HTTP client that hides nothing from a reader that records.

geventhttpclient is a client for getting answers; three of its kindnesses would hide what a target does:

- A connection that is cut before the first byte of an answer makes it ask again, unseen. Here that is an error, as the
  one request that was recorded was not answered. (A connection that was closed while idle is noticed before use.)
- Bytes behind a 304, which must not have a body (RFC 9110, section 15.4.5), it takes for the start of the next answer,
  and raises, with this one lost. Here the answer is kept, and the bytes with it.
- When such bytes come later, on an idle connection, it closes that connection and takes another. Here they are counted,
  and told with the next answer.

It makes its responses and its pools of connections itself, so ours take the place of its classes.

It also takes in whatever comes, and unpacks it; a target that is broken, or hostile, would fill the memory. Here an
answer ends as an error where it cannot be the document any more (``loadtest.answer_limits``); nothing is unpacked.

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
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPSocketPoolResponse
from locust.contrib.fasthttp import FastResponse

from loadtest.answer_limits import EndlessHeadError, Intake, OversizedError, most_body_bytes
from loadtest.recording.turns import Turns

_END_OF_HEAD: Final = b"\r\n\r\n"
_ANOTHER_ANSWER: Final = b"HTTP/"
_CONTENT_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_MOST_READ: Final = 65536
_poll: Final = get_original("select", "poll")

turns: Final = Turns()
"""Those of all readers of this process, whose connections belong to one event loop."""


class BodyTooLarge(HTTPParseError, OversizedError):  # noqa: N818 - one of the client's own errors, so that it is handed on
    """The body of an answer was not received to its end, as it is larger than the document."""


class HeadTooLarge(HTTPParseError):  # noqa: N818
    """The head of an answer, or what stands between its chunks, was not received to its end."""


class PlainResponse(FastResponse):
    """The client's view of an answer: its body is as it was sent, whatever coding it is said to have.

    Nothing but the document's own bytes was asked for, and a few bytes may unpack to gigabytes.
    """

    def _content(self) -> bytes:
        body: bytes = self._response.read()
        self.release()
        return body


class WatchfulResponse(HTTPSocketPoolResponse):
    """A response that is asked for once.

    ``after_304`` is what followed a 304 in the same segment; ``before`` is how many bytes stood on the connection,
    unasked for, when this was to be asked: they belong to the answer before. ``received_ns`` is when the last bytes so
    far were taken in, by ``time.monotonic_ns()``.
    """

    most_body: int = most_body_bytes(0)
    """For all answers of this process: the plan of a run says how large its documents are."""
    after_304: bytes = b""
    received_ns: int = 0
    too_large: BodyTooLarge | None = None
    _is_reading_body: bool = False

    def __init__(self, sock: Any, pool: Any, **options: Any) -> None:
        self.before = _take_unread(pool)
        self._received = 0
        self._body_received = 0
        super().__init__(sock, pool, **{**options, "block_size": _MOST_READ})

    def feed(self, data: str | bytes) -> None:
        """Stamp ``data``, parse it, and wait for a turn; a whole answer waits before it is parsed."""
        self.received_ns = time.monotonic_ns()
        waited = is_whole_answer(data)
        if waited:
            turns.wait()
        self._parse(data)
        if not self.message_complete or self.get_code() < 200:
            self._check_intake(len(data))
        elif not waited:
            turns.wait()

    def _check_intake(self, count: int) -> None:
        """Stop where this cannot be the document any more. What was whole at once is no larger than one piece."""
        self._received += count
        length = self.get("content-length") if self.headers_complete else None
        announced = int(length) if isinstance(length, str) and length.isdecimal() else None
        try:
            Intake(self._received, self._body_received, announced).check(self.most_body)
        except OversizedError as error:
            self.too_large = BodyTooLarge(str(error))  # raised when the body is read: its head is an answer
            if self._is_reading_body:
                raise self.too_large from None
        except EndlessHeadError as error:
            raise HeadTooLarge(str(error)) from None

    def _on_body(self, buf: bytearray) -> None:
        self._body_received += len(buf)
        super()._on_body(buf)

    def read(self, length: int | None = None) -> bytes:
        """The rest of the body, as it was sent."""
        self._is_reading_body = True
        if self.too_large is not None:
            self.release()
            raise self.too_large
        body: bytes = super().read(length)
        return body

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
