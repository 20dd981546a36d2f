"""Passes AWS API requests on to moto unchanged, and publishes what moto accepted to the gateway side.

The request's path, Host header and body stay as they are, since the signature covers them. A PUT of an object that the
gateway integrates with takes effect on the gateway side when moto has answered 2xx, before the client hears of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from loadtest.sandbox.aws import chunked as aws_chunked
from loadtest.sandbox.aws.moto_server import MotoServer
from loadtest.sandbox.aws.requests import AwsRequest, aws_request
from loadtest.sandbox.aws.storage_operator import StorageOperator, stored_headers
from loadtest.sandbox.faults.base import PutPlan
from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.faults.timing import WriteGate
from loadtest.sandbox.http.asgi import (
    MOST_BODY_BYTES,
    BodyTooLargeError,
    Receive,
    Scope,
    Send,
    read_body,
    send_answer,
    send_json,
)
from loadtest.sandbox.http.pause import pause
from loadtest.sandbox.http.protocol import SENT_HEADERS, TRANSPORT, reset
from loadtest.sandbox.store import s3
from loadtest.sandbox.store.objects import ObjectStore, ObjectVersion, object_version

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


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A request that is passed on: what it is about, and what it consists of."""

    about: AwsRequest
    url: URL
    headers: tuple[tuple[str, str], ...]
    body: bytes


