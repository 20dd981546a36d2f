"""Passes requests on to moto, and its answers back. Path, Host header and body stay the same: they are signed.

Headers of one connection alone (RFC 9110, section 7.6.1) are not passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from loadtest.sandbox.aws.moto_server import MotoServer
from loadtest.sandbox.aws.requests import AwsRequest, aws_request
from loadtest.sandbox.http.asgi import MOST_BODY_BYTES, Scope, Send, send_answer
from loadtest.sandbox.http.protocol import SENT_HEADERS
from loadtest.sandbox.store import s3

_HOP_BY_HOP: Final = frozenset(
    {b"connection", b"content-length", b"expect", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_ADDED_BY_CLIENT: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
TIME_LIMIT_S: Final = 60
MOST_ANSWER_BYTES: Final = 2 * MOST_BODY_BYTES


@dataclass(frozen=True, slots=True)
class MotoAnswer:
    """moto's answer, headers as they came."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: bytes) -> str:
        """The value of a header (lower-case name), or nothing."""
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), "")

    def with_etag(self, spell: Callable[[str], str | None]) -> MotoAnswer:
        """The same with another ETag, or none; an error keeps what it has."""
        others = tuple((name, value) for name, value in self.headers if name.lower() != b"etag")
        etag = spell(self.header(b"etag")) if self.is_success else self.header(b"etag")
        return MotoAnswer(self.status, (*others, (b"ETag", etag.encode())) if etag else others, self.body)

    async def send(self, send: Send) -> None:
        headers = [(name, value) for name, value in self.headers if name.lower() not in _HOP_BY_HOP]
        length = self.header(b"content-length")
        if length or self.status not in (204, 304):
            headers.append((b"content-length", (length or str(len(self.body))).encode()))
        await send_answer(send, self.status, headers, self.body)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A request that is passed on: what it is about, and what it consists of."""

    about: AwsRequest
    url: URL
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Forwarding:
    """The connections to one moto server."""

    def __init__(self, moto: MotoServer) -> None:
        self._moto = moto
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=TIME_LIMIT_S),
            auto_decompress=False,
            skip_auto_headers=_ADDED_BY_CLIENT,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    def request(self, scope: Scope, body: bytes) -> Forwarded:
        """A request of a client of the sandbox, as moto gets it."""
        raw_path: str = scope["raw_path"].decode("ascii")
        query: str = scope["query_string"].decode("latin-1")
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in scope[SENT_HEADERS]
            if name.lower() not in _HOP_BY_HOP
        )
        authorization = next((value for name, value in headers if name.lower() == "authorization"), "")
        return Forwarded(
            about=aws_request(scope["method"], raw_path, query, authorization),
            url=URL(f"{self._moto.url}{raw_path}{'?' if query else ''}{query}", encoded=True),
            headers=headers,
            body=body,
        )

    async def ask(self, forwarded: Forwarded) -> MotoAnswer:
        if self._session is None:
            raise ConnectionError("the sandbox is not started")
        async with self._session.request(
            forwarded.about.method, forwarded.url, headers=forwarded.headers, data=forwarded.body, allow_redirects=False
        ) as response:
            return MotoAnswer(response.status, response.raw_headers, await read_answer(response))


async def read_answer(response: aiohttp.ClientResponse) -> bytes:
    """The body of moto's answer, up to a limit: an object that was uploaded in many parts may have any size."""
    body = bytearray()
    async for piece in response.content.iter_chunked(2**20):
        body += piece
        if len(body) > MOST_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError(f"more than {MOST_ANSWER_BYTES:,} bytes")
    return bytes(body)


async def send_too_large(send: Send) -> None:
    """What S3 answers to an object beyond its own limit."""
    refusal = s3.error(
        400, "EntityTooLarge", f"The sandbox takes no request with more than {MOST_BODY_BYTES:,} bytes of body."
    )
    headers = [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
    await send_answer(send, refusal.status, [*headers, (b"connection", b"close")], refusal.body)
