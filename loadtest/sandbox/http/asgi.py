"""The parts of ASGI that the sandbox uses: types, reading a body, sending an answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


MOST_BODY_BYTES: Final = 32 * 1024 * 1024
"""Of a request. The gateway passes on 10 MB, so a larger object is of no use; an endless one would take all memory."""


class BodyTooLargeError(Exception):
    """The body of a request is larger than the limit; the rest of it was not read."""


async def read_body(receive: Receive, most: int = MOST_BODY_BYTES) -> bytes | None:
    """The whole body of a request; None when the client went away before it was whole.

    Raises:
        BodyTooLargeError: it has more than ``most`` bytes.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise BodyTooLargeError
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def send_answer(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, content: Any) -> None:
    body = json.dumps(content, indent=2).encode() + b"\n"
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send_answer(send, status, headers, body)
