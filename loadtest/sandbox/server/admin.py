"""Administration while the sandbox runs, at ``/_sandbox``: what is served, the faults, whether IAM is enforced.

    GET /_sandbox               what is served, and how many reads were answered, and how many are held
    GET /_sandbox/faults        which faults are on, and all that exist
    PUT /_sandbox/faults        {"latency": "5ms", "torn": "off"}: changes the faults named, all or none
    PUT /_sandbox/enforce-iam   true or false

For clients on the same host only, and not for web pages: it sends no CORS headers and takes no content type of a form.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Final

from loadtest.sandbox.aws.moto_server import MotoServer
from loadtest.sandbox.aws.provision import document_urls
from loadtest.sandbox.faults.registry import KINDS, FaultSet
from loadtest.sandbox.faults.values import FaultValueError
from loadtest.sandbox.http.asgi import BodyTooLargeError, Receive, Scope, Send, read_body, send_json
from loadtest.sandbox.marker import ADMIN_PATH, OWN_HOST_ONLY, WHAT
from loadtest.sandbox.server.app import SandboxApp
from loadtest.sandbox.store.objects import ObjectStore

MOST_SETTINGS_BYTES: Final = 64 * 1024


class Admin:
    """The administration of one sandbox."""

    def __init__(self, url: str, app: SandboxApp, faults: FaultSet, store: ObjectStore, moto: MotoServer) -> None:
        self._url = url
        self._app = app
        self._faults = faults
        self._store = store
        self._moto = moto
        self.on_change: Callable[[], None] = lambda: None
        """Called when the faults have changed."""
        self.problems: Mapping[str, str] = {}
        """Why something that was deployed is not served."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_of_this_host(scope):
            await send_json(send, 403, {"message": OWN_HOST_ONLY})
            return
        method, path = scope["method"], scope["path"].removeprefix(ADMIN_PATH).rstrip("/")
        try:
            if method == "GET" and path == "":
                await send_json(send, 200, self._state())
            elif method == "GET" and path == "/faults":
                await send_json(send, 200, self._described_faults())
            elif method == "PUT" and path == "/faults":
                await send_json(send, 200, self._change_faults(await _json(receive)))
            elif method == "PUT" and path == "/enforce-iam":
                await send_json(send, 200, await self._enforce_iam(await _json(receive)))
            else:
                message = (
                    f"There is no {method} {scope['path']}; there is {ADMIN_PATH}, its /faults and its /enforce-iam."
                )
                await send_json(send, 404, {"message": message})
        except FaultValueError as error:
            await send_json(send, 400, {"message": str(error)})

    def _state(self) -> dict[str, Any]:
        return {
            "what": WHAT,
            "url": self._url,
            "samples": [document_urls(self._url, gateway.definition)[0] for gateway in self._app.gateways.values()],
            "documents": [
                url for gateway in self._app.gateways.values() for url in document_urls(self._url, gateway.definition)
            ],
            "problems": dict(self.problems),
            "objects": self._store.described(),
            "answered": self._app.answered,
            "held": self._app.held,
            "faults": self._faults.values(),
            "enforces_iam": self._moto.enforces_iam,
            "moto": {"url": self._moto.url, "pid": self._moto.pid},
        }

    def _described_faults(self) -> dict[str, Any]:
        available = {kind.name: {"value": kind.form, "help": kind.help} for kind in KINDS}
        return {"active": self._faults.values(), "available": available}

    def _change_faults(self, wanted: Any) -> dict[str, Any]:
        if not isinstance(wanted, dict) or not all(isinstance(value, str | None) for value in wanted.values()):
            raise FaultValueError('the body must be a JSON object of names and values, like {"latency": "5ms"}')
        self._faults.update({name: value or "off" for name, value in wanted.items()})
        self.on_change()
        return {"active": self._faults.values()}

    async def _enforce_iam(self, wanted: Any) -> dict[str, Any]:
        if not isinstance(wanted, bool):
            raise FaultValueError("the body must be true or false")
        await asyncio.to_thread(self._moto.enforce_iam, wanted)
        return {"enforces_iam": self._moto.enforces_iam}


async def _json(receive: Receive) -> Any:
    try:
        return json.loads(await read_body(receive, MOST_SETTINGS_BYTES) or b"null")
    except BodyTooLargeError:
        raise FaultValueError(f"the body has more than {MOST_SETTINGS_BYTES:,} bytes") from None
    except (ValueError, RecursionError):
        raise FaultValueError("the body is not JSON") from None


def _is_of_this_host(scope: Scope) -> bool:
    client = scope.get("client")
    return client is not None and ip_address(client[0]).is_loopback
