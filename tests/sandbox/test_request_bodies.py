"""Bodies of requests to the sandbox: taken in up to a limit, and no further."""

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from loadtest.sandbox.aws.forwarding import MOST_ANSWER_BYTES, read_answer
from loadtest.sandbox.aws.proxy import AwsProxy
from loadtest.sandbox.http.asgi import MOST_BODY_BYTES, BodyTooLargeError, read_body


class Client:
    """Sends ``pieces``, and counts how many were asked for."""

    def __init__(self, *pieces: bytes, goes_away: bool = False, endless: bool = False) -> None:
        self._pieces, self._goes_away, self._endless = pieces, goes_away, endless
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        place = min(self.asked, len(self._pieces) - 1)
        self.asked += 1
        last = not self._endless and self.asked >= len(self._pieces)
        if last and self._goes_away:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self._pieces[place], "more_body": not last}


def test_bodies_are_put_together() -> None:
    assert asyncio.run(read_body(Client(b"whole").receive)) == b"whole"
    assert asyncio.run(read_body(Client(b"in ", b"", b"pieces").receive)) == b"in pieces"
    assert asyncio.run(read_body(Client(b"in ", b"pie", goes_away=True).receive)) is None
    assert asyncio.run(read_body(Client(b"12345").receive, most=5)) == b"12345"


@pytest.mark.parametrize("endless", [False, True])
def test_no_body_is_taken_in_beyond_the_limit(endless: bool) -> None:
    client = Client(b"x" * 600, b"x" * 600, b"x" * 600, endless=endless)
    with pytest.raises(BodyTooLargeError):
        asyncio.run(read_body(client.receive, most=1000))
    assert client.asked == 2


def test_an_endless_put_is_answered_as_s3_would_and_closed() -> None:
    client = Client(b"x" * (MOST_BODY_BYTES // 4 + 1), endless=True)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    unused: Any = SimpleNamespace()
    asyncio.run(AwsProxy(unused, unused, unused, unused)({}, client.receive, send))
    assert client.asked == 4
    assert sent[0]["status"] == 400
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"<Code>EntityTooLarge</Code>" in sent[1]["body"]


def test_an_answer_of_moto_is_taken_in_up_to_a_limit() -> None:
    async def pieces(size: int) -> Any:
        while True:
            yield b"x" * size

    endless: Any = SimpleNamespace(content=SimpleNamespace(iter_chunked=pieces))
    with pytest.raises(aiohttp.ClientPayloadError, match=f"more than {MOST_ANSWER_BYTES:,} bytes"):
        asyncio.run(read_answer(endless))
