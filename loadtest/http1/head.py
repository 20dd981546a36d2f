"""What the head of an answer says: its status, its header fields, and where its body ends. RFC 9112, section 6.3.

httptools (llhttp, the parser of Node.js) parses, strictly: a bare line feed, two lengths, or a length beside a transfer
coding are errors, as whoever is in between may read them otherwise.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import httptools

from loadtest.http1.errors import MalformedError

Headers = list[tuple[bytes, bytes]]
"""Names and values as they were sent, in their order; a name may come more than once."""

_BODILESS: Final = frozenset((204, 304))
_VERSIONS: Final = (b"HTTP/1.1 ", b"HTTP/1.0 ")


class Ending(IntEnum):
    """How the end of a body is known."""

    LENGTH = 0
    """After as many bytes as were announced; none is a length too."""
    CHUNKED = 1
    CLOSE = 2
    """When the connection is closed."""


class Head:
    """Takes in one head, in as many pieces as it comes in."""

    __slots__ = ("_parser", "closes", "ending", "fields", "headers", "is_complete", "length", "status")

    def __init__(self) -> None:
        self.headers: Headers = []
        self.fields: dict[bytes, bytes] = {}
        """Values by name in lower case; several of one name are joined with commas, as RFC 9110, 5.3, has it."""
        self.status = 0
        self.ending = Ending.LENGTH
        self.length = 0
        self.closes = False
        """The connection cannot be used again."""
        self.is_complete = False
        self._parser = httptools.HttpResponseParser(self)

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
            raise MalformedError(f"no proper HTTP/1.1: {str(error) or type(error).__name__}") from None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self.headers.append((name, value))
        name = name.lower()
        value = value.strip(b" \t")
        self.fields[name] = value if name not in self.fields else b", ".join((self.fields[name], value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self.is_complete = True

    def finish(self, first_line: bytes, may_have_body: bool) -> None:
        """Tell what the head says, which has been fed to its end. ``first_line`` is how it begins.

        Raises:
            MalformedError: it is not of HTTP/1.0 or 1.1, or its body ends nobody knows where.
        """
        if not (self.is_complete and first_line.startswith(_VERSIONS)):
            raise MalformedError("no proper HTTP/1.1: the answer does not begin with a status line")
        status: int = self._parser.get_status_code()
        if status < 100:
            raise MalformedError(f"no proper HTTP/1.1: {status:03} is no status")
        connection = self.fields.get(b"connection")
        if first_line.startswith(_VERSIONS[0]):
            self.closes = connection is not None and b"close" in _tokens(connection)
        else:
            self.closes = connection is None or b"keep-alive" not in _tokens(connection)
        if may_have_body and status >= 200 and status not in _BODILESS:
            self._find_ending()
        self.status = status

    def _find_ending(self) -> None:
        coding = self.fields.get(b"transfer-encoding")
        length = self.fields.get(b"content-length")
        if coding is not None:
            if coding.lower() != b"chunked":
                raise MalformedError(f"a transfer coding that nobody asked for: {coding[:40].decode('latin-1')}")
            self.ending = Ending.CHUNKED
        elif length is not None:
            self.length = int(length)
        else:
            self.ending = Ending.CLOSE
            self.closes = True


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip() for token in value.lower().split(b",")]
