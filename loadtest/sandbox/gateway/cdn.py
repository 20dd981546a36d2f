"""A CDN in front of the gateway: keeps whole documents for a time, and answers conditional requests from its copy.

Follows RFC 9111: a stored answer is used while it is fresh, here for a time that the CDN is set to, whatever the
gateway says of caching; ``Age`` (section 5.1) says how old it is; a condition is answered from the copy (section
4.3.2). A stale copy is fetched again as a whole. Only 200 is kept, and conditions are not passed on, so that a copy is
never a 304.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

from loadtest.sandbox.gateway.request_plan import Headers
from loadtest.sandbox.gateway.responses import GatewayAnswer

MARK: Final = "/_cdn/"
"""Marks the path of an address behind the CDN; without it, the address is the gateway's."""
_CONDITIONS: Final = (
    b"if-none-match",
    b"if-modified-since",
    b"if-match",
    b"if-unmodified-since",
    b"if-range",
    b"range",
)
_OF_A_BODY: Final = (b"content-length", b"content-type", b"content-encoding")
MOST_COPIES: Final = 1_000

Origin = Callable[[Headers], Awaitable[GatewayAnswer]]


class Cdn:
    """The copies of one CDN, by method and path."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._copies: dict[tuple[str, str], tuple[float, GatewayAnswer]] = {}

    async def answer(self, key: tuple[str, str], sent: Headers, ttl: float | None, origin: Origin) -> GatewayAnswer:
        """The answer to a request; with ``ttl`` None the CDN keeps nothing and passes everything on."""
        if ttl is None or key[0] not in ("GET", "HEAD"):
            self._copies.pop(key, None)
            return await origin(sent)
        began, copy = self._copies.get(key, (0.0, None))
        if copy is None or self._clock() - began >= ttl:
            began = self._clock()  # of the request: the copy may be that old already when it comes
            copy = await origin([(name, value) for name, value in sent if name.lower() not in _CONDITIONS])
            if copy.status != 200:
                self._copies.pop(key, None)
                return copy
            self._copies[key] = (began, copy)
            if len(self._copies) > MOST_COPIES:
                del self._copies[next(iter(self._copies))]
        age = (b"age", str(int(self._clock() - began)).encode())
        if _is_confirmed(sent, copy):
            headers = tuple(header for header in copy.headers if header[0].lower() not in _OF_A_BODY)
            return GatewayAnswer(304, (*headers, age), b"")
        return GatewayAnswer(copy.status, (*copy.headers, age), copy.body)


def _is_confirmed(sent: Headers, copy: GatewayAnswer) -> bool:
    """Whether If-None-Match names the copy (RFC 9110, section 13.1.2: weak comparison, a list, or ``*``)."""
    condition = b",".join(value for name, value in sent if name.lower() == b"if-none-match")
    own = next((value for name, value in copy.headers if name.lower() == b"etag"), None)
    named = [tag.strip().removeprefix(b"W/") for tag in condition.split(b",")]
    return b"*" in named or (own is not None and own.strip().removeprefix(b"W/") in named)
