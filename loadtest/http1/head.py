"""What the head of an answer says: its status, its header fields, and where its body ends. RFC 9112, section 6.3.

httptools (llhttp, the parser of Node.js) parses strictly: a bare line feed, two lengths, or a length beside a transfer
coding are errors, because a proxy in between may read them in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import httptools

from loadtest.http1.errors import MalformedError

Headers = Iterable[tuple[bytes, bytes]]
"""Names and values as they were sent, in their order; a name may come more than once."""

_BODILESS: Final = frozenset((204, 304))
_CURRENT: Final = b"HTTP/1.1 "
_OLD: Final = b"HTTP/1.0 "
_LINE_FEED: Final = 10


LENGTH: Final = 0
"""The body ends after as many bytes as were announced, which may be none."""
CHUNKED: Final = 1
"""The body ends with a chunk of no bytes."""
CLOSE: Final = 2
"""The body ends when the connection is closed. (No enum: looking up a member takes as long as parsing a field.)"""


class _Sink:
    """What the parser calls. It does not refer to the parser: such a cycle would wait for the garbage collector."""

    __slots__ = ("on_header",)

    def __init__(self, on_header: Callable[[bytes, bytes], object]) -> None:
        self.on_header = on_header


class Head:
    """Takes in one head, in as many pieces as it comes in."""

    status: int = 0
    ending: int = LENGTH
    """How the end of the body is known: LENGTH, CHUNKED or CLOSE."""
    length: int = 0
    closes: bool = False
    """The connection cannot be used again."""
    is_complete: bool = False

    def __init__(self) -> None:
        spelled: dict[bytes, bytes] = {}
        self.fields = spelled
        """As they were sent; when it is complete, by name in lower case: several of one name are joined with commas."""
        self.headers: Headers = spelled.items()
        # Called for every field, and in C: in Python it would take longer than parsing.
        self._parser = httptools.HttpResponseParser(_Sink(spelled.setdefault))

    def feed(self, piece: memoryview) -> None:
        """Take in a piece, which must not reach beyond the empty line.

        Raises:
            MalformedError: this is no head.
        """
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            raise MalformedError("the target changed the protocol, which nobody had asked for") from None
        except httptools.HttpParserError as error:
            raise MalformedError(f"not proper HTTP/1.1: {str(error) or type(error).__name__}") from None

    def finish(self, room: bytearray, start: int, end: int, may_have_body: bool) -> None:
        """Tell what the head says: all of it was fed, to the empty line; it lies in ``room`` from ``start`` to ``end``.

        Raises:
            MalformedError: it is not of HTTP/1.0 or 1.1, or its body ends nobody knows where.
        """
        is_current = room.startswith(_CURRENT, start)
        if not (is_current or room.startswith(_OLD, start)):
            raise MalformedError("not proper HTTP/1.1: the answer does not begin with HTTP/1.1")
        status: int = self._parser.get_status_code()
        if status < 100:
            raise MalformedError(f"not proper HTTP/1.1: {status:03} is not a status")
        fields = self.fields = {name.lower(): value for name, value in self.headers}
        if len(fields) + 2 != room.count(_LINE_FEED, start, end):  # the status and the empty line; each field is one
            fields = self._parse_again(bytes(room[start:end]))
        connection = fields.get(b"connection")
        if connection != b"keep-alive" and (connection is not None or not is_current):
            tokens = _tokens(connection or b"")
            self.closes = b"close" in tokens if is_current else b"keep-alive" not in tokens
        if may_have_body and status >= 200 and status not in _BODILESS:
            self._find_ending(fields)
        self.status = status
        self.is_complete = True

    def _parse_again(self, head: bytes) -> dict[bytes, bytes]:
        """Some fields have the same name, and only the first of each was kept."""
        headers: list[tuple[bytes, bytes]] = []
        sink = _Sink(lambda name, value: headers.append((name, value)))
        httptools.HttpResponseParser(sink).feed_data(head)
        self.headers = headers
        fields = self.fields
        fields.clear()
        for name, value in headers:
            lower = name.lower()
            earlier = fields.get(lower)
            fields[lower] = value if earlier is None else b"%b, %b" % (earlier, value)
        return fields

    def _find_ending(self, fields: dict[bytes, bytes]) -> None:
        coding = fields.get(b"transfer-encoding")
        length = fields.get(b"content-length")
        if coding is not None:
            if coding.strip().lower() != b"chunked":
                raise MalformedError(f"a transfer coding that nobody asked for: {coding[:40].decode('latin-1')}")
            self.ending = CHUNKED
        elif length is not None:
            self.length = int(length)
        else:
            self.ending = CLOSE
            self.closes = True


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip() for token in value.lower().split(b",")]
