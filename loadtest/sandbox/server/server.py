"""Puts the sandbox together and runs it: moto, the gateway side and the AWS side behind one port."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from loadtest.sandbox.aws.foreign import ForeignPublisher
from loadtest.sandbox.aws.moto_server import MotoServer
from loadtest.sandbox.aws.provision import outputs_of, provision, write_outputs
from loadtest.sandbox.aws.proxy import AwsProxy
from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.faults.timing import WriteGate
from loadtest.sandbox.gateway.gateway import Gateway
from loadtest.sandbox.http.protocol import AsSentProtocol
from loadtest.sandbox.server.admin import Admin
from loadtest.sandbox.server.app import SandboxApp
from loadtest.sandbox.server.deployments import Deployments
from loadtest.sandbox.stack.definition import DefinitionError
from loadtest.sandbox.stack.synth import SynthesizedStack
from loadtest.sandbox.store.objects import ObjectStore

GRACE_S: Final = 1
"""How long requests in flight may take when the sandbox stops."""
KEEP_ALIVE_S: Final = 60


@dataclass(frozen=True)
class SandboxSettings:
    """How a sandbox is started. ``stack`` None: empty, to be deployed into."""

    host: str
    port: int
    stack: SynthesizedStack | None
    faults: tuple[tuple[str, str], ...]
    seed: int
    outputs: Path


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        raise DefinitionError(
            f"The sandbox cannot listen on {host}:{port} ({os.strerror(error.errno) if error.errno else error}); "
            "give another --port, or 0 for any."
        ) from None


def run(settings: SandboxSettings, say: Callable[[str], None]) -> None:
    """Run a sandbox until SIGINT or SIGTERM; ``say`` gets the ready line.

    Raises:
        DefinitionError: it cannot listen, or cannot serve the stack.
        FaultValueError: a fault cannot be set.
        MotoError: moto does not start.
    """
    store = ObjectStore()
    faults = FaultSet(settings.seed)
    faults.on_change = lambda: store.keep(faults.largest_lag_ns)
    faults.update(dict(settings.faults))
    gate = WriteGate()
    app = SandboxApp(faults, gate)
    with listen(settings.host, settings.port) as listener, _moto() as moto:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{host}:{listener.getsockname()[1]}"
        ready = f"sandbox ready: {url} (empty, to be deployed into; a stand-in for AWS, not AWS)"
        if settings.stack is not None:
            _load(settings.stack, app, store, faults, moto)
            outputs = outputs_of(settings.stack, url)
            write_outputs(settings.outputs, outputs)
            samples_url = outputs[settings.stack.name]["SamplesUrl"]
            ready = f"sandbox ready: {samples_url} (a stand-in for AWS, not AWS)"
            for sentence in settings.stack.left_out:
                print(f"sandbox: {sentence}", file=sys.stderr, flush=True)
        aws = AwsProxy(moto, store, faults, gate)
        deployments = Deployments(app, faults, store, moto, aws.operator.fetch)
        aws.after_success = deployments.after_success
        foreign = ForeignPublisher(store, faults, aws.put_as_somebody_else)
        admin = Admin(url, app, faults, store, moto)
        admin.problems = deployments.problems
        admin.on_change = foreign.adjust
        app.aws, app.admin = aws, admin
        config = uvicorn.Config(
            app,
            http=AsSentProtocol,
            loop="uvloop",
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
        _Server(config, aws, foreign, lambda: say(ready)).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Uvicorn, which also starts and stops the sandbox's own tasks in its event loop."""

    def __init__(
        self, config: uvicorn.Config, aws: AwsProxy, foreign: ForeignPublisher, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._aws = aws
        self._foreign = foreign
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGINT and SIGTERM, without raising them again as uvicorn would."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self._aws.start()
        await super().startup(sockets)
        self._foreign.adjust()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._foreign.stop()
        await super().shutdown(sockets)
        await self._aws.stop()


@contextlib.contextmanager
def _moto() -> Iterator[MotoServer]:
    moto = MotoServer()
    try:
        yield moto
    finally:
        moto.stop()


def _load(stack: SynthesizedStack, app: SandboxApp, store: ObjectStore, faults: FaultSet, moto: MotoServer) -> None:
    """Serve what a synthesized stack describes, as if it had been deployed."""
    app.serve(Gateway(stack.definition, store, faults))
    store.cors.update(stack.cors)
    provision(stack, moto)
    moto.enforce_iam(True)
