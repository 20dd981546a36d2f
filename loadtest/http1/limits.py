"""How much of an answer is taken in, and for how long: no answer may use up the memory, or last for ever.

Every client of this project keeps to these limits, so that all agree what an answer is. The rest of a larger one is not
received.
"""

from __future__ import annotations

from typing import Final

MOST_HEAD_BYTES: Final = 64 * 1024
"""Of the head, interim answers and trailers included; API Gateway's own limit is 10,240 bytes."""
LEAST_BODY_LIMIT: Final = 1024 * 1024
EXCHANGE_TIME_LIMIT_S: Final = 30.0
"""For one exchange, from opening the connection to the last byte; API Gateway gives up after 29 s."""


class UnaskedCodingError(ValueError):
    """The body is in a coding (gzip, br), though ``Accept-Encoding: identity`` was sent. It is never unpacked."""


def is_coded(content_encoding: str | None) -> bool:
    """Whether a Content-Encoding says that the body is not the document's own bytes."""
    return (content_encoding or "identity").strip().lower() not in ("identity", "")


def most_body_bytes(document_bytes: int) -> int:
    """The most bytes of a body where a document of ``document_bytes`` is due."""
    return max(2 * document_bytes, LEAST_BODY_LIMIT)
