"""Feeds an answer to the part of the client that has no sockets, in whatever pieces a test wants."""

from dataclasses import dataclass
from itertools import pairwise

from loadtest.http1.answer import Answer, Limits
from loadtest.http1.incoming import Incoming

LIMITS = Limits(head_bytes=2048, body_bytes=4096)


@dataclass(frozen=True)
class Told:
    """All that one answer tells, apart from times."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    behind: bytes
    """What nobody asked for: seen with the answer, or after it."""
    closes: bool
    failure: str
    answered: bool
    """Whether it took no end of the connection to know the answer."""


def told(
    stream: bytes,
    cuts: list[int] | None = None,
    *,
    is_head: bool = False,
    lazily: bool = False,
    limits: Limits = LIMITS,
    incoming: Incoming | None = None,
) -> Told:
    """What comes out when ``stream`` comes in pieces, cut at ``cuts``, and then the connection is closed.

    ``incoming`` is one that has taken in other answers before.
    """
    incoming = incoming or Incoming(limits)
    incoming.expect(may_have_body=not is_head)
    bounds = [0, *sorted(cuts or []), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(bounds) if end > start]
    answer, rest = None, b""
    for number, piece in enumerate(pieces):
        left = piece
        while left and answer is None:
            space = incoming.space()
            count = min(len(space), len(left))
            space[:count] = left[:count]
            left = left[count:]
            to_parse = incoming.took(count, number + 1)
            if to_parse and not (lazily and number % 2 == 0 and number + 1 < len(pieces) and len(incoming.space()) > 9):
                answer = incoming.parse()
        rest += left
    answered = answer is not None
    if answer is None:
        answer = incoming.ended(len(pieces) + 1)
    return _told(answer, rest, answered)


def _told(answer: Answer, rest: bytes, answered: bool) -> Told:
    failed = answer.failure is not None
    return Told(
        answer.status,
        tuple(answer.headers),
        bytes(answer.body),
        b"" if failed else answer.excess + rest,
        answer.closes or bool(rest),
        f"{type(answer.failure).__name__}: {answer.failure}" if failed else "",
        answered,
    )
