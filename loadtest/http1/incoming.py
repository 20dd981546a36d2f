"""An answer as it comes in, piece by piece: bytes in, an answer out. No sockets and no clock (sans-IO).

All pieces go one behind the other into one buffer, which every answer uses again. So a body of known length is never
copied, and one in chunks is moved together in place.

Receiving and parsing are separate, so that a receiver can take in other answers first: ``space`` and ``took`` receive,
``parse`` parses. An answer was whole when the piece with its last byte came, however late it is parsed.
"""

from __future__ import annotations

from typing import Final

from loadtest.http1.answer import USUAL_LIMITS, Answer, Limits
from loadtest.http1.chunks import MOST_LINE_BYTES, Chunks
from loadtest.http1.errors import BodyTooLargeError, HeadTooLargeError, MalformedError, TooLargeError, cut
from loadtest.http1.head import CHUNKED, CLOSE, LENGTH, Head
from loadtest.http1.known_heads import KnownHeads

MOST_INTERIM_ANSWERS: Final = 16
"""The most answers of 1xx before the final one."""
_END_OF_HEAD: Final = b"\r\n\r\n"
_SPARE: Final = 1024
"""Room behind the end of a body, for bytes that nobody asked for."""
_SLACK: Final = 2 * (MOST_LINE_BYTES + _SPARE)
"""Room behind the longest body, for the line of another chunk."""
_NO_HEAD: Final = Head()
"""Stands for a head of which nothing was parsed. (Making one that can parse takes as long as recording a read.)"""


