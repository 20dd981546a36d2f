"""A gateway on the bench: made from a synthesized stack, without servers, with a clock that only moves when told."""

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.gateway.gateway import Gateway
from loadtest.sandbox.stack.definition import GatewayDefinition
from loadtest.sandbox.stack.synth import SynthesizedStack, read_stack
from loadtest.sandbox.store.objects import ObjectStore, ObjectVersion, StoredObject, object_version
from loadtest.units import MILLISECOND

SYNTH = Path(__file__).parent / "synth"
BUCKET, KEY = "read-model-data-store", "payload.json"


@dataclasses.dataclass
class Seen:
    """An answer as a client sees it; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def document(version: int, size: int = 600) -> bytes:
    """Some JSON that differs in many places from that of every other version."""
    noise = hashlib.shake_128(str(version).encode()).hexdigest(size)[: size - 40]
    return f'{{"version":{version},"noise":"{noise}"}}'.encode()


def patched(base: Any, changes: Any) -> Any:
    """``base`` with a JSON merge patch (RFC 7396)."""
    if not isinstance(changes, dict):
        return changes
    merged = dict(base) if isinstance(base, dict) else {}
    merged |= {key: patched(merged.get(key), value) for key, value in changes.items()}
    return {key: value for key, value in merged.items() if value is not None}


def stack_of(variant: str) -> SynthesizedStack:
    """A synthesized stack; of those that are nearly the first, only the differences are kept."""
    changes = SYNTH / f"{variant}.changes.json"
    if not changes.exists():
        return read_stack(variant, SYNTH / f"{variant}.tf.json")
    first = json.loads((SYNTH / "conditional.tf.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cdk.tf.json"
        file.write_text(json.dumps(patched(first, json.loads(changes.read_text()))))
        return read_stack(variant, file)


class Bench:
    """One gateway and its object."""

    def __init__(
        self,
        variant: str = "conditional",
        seed: int = 1,
        change: Callable[[GatewayDefinition], GatewayDefinition] = lambda definition: definition,
    ) -> None:
        self.now = 10**12
        self.store = ObjectStore(lambda: self.now)
        self.faults = FaultSet(seed)
        self.faults.on_change = lambda: self.store.keep(self.faults.largest_lag_ns)
        self.stack = stack_of(variant)
        self.store.cors.update(self.stack.cors)
        self.gateway = Gateway(change(self.stack.definition), self.store, self.faults)

    @property
    def stored(self) -> StoredObject:
        return self.store.track(BUCKET, KEY)

    def publish(self, body: bytes, modified: float = 1_700_000_000.0, **headers: str) -> ObjectVersion:
        """Publish as the writer does; the ETag is S3's. ``headers`` with underscores for hyphens."""
        named = {"content-type": "application/json", "cache-control": "no-cache"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        version = object_version(body, etag, modified, named)
        self.stored.publish(version)
        return version

    def wait(self, milliseconds: float) -> None:
        """Let time pass for the objects' history."""
        self.now += int(milliseconds * MILLISECOND)

    def ask(self, method: str = "GET", path: str = "/samples", headers: dict[str, str] | None = None) -> Seen:
        """One request; header names are sent as they are spelled."""
        sent = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        answer, _ = self.gateway.answer(method, path, sent, "the-request-id")
        return Seen(answer.status, {name.decode(): value.decode() for name, value in answer.headers}, answer.body)

    def get(self, **headers: str) -> Seen:
        """GET /samples; ``headers`` with underscores for hyphens, spelled as given."""
        return self.ask(headers={name.replace("_", "-"): value for name, value in headers.items()})


def changed_method(definition: GatewayDefinition, **changes: Any) -> GatewayDefinition:
    """The definition with fields of its GET method replaced; ``integration`` may be a dict of changes."""
    methods = []
    for method in definition.api.methods:
        if method.http_method != "GET":
            methods.append(method)
            continue
        fields = dict(changes)
        if isinstance(fields.get("integration"), dict):
            fields["integration"] = dataclasses.replace(method.integration, **fields["integration"])
        methods.append(dataclasses.replace(method, **fields))
    return dataclasses.replace(definition, api=dataclasses.replace(definition.api, methods=tuple(methods)))


def changed_api(definition: GatewayDefinition, **changes: Any) -> GatewayDefinition:
    """The definition with fields of its REST API replaced."""
    return dataclasses.replace(definition, api=dataclasses.replace(definition.api, **changes))


def published(variant: str = "conditional", **more: Any) -> tuple[Bench, ObjectVersion]:
    """A bench with the first document on it."""
    bench = Bench(variant, **more)
    return bench, bench.publish(document(1))
