"""Resolves the ``${…}`` references of a synthesized stack, without Terraform.

Configured attributes resolve to their configuration; those that AWS would choose come from a small table. Nothing is
guessed: a reference that is in neither is an error.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, Final

from loadtest.sandbox.stack.definition import DefinitionError
from stacks.iam import partition_of

ACCOUNT_ID: Final = "123456789012"
"""moto's account."""

Attributes = Mapping[str, Any]
_REFERENCE = re.compile(r"(?<!\$)\$\{(?P<expression>[^{}]+)\}")
_PARTS = re.compile(r"(?P<data>data\.)?(?P<type>[a-z][a-z0-9_]*)\.(?P<name>[\w-]+)\.(?P<attribute>[\w.\[\]*-]+)")
_VARIABLE = re.compile(r"var\.(?P<name>[\w-]+)")


def short_id(*parts: str) -> str:
    """Ten lower-case characters that stand for ``parts``, like an id of API Gateway; always the same ones."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:10]


class Resource(Mapping[str, Any]):
    """The configuration of one resource, each argument resolved when it is asked for."""

    def __init__(self, resolver: Resolver, configuration: Attributes) -> None:
        self._resolver = resolver
        self._configuration = configuration

    def __getitem__(self, argument: str) -> Any:
        return self._resolver.value(self._configuration[argument])

    def __iter__(self) -> Iterator[str]:
        return iter(self._configuration)

    def __len__(self) -> int:
        return len(self._configuration)


class Resolver:
    """The resources of one synthesized stack, with their references resolved on demand.

    ``chosen`` holds attributes that only the running sandbox knows, by ``type.name.attribute``.
    """

    def __init__(self, stack: Mapping[str, Any], chosen: Mapping[str, str] | None = None) -> None:
        self._stack = stack
        self._chosen = dict(chosen or {})
        provider = (stack.get("provider", {}).get("aws") or [{}])[0]
        self.region: str = self.value(provider.get("region", "us-east-1"))

    def choose(self, address: str, value: str) -> None:
        """Set what ``type.name.attribute`` resolves to."""
        self._chosen[address] = value

    @property
    def partition(self) -> str:
        """The partition of AWS that the region belongs to, as ARNs have it."""
        return partition_of(self.region)

    def resources(self, kind: str) -> dict[str, Resource]:
        configurations = self._stack.get("resource", {}).get(kind, {})
        return {name: Resource(self, configuration) for name, configuration in configurations.items()}

    def names(self, kind: str) -> list[str]:
        return list(self._stack.get("resource", {}).get(kind, {}))

    def outputs(self, without: Container[str] = ()) -> dict[str, Any]:
        """The values of the stack's outputs, less some."""
        outputs = self._stack.get("output", {})
        return {name: self.value(output.get("value")) for name, output in outputs.items() if name not in without}

    def value(self, value: Any) -> Any:
        """``value`` with every reference in it resolved.

        Raises:
            DefinitionError: a reference is in neither the configuration nor the table.
        """
        if isinstance(value, dict):
            return {
                name: self.value(part) for name, part in value.items() if name not in ("//", "depends_on", "lifecycle")
            }
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if not isinstance(value, str) or "${" not in value:
            return value
        whole = _REFERENCE.fullmatch(value)
        if whole:
            return self._evaluate(whole["expression"])
        return _REFERENCE.sub(lambda match: str(self._evaluate(match["expression"])), value).replace("$${", "${")

    def _evaluate(self, expression: str) -> Any:
        stripped = expression.strip()
        variable = _VARIABLE.fullmatch(stripped)
        if variable:
            return self.value(self._stack.get("variable", {}).get(variable["name"], {}).get("default"))
        match = _PARTS.fullmatch(stripped)
        if match is None:
            raise DefinitionError(
                f"The synthesized stack holds the expression ${{{expression}}}, which the sandbox cannot work out; "
                "deploy the stack into an empty sandbox instead (--empty)."
            )
        section = "data" if match["data"] else "resource"
        kind, name, attribute = match["type"], match["name"], match["attribute"]
        configuration = self._stack.get(section, {}).get(kind, {}).get(name)
        if configuration is None:
            raise DefinitionError(
                f"The synthesized stack refers to {stripped}, which is not in it; synthesize it again."
            )
        address = f"{kind}.{name}.{attribute}"
        if address in self._chosen:
            return self._chosen[address]
        computed = _COMPUTED.get((kind, attribute)) or _COMPUTED.get(("*", attribute))
        if computed is not None and attribute not in configuration:
            return computed(self, name, configuration)
        if attribute in configuration:
            return self.value(configuration[attribute])
        raise DefinitionError(
            f"The synthesized stack refers to {stripped}, an attribute that AWS chooses and the sandbox does not know; "
            "deploy the stack into an empty sandbox instead (--empty)."
        )

    def api_of(self, configuration: Attributes) -> str:
        """The id of the REST API that a resource belongs to."""
        return str(self.value(configuration["rest_api_id"]))