class Incoming:
    """One answer after the other. ``known`` may be shared with others of the same thread."""

    def __init__(
        self, limits: Limits = USUAL_LIMITS, likely_body_bytes: int = 0, known: KnownHeads | None = None
    ) -> None:
        self._limits = limits
        self._room = bytearray(limits.head_bytes + min(likely_body_bytes, limits.body_bytes) + _SPARE)
        self._view = memoryview(self._room)
        self._filled = 0
        self._chunks: Chunks | None = None
        self._known = known or KnownHeads()
        self._times: list[tuple[int, int]] = []
        """Of the pieces not yet parsed: how much of the answer had come by then, and when that was."""
        self.expect()

    def expect(self, may_have_body: bool = True) -> None:
        """A request is sent: what comes next is its answer. The answer to a HEAD has no body."""
        self._may_have_body = may_have_body
        self._filled = self._parsed = self._start = self._enough = self._moved = self._interim = 0
        self._head = _NO_HEAD
        self._chunks = None
        self._times.clear()

    @property
    def has_begun(self) -> bool:
        return self._filled > 0

    def space(self) -> memoryview:
        """Where the next piece goes."""
        return self._view[self._filled :] if self._filled else self._view

    def took(self, count: int, now_ns: int) -> bool:
        """``count`` bytes were put into ``space``; returns whether there is anything to parse.

        There is not, while more is to come of a body of known length.
        """
        filled = self._filled = self._filled + count
        if filled < self._enough:
            return False
        self._times.append((filled + self._moved, now_ns))
        return True

    def parse(self) -> Answer | None:
        """The answer if it is whole; one that is malformed or too large is given at once, as failed."""
        head = self._head
        try:
            if not head.is_complete:
                if not (self._is_known() or self._parse_heads()):
                    self._times.clear()  # its last byte is still to come
                    return None
                head = self._head
            answer = self._parse_body(head)
        except (MalformedError, TooLargeError) as error:
            return self.failed(error, self._times[-1][1])
        if answer is None:
            self._times.clear()
        return answer

    def ended(self, now_ns: int) -> Answer:
        """The answer when the other side has closed the connection, and all that came was parsed."""
        if not self._head.is_complete:
            where = "within the head of an answer" if self._filled else "before the answer began"
            return self.failed(cut(where), now_ns)
        if self._head.ending == CLOSE:
            return self._answer(self._filled, self._filled, now_ns)
        return self.failed(cut("within the body of an answer"), now_ns)

    def failed(self, failure: Exception, now_ns: int) -> Answer:
        """The answer as far as it came, when no more will come."""
        head, start, end = self._head, self._start, self._start
        if not head.is_complete or head.status < 200:
            return Answer(0, [], {}, self._room, start, start, b"", True, now_ns, failure)
        if self._chunks is not None:
            end = self._chunks.write
        elif head.ending == CLOSE:
            end = self._filled
        elif self._enough:
            end = min(self._filled, self._enough)
        return Answer(head.status, head.headers, head.fields, self._room, start, end, b"", True, now_ns, failure)

    def _is_known(self) -> bool:
        """Whether the answer begins with a known head; takes that head if so."""
        if self._parsed or not self._may_have_body or (known := self._known.find(self._room, self._filled)) is None:
            return False
        spelled, self._head = known
        self._start = self._parsed = len(spelled)
        self._prepare_for_body(self._head)
        return True

    def _parse_heads(self) -> bool:
        """Parse up to the end of the final head; returns whether it has come."""
        room, filled, most = self._room, self._filled, self._limits.head_bytes
        start, parsed = self._start, self._parsed
        head = self._head
        if head is _NO_HEAD:
            head = self._head = Head()
        while True:
            end = room.find(_END_OF_HEAD, parsed - 3 if parsed > start + 3 else start, filled)
            is_whole = end >= 0
            end = end + len(_END_OF_HEAD) if is_whole else filled
            upto = end if end < most else most
            head.feed(self._view[parsed:upto])
            self._parsed = parsed = upto
            if upto < end or (upto == most and not is_whole):
                raise HeadTooLargeError(f"the head is longer than {most:,} bytes")
            if not is_whole:
                return False
            head.finish(room, start, end, self._may_have_body)
            self._start = start = end
            if head.status >= 200:
                if self._may_have_body and not self._interim:
                    self._known.keep(bytes(self._view[:end]), head)
                self._prepare_for_body(head)
                return True
            self._interim += 1
            if self._interim > MOST_INTERIM_ANSWERS:
                raise MalformedError(f"more than {MOST_INTERIM_ANSWERS} interim answers")
            head = self._head = Head()

    def _prepare_for_body(self, head: Head) -> None:
        if head.ending == CHUNKED:
            self._chunks = Chunks(self._start, self._limits.body_bytes, self._limits.head_bytes)
        elif head.ending == LENGTH:
            if head.length > self._limits.body_bytes:
                raise BodyTooLargeError(f"a body of {head.length:,} bytes was announced")
            enough = self._enough = self._start + head.length
            if enough + _SPARE > len(self._room):
                self._make_room(enough + _SPARE)

    def _parse_body(self, head: Head) -> Answer | None:
        if head.ending == LENGTH:
            enough = self._enough
            return self._answer(enough, enough, 0) if self._filled >= enough else None
        if self._chunks is not None:
            if self._chunks.decode(self._room, self._view, self._filled):
                return self._answer(self._chunks.write, self._chunks.read, 0)
            self._close_up(self._chunks)
        elif self._filled - self._start > self._limits.body_bytes:
            self._filled = self._start + self._limits.body_bytes
            raise BodyTooLargeError("the body is longer than is wanted")
        if len(self._room) - self._filled < _SPARE:
            self._make_room(min(2 * len(self._room), self._limits.head_bytes + self._limits.body_bytes + _SLACK))
        return None

    def _close_up(self, chunks: Chunks) -> None:
        """Move what was not yet parsed up to the body, so that the lines between chunks do not use up the room."""
        rest = self._filled - chunks.read
        if chunks.read != chunks.write:
            self._view[chunks.write : chunks.write + rest] = self._view[chunks.read : self._filled]
            self._moved += chunks.read - chunks.write
            chunks.read = chunks.write
            self._filled = chunks.write + rest

    def _answer(self, end: int, taken: int, closed_ns: int) -> Answer:
        """The whole answer: its body ends at ``end``; bytes behind ``taken`` were not asked for."""
        head, excess = self._head, b""
        returned_ns = closed_ns or self._times[-1][1]
        if taken < self._filled:
            excess = bytes(self._view[taken : self._filled])
            returned_ns = next(at_ns for received, at_ns in self._times if received >= taken + self._moved)
        closes = head.closes or bool(excess)
        return Answer(head.status, head.headers, head.fields, self._room, self._start, end, excess, closes, returned_ns)

    def _make_room(self, size: int) -> None:
        room = bytearray(size)
        view = memoryview(room)
        view[: self._filled] = self._view[: self._filled]
        self._room, self._view = room, view
