"""What came back for one request, and how much of it is taken in."""

from __future__ import annotations

from typing import Final, NamedTuple

from loadtest.http1.head import Headers


class Limits(NamedTuple):
    """How much of an answer is taken in. Beyond it, the answer is an error (``TooLargeError``)."""

    head_bytes: int = 64 * 1024
    """Of interim answers too, and of trailers."""
    body_bytes: int = 32 * 1024 * 1024


USUAL_LIMITS: Final = Limits()


class Answer(NamedTuple):
    """What came back for one request. Its body lies in the buffer of the connection until the next request."""

    status: int
    """0 when no whole head came."""
    headers: Headers
    """As they were sent."""
    fields: dict[bytes, bytes]
    """By name in lower case; several of one name are joined with commas. The same object for heads of the same bytes,
    so it is not to be changed, and who asks for it again need not look into it again."""
    room: bytearray
    start: int
    end: int
    """Where the body lies in ``room``. Of an answer that failed, as much as had come."""
    excess: bytes
    """What came behind its end, with which nobody can do anything."""
    closes: bool
    """No other request can be sent over its connection."""
    returned_ns: int
    """When its last byte was taken in; of one that failed, when that was known."""
    failure: Exception | None = None
    """Why there is no whole answer, if there is none."""

    @property
    def body(self) -> memoryview:
        """The body, where it lies."""
        return memoryview(self.room)[self.start : self.end]

    @property
    def body_bytes(self) -> int:
        return self.end - self.start

    def body_is(self, known: bytes) -> bool:
        """Whether the body is ``known``, byte for byte, without a copy of it.

        One comparison of memory, which ``memoryview == bytes`` is not: that takes a hundred times as long.
        """
        return self.end - self.start == len(known) and self.room.startswith(known, self.start, self.end)

    def field(self, name: bytes) -> str | None:
        """The value of a header field; of several, all together; None if there is none. ``name`` is in lower case."""
        value = self.fields.get(name)
        return None if value is None else value.strip().decode("latin-1")