def _bucket(resolver: Resolver, name: str, configuration: Attributes) -> str:
    prefix = configuration.get("bucket_prefix", "read-model-")
    return str(resolver.value(configuration.get("bucket", f"{prefix}{short_id('bucket', name)}")))


def _named(resolver: Resolver, name: str, configuration: Attributes) -> str:
    return str(resolver.value(configuration.get("name", configuration.get("name_prefix", "") + short_id(name))))


def _iam_arn(kind: str) -> Callable[[Resolver, str, Attributes], str]:
    def arn(resolver: Resolver, name: str, configuration: Attributes) -> str:
        path = configuration.get("path", "/")
        return f"arn:{resolver.partition}:iam::{ACCOUNT_ID}:{kind}{path}{_named(resolver, name, configuration)}"

    return arn


def _invoke_url(resolver: Resolver, name: str, configuration: Attributes) -> str:
    stage = resolver.value(configuration["stage_name"])
    return f"https://{resolver.api_of(configuration)}.execute-api.{resolver.region}.amazonaws.com/{stage}"


def _policy_document(resolver: Resolver, name: str, configuration: Attributes) -> str:
    statements = []
    for block in resolver.value(configuration.get("statement", [])):
        statement = {"Effect": block.get("effect", "Allow")}
        for source, target in (("actions", "Action"), ("resources", "Resource"), ("sid", "Sid")):
            if block.get(source):
                statement[target] = block[source]
        for source in ("condition", "principals", "not_actions", "not_resources", "not_principals"):
            if block.get(source):
                statement[source] = block[source]
        statements.append(statement)
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


_COMPUTED: Final[Mapping[tuple[str, str], Callable[[Resolver, str, Attributes], str]]] = {
    ("aws_s3_bucket", "bucket"): _bucket,
    ("aws_s3_bucket", "id"): _bucket,
    ("aws_s3_bucket", "arn"): lambda *of: f"arn:{of[0].partition}:s3:::{_bucket(*of)}",
    ("aws_iam_role", "name"): _named,
    ("aws_iam_role", "id"): _named,
    ("aws_iam_role", "arn"): _iam_arn("role"),
    ("aws_iam_user", "name"): _named,
    ("aws_iam_user", "id"): _named,
    ("aws_iam_user", "arn"): _iam_arn("user"),
    ("aws_iam_policy", "arn"): _iam_arn("policy"),
    ("aws_iam_policy", "id"): _iam_arn("policy"),
    ("aws_api_gateway_rest_api", "root_resource_id"): lambda _, name, __: short_id(name, "root"),
    ("aws_api_gateway_stage", "invoke_url"): _invoke_url,
    ("aws_region", "name"): lambda resolver, _, __: resolver.region,
    ("aws_region", "id"): lambda resolver, _, __: resolver.region,
    ("aws_region", "region"): lambda resolver, _, __: resolver.region,
    ("aws_caller_identity", "account_id"): lambda *_: ACCOUNT_ID,
    ("aws_partition", "partition"): lambda resolver, _, __: resolver.partition,
    ("aws_partition", "dns_suffix"): lambda *_: "amazonaws.com",
    ("aws_iam_policy_document", "json"): _policy_document,
    ("*", "id"): lambda _, name, __: short_id(name),
}