class AwsProxy:
    """The AWS side of the sandbox."""

    def __init__(self, moto: MotoServer, store: ObjectStore, faults: FaultSet, gate: WriteGate) -> None:
        self._moto = moto
        self.operator = StorageOperator(moto)
        self._store = store
        self._faults = faults
        self._gate = gate
        self._session: aiohttp.ClientSession | None = None
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._late: set[asyncio.Task[None]] = set()
        self.after_success: Callable[[AwsRequest, bytes, bytes], Awaitable[None]] | None = None
        """Called with every request that moto accepted, its body and the answer's."""

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=TIME_LIMIT_S),
            auto_decompress=False,
            skip_auto_headers=_ADDED_BY_CLIENT,
        )

    async def stop(self) -> None:
        for task in self._late:
            task.cancel()
        if self._session is not None:
            await self._session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive)
        except BodyTooLargeError:
            await _send_too_large(send)
            return
        if body is None:
            return
        forwarded = self._forwarded(scope, body)
        about = forwarded.about
        try:
            if about.service == "s3" and self._store.tracked(about.bucket, about.key):
                await self._on_tracked_object(forwarded, scope, send)
                return
            answer = await self._ask_moto(forwarded)
            if answer.status == 403 and b"<Code>AccessDenied</Code>" in answer.body:
                answer = await self._missing_bucket(about) or answer
            if answer.is_success and about.service == "s3" and about.method in ("POST", "DELETE", "PUT"):
                await self._reload_bucket(about)
            if answer.is_success and self.after_success is not None:
                await self.after_success(about, body, answer.body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            await send_json(send, 502, {"message": f"The sandbox lost its moto server ({type(error).__name__})."})
            return
        await _send(answer, send)

    def _forwarded(self, scope: Scope, body: bytes) -> Forwarded:
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

    async def _ask_moto(self, forwarded: Forwarded) -> MotoAnswer:
        if self._session is None:
            raise ConnectionError("the sandbox is not started")
        async with self._session.request(
            forwarded.about.method, forwarded.url, headers=forwarded.headers, data=forwarded.body, allow_redirects=False
        ) as response:
            return MotoAnswer(response.status, response.raw_headers, await _read_answer(response))

    async def _on_tracked_object(self, forwarded: Forwarded, scope: Scope, send: Send) -> None:
        about = forwarded.about
        named = {name.lower(): value for name, value in forwarded.headers}
        if about.method != "PUT" or not about.is_about_object_itself or "x-amz-copy-source" in named:
            answer = await self._ask_moto(forwarded)
            if answer.is_success and about.method in ("PUT", "POST", "DELETE"):
                await self._reload(about.bucket, about.key, about.region)
            async with self._lock(about.bucket, about.key):  # nobody hears of a PUT before readers can see it
                pass
            await _send(answer, send)
            return
        started = time.monotonic()
        plan = self._faults.plan_put()
        if plan.effect_delay:
            self._take_effect_later(forwarded, plan.effect_delay)
            reset(scope[TRANSPORT])
            return
        if plan.blocks_reads:
            self._gate.enter()
        try:
            answer = await self._put(forwarded, plan)
            await pause(started + plan.least_duration - time.monotonic())
        finally:
            if plan.blocks_reads:
                self._gate.leave()
        if plan.answer_is_lost and answer.is_success:
            reset(scope[TRANSPORT])
            return
        await _send(answer, send)

    async def _put(self, forwarded: Forwarded, plan: PutPlan) -> MotoAnswer:
        """PUT in moto, then publish; one at a time, so that both sides agree which came last."""
        about = forwarded.about
        async with self._lock(about.bucket, about.key):
            answer = await self._ask_moto(forwarded)
            stored = self._store.track(about.bucket, about.key)
            if answer.is_success and not plan.is_lost:
                kept = stored.current.etag if plan.keeps_etag and stored.current else None
                stored.publish(_version(forwarded, answer, kept))
        return answer if plan.etag_told is None else _with_etag(answer, plan.etag_told)

    def _lock(self, bucket: str, key: str) -> asyncio.Lock:
        """Held while an object is replaced, from before moto knows until readers can see it."""
        return self._locks.setdefault((bucket, key), asyncio.Lock())

    def _take_effect_later(self, forwarded: Forwarded, delay: float) -> None:
        async def put_later() -> None:
            await pause(delay)
            await self._put(forwarded, PutPlan())

        task = asyncio.create_task(put_later())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _reload_bucket(self, about: AwsRequest) -> None:
        """Read again what a request about a whole bucket may have changed (DeleteObjects, DeleteBucket)."""
        if not about.key:
            for key in self._store.tracked_in(about.bucket):
                await self._reload(about.bucket, key, about.region)

    async def _reload(self, bucket: str, key: str, region: str) -> None:
        version = await asyncio.to_thread(self.operator.fetch, bucket, key, region)
        stored = self._store.track(bucket, key)
        current = stored.current
        unchanged = (
            version is not None and current is not None and (version.etag, version.body) == (current.etag, current.body)
        )
        if not unchanged and not (version is None and current is None):
            stored.publish(version)

    async def _missing_bucket(self, about: AwsRequest) -> MotoAnswer | None:
        """S3 says of a bucket that does not exist that it does not, whatever the key may do; moto asks IAM first."""
        if about.service != "s3" or not about.bucket:
            return None
        if await asyncio.to_thread(self.operator.has_bucket, about.bucket, about.region):
            return None
        missing = s3.error(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=about.bucket)
        headers = tuple((name.encode(), value.encode()) for name, value in missing.headers.items())
        return MotoAnswer(missing.status, headers, missing.body)

    async def put_as_somebody_else(self, bucket: str, key: str, body: bytes) -> None:
        """PUT an object as an administrator would, past the faults."""
        headers = {"content-type": "application/json", "cache-control": "no-cache"}
        async with self._lock(bucket, key):
            etag = await asyncio.to_thread(self.operator.put, bucket, key, body)
            self._store.track(bucket, key).publish(object_version(body, etag, time.time(), headers))


def _version(forwarded: Forwarded, answer: MotoAnswer, kept_etag: str | None) -> ObjectVersion:
    headers = {name.lower(): value for name, value in forwarded.headers}
    body = aws_chunked.decode(forwarded.body) if aws_chunked.is_aws_chunked(headers) else forwarded.body
    return object_version(body, kept_etag or answer.header(b"etag"), time.time(), stored_headers(headers))


def _with_etag(answer: MotoAnswer, told: Callable[[str], str | None]) -> MotoAnswer:
    others = tuple((name, value) for name, value in answer.headers if name.lower() != b"etag")
    etag = told(answer.header(b"etag")) if answer.is_success else answer.header(b"etag")
    return MotoAnswer(answer.status, (*others, (b"ETag", etag.encode())) if etag else others, answer.body)


async def _read_answer(response: aiohttp.ClientResponse) -> bytes:
    """moto's answer; an object that was put together of many parts may be of any size."""
    body = bytearray()
    async for piece in response.content.iter_chunked(2**20):
        body += piece
        if len(body) > MOST_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError(f"more than {MOST_ANSWER_BYTES:,} bytes")
    return bytes(body)


async def _send_too_large(send: Send) -> None:
    """What S3 says of an object beyond its own limit."""
    said = s3.error(
        400, "EntityTooLarge", f"The sandbox takes no request with more than {MOST_BODY_BYTES:,} bytes of body."
    )
    headers = [(name.encode(), value.encode()) for name, value in said.headers.items()]
    await send_answer(send, said.status, [*headers, (b"connection", b"close")], said.body)


async def _send(answer: MotoAnswer, send: Send) -> None:
    headers = [(name, value) for name, value in answer.headers if name.lower() not in _HOP_BY_HOP]
    length = answer.header(b"content-length")
    if length or answer.status not in (204, 304):
        headers.append((b"content-length", (length or str(len(answer.body))).encode()))
    await send_answer(send, answer.status, headers, answer.body)
