"""Follows what is deployed into the sandbox: every deployment is a snapshot, every stage serves one.

Editing the API changes nothing until it is deployed again, and a stage serves the deployment that it names, as on AWS.
Roles, API keys, usage plans and a bucket's CORS rules are not part of a deployment and take effect at once.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

from loadtest.sandbox.aws.moto_server import MotoServer
from loadtest.sandbox.aws.requests import AwsRequest
from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.gateway.gateway import Gateway
from loadtest.sandbox.server.app import SandboxApp
from loadtest.sandbox.stack import live
from loadtest.sandbox.stack.definition import (
    Api,
    DefinitionError,
    GatewayDefinition,
    Stage,
    frozen_mapping,
    s3_object_of,
)
from loadtest.sandbox.stack.keys import deployed_keys
from loadtest.sandbox.stack.policy import PolicyError
from loadtest.sandbox.store.objects import ObjectStore, ObjectVersion

_PATH: Final = re.compile(r"/restapis/(?P<api>[^/]+)(?:/(?P<kind>deployments|stages)(?:/(?P<name>[^/]+))?)?/?")
Fetch = Callable[[str, str, str], ObjectVersion | None]


class Deployments:
    """The deployments that were made through this sandbox."""

    def __init__(self, app: SandboxApp, faults: FaultSet, store: ObjectStore, moto: MotoServer, fetch: Fetch) -> None:
        self._app = app
        self._faults = faults
        self._store = store
        self._moto = moto
        self._fetch = fetch
        self._snapshots: dict[tuple[str, str], Api] = {}
        self._stages: dict[tuple[str, str], str] = {}
        self._lock = asyncio.Lock()
        self.problems: dict[str, str] = {}
        """Why a stage is not served as it was last deployed: ``api/stage`` to a sentence."""

    async def after_success(self, request: AwsRequest, body: bytes, answer: bytes) -> None:
        """Follow a request that moto has accepted; a failure to follow is printed and does not reach the client."""
        try:
            await self._after_success(request, body, answer)
        except Exception as error:  # the request itself succeeded, and its client must get the answer
            self._note_problem(
                f"{request.method} {request.path}", f"The sandbox could not follow this request ({error!r})."
            )

    async def _after_success(self, request: AwsRequest, body: bytes, answer: bytes) -> None:
        if request.service == "apigateway" and request.method != "GET":
            changes = _PATH.fullmatch(request.path)
            if changes:
                async with self._lock:
                    await self._follow(request, changes, body, answer)
            elif request.path.startswith(("/apikeys", "/usageplans")):  # no part of a deployment: true at once
                async with self._lock:
                    await self._serve_again()
        elif request.service == "iam" and _is_change(body):
            async with self._lock:
                await self._serve_again()
        elif request.service == "s3" and request.method in ("PUT", "DELETE") and "cors" in request.query:
            rules = await asyncio.to_thread(live.read_cors, self._moto.client("s3", request.region), request.bucket)
            self._store.cors[request.bucket] = rules

    async def _follow(self, request: AwsRequest, changes: re.Match[str], body: bytes, answer: bytes) -> None:
        api, kind, name = changes["api"], changes["kind"], changes["name"]
        if kind is None and request.method == "DELETE":
            self._stages = {of: region for of, region in self._stages.items() if of[0] != api}
            self._snapshots = {of: snapshot for of, snapshot in self._snapshots.items() if of[0] != api}
            self._app.withdraw(api)
        elif kind == "deployments" and request.method == "POST":
            deployment = json.loads(answer)["id"]
            client = self._moto.client("apigateway", request.region)
            self._snapshots[api, deployment] = await asyncio.to_thread(live.read_api, client, api)
            if stage := _json(body).get("stageName"):
                await self._serve(api, stage, request.region)
        elif kind == "stages" and request.method == "DELETE" and name:
            self._stages.pop((api, name), None)
            self._app.withdraw(api, name)
        elif kind == "stages":
            await self._serve(api, name or _json(body)["stageName"], request.region)

    async def _serve_again(self) -> None:
        for (api, stage), region in list(self._stages.items()):
            await self._serve(api, stage, region)

    async def _serve(self, api: str, stage_name: str, region: str) -> None:
        self._stages[api, stage_name] = region
        try:
            definition = await asyncio.to_thread(self._definition, api, stage_name, region)
            if definition is None:
                return
            gateway = Gateway(definition, self._store, self._faults)
        except (DefinitionError, PolicyError) as error:
            self._note_problem(f"{api}/{stage_name}", str(error))
            return
        self.problems.pop(f"{api}/{stage_name}", None)
        await asyncio.to_thread(self._load_objects, definition, region)
        self._app.serve(gateway)

    def _note_problem(self, subject: str, sentence: str) -> None:
        self.problems[subject] = sentence
        print(f"sandbox: {sentence}", file=sys.stderr, flush=True)

    def _definition(self, api: str, stage_name: str, region: str) -> GatewayDefinition | None:
        stage: Stage
        client = self._moto.client("apigateway", region)
        try:
            stage, deployment = live.read_stage(client, api, stage_name)
        except client.exceptions.NotFoundException:
            return None  # deleted meanwhile, which will be followed next
        snapshot = self._snapshots.get((api, deployment))
        if snapshot is None:
            return None
        arns = {method.integration.role for method in snapshot.methods if method.integration.role}
        roles = live.read_roles(self._moto.client("iam", region), arns)
        return GatewayDefinition(snapshot, stage, frozen_mapping(roles), deployed_keys(client, api, stage_name))

    def _load_objects(self, definition: GatewayDefinition, region: str) -> None:
        """Load the objects that were put before there was a gateway to read them."""
        for method in definition.api.methods:
            if method.integration.type != "AWS":
                continue
            target = s3_object_of(method)
            bucket, key = target.bucket, target.key
            self._store.cors[bucket] = live.read_cors(self._moto.client("s3", region), bucket)
            stored = self._store.track(bucket, key)
            if stored.current is None:
                version = self._fetch(bucket, key, region)
                if version is not None:
                    stored.publish(version)


def _json(body: bytes) -> dict[str, Any]:
    content = json.loads(body or b"{}")
    return content if isinstance(content, dict) else {}


def _is_change(body: bytes) -> bool:
    action = parse_qs(body.decode("latin-1")).get("Action", [""])[0]
    return bool(action) and not action.startswith(("Get", "List", "Simulate"))
