"""An HTTP response that hides nothing from a reader that records.

geventhttpclient is a client for getting answers; two of its kindnesses would hide what a target does:

- A connection that is cut before the first byte of an answer makes it ask again, unseen. Here that is an error, as the
  one request that was recorded was not answered. (A connection that was closed while idle is noticed before use.)
- Bytes behind a 304, which must not have a body (RFC 9110, section 15.4.5), it takes for the start of the next answer,
  and raises, with this one lost. Here the answer is kept, and the bytes with it.

It makes its responses itself, so ours takes the place of its class.
"""

from __future__ import annotations

import errno
from typing import Any

import geventhttpclient.client
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketPoolResponse

_END_OF_HEAD = b"\r\n\r\n"


class WatchfulResponse(HTTPSocketPoolResponse):
    """A response that is asked for once; ``after_304`` is what followed a 304 in the same segment."""

    after_304: bytes = b""

    def feed(self, data: str | bytes) -> None:
        """Parse ``data``, but not what stands behind the head of a 304; the connection is closed after such."""
        if isinstance(data, str) or data[8:13] != b" 304 ":
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


def install() -> None:
    """Have geventhttpclient use it in this process."""
    vars(geventhttpclient.client)["HTTPSocketPoolResponse"] = WatchfulResponse


def bytes_after_304(response: Any) -> bytes:
    """What followed the 304 that ``response`` (Locust's) is; empty when it is none, or as it should be."""
    return getattr(getattr(response, "_response", None), "after_304", b"")
