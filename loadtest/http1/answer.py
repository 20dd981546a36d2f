"""What came back for one request, and how much of it is taken in."""

from __future__ import annotations

from typing import Final, NamedTuple

from loadtest.http1.head import Headers


class Limits(NamedTuple):
    """The most that is taken in of an answer; a larger one is an error (``TooLargeError``)."""

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
    """By name in lower case; several of one name are joined with commas. Heads of the same bytes share one object, so
    it must not be changed, and what was worked out from it can be kept for the next."""
    room: bytearray
    start: int
    end: int
    """Where the body lies in ``room``; of a failed answer, what had come of it."""
    excess: bytes
    """Bytes behind its end, which belong to no answer."""
    closes: bool
    """No other request can be sent over its connection."""
    returned_ns: int
    """When its last byte came in; of a failed answer, when the failure was known."""
    failure: Exception | None = None
    """Why there is no whole answer; None where there is one."""

    @property
    def body(self) -> memoryview:
        return memoryview(self.room)[self.start : self.end]

    @property
    def body_bytes(self) -> int:
        return self.end - self.start

    def body_is(self, known: bytes) -> bool:
        """Whether the body is ``known``, byte for byte, without copying it.

        This compares memory at once; ``memoryview == bytes`` takes a hundred times as long.
        """
        return self.end - self.start == len(known) and self.room.startswith(known, self.start, self.end)

    def field(self, name: bytes) -> str | None:
        """The value of a header field; of several, all together; None if there is none. ``name`` is in lower case."""
        value = self.fields.get(name)
        return None if value is None else value.strip().decode("latin-1")
