"""Sets up in moto what a synthesized stack describes and its writer needs, and writes outputs.json as cdktf does."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Final

from loadtest.sandbox.aws.moto_server import MotoServer, create_access_key
from loadtest.sandbox.stack.definition import DefinitionError, GatewayDefinition
from loadtest.sandbox.stack.synth import SynthesizedStack
from loadtest.whole_files import OWNER_ONLY, write_whole
from stacks.api_definition import SAMPLES_PATH
from stacks.user_input import UnreadableFileError, cut, read_json

EXECUTE_API = "/_aws/execute-api/"


def provision(stack: SynthesizedStack, moto: MotoServer) -> None:
    """Create the stack's buckets, users, their policies and their access keys in moto."""
    region = stack.resolver.region
    storage = moto.client("s3", region)
    for bucket in stack.buckets:
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        storage.create_bucket(Bucket=bucket, **place)
    iam = moto.client("iam", region)
    for user in stack.users:
        iam.create_user(UserName=user.name)
        for name, document in user.policies.items():
            iam.put_user_policy(UserName=user.name, PolicyName=name, PolicyDocument=document)
        for logical_name in user.access_keys:
            key = create_access_key(iam, user.name)
            stack.resolver.choose(f"aws_iam_access_key.{logical_name}.id", key.id)
            stack.resolver.choose(f"aws_iam_access_key.{logical_name}.secret", key.secret)


NOT_SERVED_HERE: Final = ("CustomDomainUrl", "CustomDomainTarget")
"""Outputs that would point from the sandbox to the real domain."""


def document_urls(base: str, definition: GatewayDefinition) -> list[str]:
    """Where each path with a GET is served; ``{base}/_aws/execute-api/{api}/{stage}/samples`` comes first."""
    stage = f"{base}{EXECUTE_API}{definition.api.id}/{definition.stage.name}"
    paths = [method.path for method in definition.api.methods if method.http_method == "GET"] or ["/"]
    return [f"{stage}{path}" for path in sorted(paths, key=lambda path: path != SAMPLES_PATH)]


def outputs_of(stack: SynthesizedStack, base: str) -> dict[str, dict[str, Any]]:
    """The outputs of the stack in the shape of cdktf's file, with the sandbox as the address of the samples."""
    outputs: dict[str, Any] = _served_at(base, stack, stack.resolver.outputs(without=NOT_SERVED_HERE))
    urls = document_urls(base, stack.definition)
    if outputs.get("SamplesUrl") not in urls:
        outputs["SamplesUrl"] = urls[0]
    return {stack.name: outputs}


def _served_at(base: str, stack: SynthesizedStack, value: Any) -> Any:
    """The value with the API's address replaced by the sandbox's at the beginning of each text in it."""
    if isinstance(value, dict):
        return {name: _served_at(base, stack, part) for name, part in value.items()}
    if not isinstance(value, str):
        return value
    api = stack.definition.api.id
    address = rf"^https?://({re.escape(api)}\.execute-api\.[^/]*|[^/]*{re.escape(EXECUTE_API)}{re.escape(api)})/"
    return re.sub(address, f"{base}{EXECUTE_API}{api}/", value)


def check_outputs_path(path: Path) -> None:
    """Refuse to write over the outputs of a real deployment.

    Raises:
        DefinitionError: the file holds something that no sandbox wrote, or it cannot be written.
    """
    file = cut(str(path))
    if len(path.name) > 255 or not os.access(path.absolute().parent, os.W_OK):
        raise DefinitionError(f"{file} cannot be written: there is no such folder, or not for you; fix --outputs.")
    try:
        content = read_json(path)
        of_sandbox = all(EXECUTE_API in stack["SamplesUrl"] for stack in content.values())
    except FileNotFoundError:
        return
    except (OSError, UnreadableFileError, KeyError, TypeError, AttributeError):
        of_sandbox = False
    if not of_sandbox:
        raise DefinitionError(
            f"{file} holds something that no sandbox wrote, perhaps the outputs of a real deployment; "
            "move it away, or give another file with --outputs."
        )


def write_outputs(path: Path, outputs: dict[str, dict[str, Any]]) -> None:
    """Write the outputs for the owner's eyes only: the writer's secret is in them."""
    write_whole(path, json.dumps(outputs, indent=2).encode() + b"\n", mode=OWNER_ONLY)
