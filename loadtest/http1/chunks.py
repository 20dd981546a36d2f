"""Bodies that come in chunks (RFC 9112, section 7.1), put together in the place where they came in.

Extensions of chunks and trailers are skipped, up to a limit: nothing here uses them.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from loadtest.http1.errors import BodyTooLargeError, HeadTooLargeError, MalformedError

_SIZE_LINE: Final = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n\0]*)?")
MOST_LINE_BYTES: Final = 4096
"""The longest line of a size with its extension."""
MOST_OVERHEAD_BYTES: Final = 16 * 1024
"""How many bytes more than usual may stand between chunks."""
_USUAL_OVERHEAD: Final = 16


class _Next(Enum):
    SIZE = auto()
    DATA = auto()
    END_OF_DATA = auto()
    TRAILER = auto()


class Chunks:
    """One chunked body."""

    __slots__ = ("_left", "_most_body", "_most_trailers", "_next", "_overhead", "read", "write")

    def __init__(self, start: int, most_body: int, most_trailers: int) -> None:
        self.read = start
        """How far the raw bytes have been parsed."""
        self.write = start
        """Where the body ends so far; never behind ``read``."""
        self._most_body = start + most_body
        self._most_trailers = most_trailers
        self._left = 0
        self._overhead = 0
        self._next = _Next.SIZE

    def decode(self, room: bytearray, view: memoryview, filled: int) -> bool:
        """Look at what has come, which ends at ``filled``; returns whether the body is whole.

        ``view`` is of all of ``room``.

        Raises:
            MalformedError: these are no chunks.
            BodyTooLargeError: the body is longer than is wanted.
            HeadTooLargeError: the trailers are.
        """
        while True:
            if self._next is _Next.DATA:
                self._take_data(view, filled)
                if self._left:
                    return False
                self._next = _Next.END_OF_DATA
            line = self._line(room, filled)
            if line is None:
                return False
            if self._next is _Next.SIZE:
                self._take_size(line)
            elif self._next is _Next.END_OF_DATA:
                self._next = _Next.SIZE
            elif not line:
                return True

    def _take_data(self, view: memoryview, filled: int) -> None:
        count = min(self._left, filled - self.read)
        if self.read != self.write:
            view[self.write : self.write + count] = view[self.read : self.read + count]
        self.read += count
        self.write += count
        self._left -= count

    def _line(self, room: bytearray, filled: int) -> bytes | None:
        """The next line, without its end; None when it has not come yet."""
        most = {_Next.SIZE: MOST_LINE_BYTES, _Next.TRAILER: max(0, self._most_trailers)}.get(self._next, 0)
        last = min(filled, self.read + most + 2)
        end = room.find(b"\r\n", self.read, last)
        if end < 0:
            if last - self.read < most + 2:
                return None
            if self._next is _Next.TRAILER:
                raise HeadTooLargeError("the trailers are longer than is wanted")
            raise MalformedError("not proper HTTP/1.1: a chunk, or the line of its size, does not end where it should")
        line = bytes(room[self.read : end])
        self.read = end + 2
        if self._next is _Next.TRAILER:
            self._most_trailers -= len(line) + 2
        return line

    def _take_size(self, line: bytes) -> None:
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise MalformedError("not proper HTTP/1.1: a chunk's size is not a number")
        self._left = int(match[1], 16)
        if self.write + self._left > self._most_body:
            raise BodyTooLargeError("the body is longer than is wanted")
        self._overhead = max(0, self._overhead + len(line) + 2 - _USUAL_OVERHEAD - 2 * self._left)
        if self._overhead > MOST_OVERHEAD_BYTES:
            raise MalformedError("more stands between the chunks than in them")
        self._next = _Next.DATA if self._left else _Next.TRAILER
