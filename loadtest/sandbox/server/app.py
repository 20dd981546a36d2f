"""The ASGI application on the sandbox's one port: who answers a request, and how the answer goes out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from typing import Final

from loadtest.sandbox.aws.provision import EXECUTE_API
from loadtest.sandbox.aws.requests import is_signed
from loadtest.sandbox.faults.base import Delivery, ObjectRead
from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.faults.timing import WriteGate
from loadtest.sandbox.gateway.cdn import MARK, Cdn
from loadtest.sandbox.gateway.gateway import Gateway, request_id
from loadtest.sandbox.gateway.request_plan import Headers
from loadtest.sandbox.gateway.responses import GatewayAnswer, GatewayResponses
from loadtest.sandbox.http.asgi import Receive, Scope, Send, send_answer, send_json
from loadtest.sandbox.http.pause import pause
from loadtest.sandbox.http.protocol import SENT_HEADERS, TRANSPORT, reset
from loadtest.sandbox.marker import ADMIN_PATH

_FLUSH_S: Final = 0.001


Application = Callable[[Scope, Receive, Send], Awaitable[None]]


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    await send_json(send, 503, {"message": "The sandbox is still starting."})


class SandboxApp:
    """Gateway side, AWS side and administration behind one port."""

    def __init__(self, faults: FaultSet, gate: WriteGate) -> None:
        self._faults = faults
        self._gate = gate
        self._gateways: dict[tuple[str, str], Gateway] = {}
        self._resources: dict[str, tuple[Gateway, str]] = {}
        self._nobody = GatewayResponses()
        self._cdn = Cdn()
        self.answered = 0
        """How many reads of an object were answered."""
        self.held = 0
        """How many reads wait now before they reach the object."""
        self.aws: Application = _nothing_here
        self.admin: Application = _nothing_here

    @property
    def gateways(self) -> dict[tuple[str, str], Gateway]:
        """What is served, by API id and stage name."""
        return dict(self._gateways)

    def serve(self, gateway: Gateway) -> None:
        """Serve a gateway from now on, in place of one with the same API and stage."""
        self._gateways[gateway.definition.api.id, gateway.definition.stage.name] = gateway
        self._index()

    def withdraw(self, api: str, stage: str | None = None) -> None:
        self._gateways = {
            of: gateway for of, gateway in self._gateways.items() if of[0] != api or stage not in (None, of[1])
        }
        self._index()

    def _index(self) -> None:
        self._resources = {}
        for (api, stage), gateway in self._gateways.items():
            for path in gateway.routes:
                self._resources[f"{EXECUTE_API}{api}/{stage}{path}"] = (gateway, path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        resource = self._resources.get(scope["path"])
        if resource is None:
            await self._dispatch(scope, receive, send)
        else:
            await self._from_gateway(*resource, scope, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if MARK in path and not path.startswith(ADMIN_PATH):
            await self._from_cdn(path.replace(MARK, "/", 1), scope, send)
        elif path.startswith(EXECUTE_API):
            api, _, rest = path.removeprefix(EXECUTE_API).partition("/")
            stage, _, resource = rest.partition("/")
            gateway = self._gateways.get((api, stage))
            if gateway is not None:
                await self._from_gateway(gateway, f"/{resource}", scope, send)
            else:
                await self._refuse("ACCESS_DENIED", scope, send)
        elif path == ADMIN_PATH or path.startswith(f"{ADMIN_PATH}/"):
            await self.admin(scope, receive, send)
        elif is_signed(dict(scope["headers"]), scope["query_string"]) or path.startswith("/moto-api"):
            await self.aws(scope, receive, send)
        else:
            only, resource = self._only_stage(path)
            if only is not None:
                await self._from_gateway(only, resource, scope, send)
            else:
                await self._refuse("MISSING_AUTHENTICATION_TOKEN", scope, send)

    async def _refuse(self, response_type: str, scope: Scope, send: Send) -> None:
        identifier = request_id()
        answer = self._nobody.answer(response_type, {"requestId": identifier, "path": scope["path"]})
        await _send(answer.status, answer.headers, answer.body, identifier, send)

    async def _from_gateway(self, gateway: Gateway, path: str, scope: Scope, send: Send) -> None:
        faults = self._faults
        identifier = request_id()
        await self._held()
        answer, read = gateway.answer(scope["method"], path, scope[SENT_HEADERS], identifier)
        if faults.delaying:
            await pause(sum(fault.answer_delay(answer.status) for fault in faults.delaying))
        for fault in faults.releasing:
            await fault.release()
        if faults.delivering:
            await self._deliver(answer, read, identifier, scope, send)
        else:
            await _send(answer.status, answer.headers, answer.body, identifier, send)
        self.answered += read is not None

    async def _held(self) -> None:
        """Wait for as long as faults hold a read before it reaches the object."""
        self.held += 1
        try:
            for fault in self._faults.holding:
                await fault.hold()
            if self._gate.is_closed:
                await self._gate.passed()
        finally:
            self.held -= 1

    async def _from_cdn(self, path: str, scope: Scope, send: Send) -> None:
        """The answer of the CDN in front of whatever serves ``path``."""
        identifier = request_id()
        method = scope["method"]
        gateway, resource = self._resources.get(path) or self._only_stage(path)

        async def origin(sent: Headers) -> GatewayAnswer:
            if gateway is None:
                return self._nobody.answer("MISSING_AUTHENTICATION_TOKEN", {"requestId": identifier, "path": path})
            await self._held()
            answer, read = gateway.answer(method, resource, sent, identifier)
            self.answered += read is not None
            for fault in self._faults.delaying:
                await pause(fault.answer_delay(answer.status))
            return answer

        address = f"{path}?{scope['query_string'].decode('latin-1')}"
        answer = await self._cdn.answer((method, address), scope[SENT_HEADERS], self._faults.cdn_ttl, origin)
        for fault in self._faults.releasing:
            await fault.release()
        await _send(answer.status, answer.headers, answer.body, identifier, send)

    def _only_stage(self, path: str) -> tuple[Gateway | None, str]:
        """The one gateway that there is, where the path begins with its stage, and the resource below that."""
        stage, _, resource = path[1:].partition("/")
        only = next(iter(self._gateways.values())) if len(self._gateways) == 1 else None
        return (only if only is not None and only.definition.stage.name == stage else None), f"/{resource}"

    async def _deliver(
        self, answer: GatewayAnswer, read: ObjectRead | None, identifier: str, scope: Scope, send: Send
    ) -> None:
        delivery = Delivery(answer.body)
        for fault in self._faults.delivering:
            fault.deliver(answer.status, read, delivery)
        headers = answer.headers
        if delivery.forced_body is not None:
            delivery.body = delivery.forced_body
            headers = (*headers, (b"content-length", str(len(delivery.body)).encode()))
        if delivery.cut_after is None:
            await _send(answer.status, headers, delivery.body, identifier, send)
            return
        if answer.body:  # one without, a 304, never begins, though a fault may have given it one
            started = _complete(headers, identifier)
            await send({"type": "http.response.start", "status": answer.status, "headers": started})
            part = delivery.body[: delivery.cut_after]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await pause(_FLUSH_S)
        reset(scope[TRANSPORT])


class _Clock:
    """The Date header, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._header = (b"date", b"")

    def header(self) -> tuple[bytes, bytes]:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._header = (b"date", formatdate(second, usegmt=True).encode())
        return self._header


_clock = _Clock()


async def _send(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, identifier: str, send: Send) -> None:
    await send_answer(send, status, _complete(headers, identifier), body)


def _complete(headers: Iterable[tuple[bytes, bytes]], identifier: str) -> list[tuple[bytes, bytes]]:
    return [_clock.header(), *headers, (b"x-amzn-requestid", identifier.encode())]
