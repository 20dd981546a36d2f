"""What the sandbox's S3 shows and what its gateway serves: who has heard of a PUT finds it at the gateway, too."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from yarl import URL

from loadtest.sandbox.aws.proxy import AwsProxy, Forwarded, MotoAnswer
from loadtest.sandbox.aws.requests import AwsRequest
from loadtest.sandbox.faults.base import PutPlan
from loadtest.sandbox.store.objects import ObjectStore

ANSWER = MotoAnswer(200, ((b"ETag", b'"new"'),), b"")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_what_shows_a_put_is_answered_when_readers_can_see_it(method: str) -> None:
    """A run that watches takes a HEAD for proof that the version was there; moto knows of it a moment earlier."""

    async def scenario() -> list[str]:
        store, told = ObjectStore(), []
        stored = store.track("bucket", "key")
        faults: Any = SimpleNamespace(plan_put=PutPlan)
        proxy = AwsProxy(SimpleNamespace(url="http://moto"), store, faults, SimpleNamespace())  # type: ignore[arg-type]
        kept, told_the_proxy = asyncio.Event(), asyncio.Event()

        async def moto(forwarded: Forwarded) -> MotoAnswer:
            if forwarded.about.method == "PUT":
                kept.set()  # whoever asks moto now is shown the new version
                await told_the_proxy.wait()
            return ANSWER

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                told.append(stored.current.etag if stored.current else "nothing")

        proxy._moto.ask = moto  # type: ignore[method-assign]

        def asked(how: str) -> Forwarded:
            return Forwarded(AwsRequest("s3", "", how, "/", "", "bucket", "key"), URL("http://moto/"), (), b"{}")

        put = asyncio.create_task(proxy._on_tracked_object(asked("PUT"), {}, send))  # type: ignore[arg-type]
        await kept.wait()
        look = asyncio.create_task(proxy._on_tracked_object(asked(method), {}, send))  # type: ignore[arg-type]
        for _ in range(20):
            await asyncio.sleep(0)
        told_the_proxy.set()
        await asyncio.gather(put, look)
        return told

    assert asyncio.run(scenario()) == ['"new"', '"new"']
