"""Passes AWS API requests on to moto, and publishes what moto accepted to the gateway side.

A PUT of an object that the gateway integrates with takes effect on the gateway side when moto has answered 2xx, before
the client hears of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp

from loadtest.sandbox.aws import chunked as aws_chunked
from loadtest.sandbox.aws.forwarding import Forwarded, Forwarding, MotoAnswer, send_too_large
from loadtest.sandbox.aws.moto_server import MotoServer
from loadtest.sandbox.aws.requests import AwsRequest
from loadtest.sandbox.aws.storage_operator import StorageOperator, stored_headers
from loadtest.sandbox.faults.base import PutPlan
from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.faults.timing import WriteGate
from loadtest.sandbox.http.asgi import BodyTooLargeError, Receive, Scope, Send, read_body, send_json
from loadtest.sandbox.http.pause import pause
from loadtest.sandbox.http.protocol import TRANSPORT, reset
from loadtest.sandbox.store import s3
from loadtest.sandbox.store.objects import ObjectStore, ObjectVersion, object_version


class AwsProxy:
    """The AWS side of the sandbox."""

    def __init__(self, moto: MotoServer, store: ObjectStore, faults: FaultSet, gate: WriteGate) -> None:
        self._moto = Forwarding(moto)
        self.operator = StorageOperator(moto)
        self._store = store
        self._faults = faults
        self._gate = gate
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._late: set[asyncio.Task[None]] = set()
        self.after_success: Callable[[AwsRequest, bytes, bytes], Awaitable[None]] | None = None
        """Called with every request that moto accepted, its body and the answer's."""

    async def start(self) -> None:
        await self._moto.start()

    async def stop(self) -> None:
        for task in self._late:
            task.cancel()
        await self._moto.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive)
        except BodyTooLargeError:
            await send_too_large(send)
            return
        if body is None:
            return
        forwarded = self._moto.request(scope, body)
        about = forwarded.about
        try:
            if about.service == "s3" and self._store.tracked(about.bucket, about.key):
                await self._on_tracked_object(forwarded, scope, send)
                return
            answer = await self._moto.ask(forwarded)
            if answer.status == 403 and b"<Code>AccessDenied</Code>" in answer.body:
                answer = await self._missing_bucket(about) or answer
            if answer.is_success and about.service == "s3" and about.method in ("POST", "DELETE", "PUT"):
                await self._reload_bucket(about)
            if answer.is_success and self.after_success is not None:
                await self.after_success(about, body, answer.body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            await send_json(send, 502, {"message": f"The sandbox lost its moto server ({type(error).__name__})."})
            return
        await answer.send(send)

    async def _on_tracked_object(self, forwarded: Forwarded, scope: Scope, send: Send) -> None:
        about = forwarded.about
        named = {name.lower(): value for name, value in forwarded.headers}
        if about.method != "PUT" or not about.is_about_object_itself or "x-amz-copy-source" in named:
            answer = await self._moto.ask(forwarded)
            if answer.is_success and about.method in ("PUT", "POST", "DELETE"):
                await self._reload(about.bucket, about.key, about.region)
            async with self._lock(about.bucket, about.key):  # nobody hears of a PUT before readers can see it
                pass
            await answer.send(send)
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
        await answer.send(send)

    async def _put(self, forwarded: Forwarded, plan: PutPlan) -> MotoAnswer:
        """PUT in moto, then publish; one at a time, so that both sides agree which came last."""
        about = forwarded.about
        async with self._lock(about.bucket, about.key):
            answer = await self._moto.ask(forwarded)
            stored = self._store.track(about.bucket, about.key)
            if answer.is_success and not plan.is_lost:
                old_etag = stored.current.etag if plan.keeps_etag and stored.current else None
                stored.publish(_version(forwarded, answer, old_etag))
        return answer if plan.etag_told is None else answer.with_etag(plan.etag_told)

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
        """S3's answer where there is no such bucket: it says so whatever the key may do, while moto asks IAM first."""
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
