"""Reads a synthesized stack (``cdk.tf.json``): the gateway that it describes, and what the writer needs in AWS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.sandbox.cors import CorsRule
from loadtest.sandbox.definition import (
    Api,
    DefinitionError,
    GatewayDefinition,
    GatewayResponse,
    Integration,
    IntegrationResponse,
    Method,
    MethodSettings,
    Stage,
    as_text_mapping,
    frozen_mapping,
)
from loadtest.sandbox.policy import PolicyError, RolePolicy, role_policy
from loadtest.sandbox.references import Resolver


@dataclass(frozen=True)
class WriterUser:
    """A user of the stack: inline policies by name, and the logical names of its access keys."""

    name: str
    policies: Mapping[str, str]
    access_keys: tuple[str, ...]


@dataclass(frozen=True)
class SynthesizedStack:
    """One stack of the synthesis, read and ready to be set up."""

    name: str
    resolver: Resolver
    definition: GatewayDefinition
    buckets: tuple[str, ...]
    users: tuple[WriterUser, ...]
    cors: Mapping[str, tuple[CorsRule, ...]]


def find_stack(synth_dir: Path, name: str | None) -> tuple[str, Path]:
    """Name and file of the stack in a synthesis: ``stacks/<name>/cdk.tf.json`` below ``synth_dir``.

    ``synth_dir`` may also be such a file itself.

    Raises:
        DefinitionError: there is none, or several and no name to choose by.
    """
    if synth_dir.is_file():
        return name or synth_dir.name.removesuffix(".json").removesuffix(".tf"), synth_dir
    found = {path.parent.name: path for path in sorted(synth_dir.glob("stacks/*/cdk.tf.json"))}
    if not found:
        raise DefinitionError(
            f"There is no synthesized stack in {synth_dir}; run `make synth`, or start with --empty and deploy into it."
        )
    if name is None:
        if len(found) > 1:
            raise DefinitionError(f"{synth_dir} holds the stacks {', '.join(found)}; say which one with --stack.")
        return next(iter(found.items()))
    if name not in found:
        raise DefinitionError(f"{synth_dir} holds no stack {name!r}, but {', '.join(found)}; mend --stack.")
    return name, found[name]


def read_stack(name: str, path: Path) -> SynthesizedStack:
    """The stack in a ``cdk.tf.json``.

    Raises:
        DefinitionError: it cannot be read, or describes something that the sandbox cannot serve.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DefinitionError(f"{path} cannot be read as JSON ({error}); run `make synth` again.") from None
    resolver = Resolver(content)
    try:
        definition = GatewayDefinition(_api(resolver), _stage(resolver), frozen_mapping(_roles(resolver)))
        return SynthesizedStack(
            name=name,
            resolver=resolver,
            definition=definition,
            buckets=tuple(
                str(resolver.value(f"${{aws_s3_bucket.{each}.id}}")) for each in resolver.names("aws_s3_bucket")
            ),
            users=tuple(_users(resolver)),
            cors=_cors(resolver),
        )
    except PolicyError as error:
        raise DefinitionError(str(error)) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise DefinitionError(
            f"{path} is not shaped like a synthesized stack ({error!r}); run `make synth` again."
        ) from None


def _only(resolver: Resolver, kind: str) -> tuple[str, dict[str, Any]]:
    found = resolver.resources(kind)
    if len(found) != 1:
        raise DefinitionError(f"The synthesized stack holds {len(found)} of {kind}; the sandbox serves exactly one.")
    return next(iter(found.items()))


def _api(resolver: Resolver) -> Api:
    name, rest_api = _only(resolver, "aws_api_gateway_rest_api")
    size = rest_api.get("minimum_compression_size")
    endpoint = rest_api.get("endpoint_configuration") or {}
    endpoint = endpoint[0] if isinstance(endpoint, list) else endpoint
    gateway_responses = tuple(
        GatewayResponse(
            response_type=each["response_type"],
            status_code=int(each["status_code"]) if each.get("status_code") else None,
            response_parameters=as_text_mapping(each.get("response_parameters")),
            response_templates=as_text_mapping(each.get("response_templates")),
        )
        for each in resolver.resources("aws_api_gateway_gateway_response").values()
    )
    return Api(
        id=str(resolver.value(f"${{aws_api_gateway_rest_api.{name}.id}}")),
        name=rest_api["name"],
        methods=tuple(_methods(resolver)),
        endpoint_type=(endpoint.get("types") or ["EDGE"])[0],
        binary_media_types=tuple(rest_api.get("binary_media_types") or ()),
        minimum_compression_size=None if size in (None, "", "-1", -1) else int(size),
        gateway_responses=gateway_responses,
    )


def _methods(resolver: Resolver) -> Iterable[Method]:
    paths = _paths(resolver)
    integrations = {_of_method(each): each for each in resolver.resources("aws_api_gateway_integration").values()}
    responses: dict[tuple[str, str], dict[int, frozenset[str]]] = {}
    for each in resolver.resources("aws_api_gateway_method_response").values():
        declared = frozenset(each.get("response_parameters") or {})
        responses.setdefault(_of_method(each), {})[int(each["status_code"])] = declared
    made: dict[tuple[str, str], list[IntegrationResponse]] = {}
    for each in resolver.resources("aws_api_gateway_integration_response").values():
        made.setdefault(_of_method(each), []).append(
            IntegrationResponse(
                status_code=int(each["status_code"]),
                selection_pattern=each.get("selection_pattern"),
                response_parameters=as_text_mapping(each.get("response_parameters")),
                response_templates=as_text_mapping(each.get("response_templates")),
            )
        )
    for method in resolver.resources("aws_api_gateway_method").values():
        of = _of_method(method)
        if of not in integrations:
            raise DefinitionError(
                f"{method['http_method']} {paths[of[0]]} has no integration; AWS would refuse its deployment."
            )
        integration = integrations[of]
        yield Method(
            path=paths[of[0]],
            http_method=method["http_method"],
            authorization=method.get("authorization", "NONE"),
            api_key_required=bool(method.get("api_key_required", False)),
            request_parameters=frozen_mapping(
                {k: bool(v) for k, v in (method.get("request_parameters") or {}).items()}
            ),
            validates_parameters=bool(method.get("request_validator_id")),
            responses=responses.get(of, {}),
            integration=Integration(
                type=integration["type"],
                http_method=integration.get("integration_http_method"),
                uri=integration.get("uri"),
                role=integration.get("credentials"),
                request_parameters=as_text_mapping(integration.get("request_parameters")),
                request_templates=as_text_mapping(integration.get("request_templates")),
                passthrough_behavior=integration.get("passthrough_behavior", "WHEN_NO_MATCH"),
                cache_key_parameters=tuple(integration.get("cache_key_parameters") or ()),
                responses=tuple(made.get(of, ())),
            ),
        )


def _of_method(resource: Mapping[str, Any]) -> tuple[str, str]:
    return str(resource["resource_id"]), str(resource["http_method"])


def _paths(resolver: Resolver) -> dict[str, str]:
    """Path by resource id."""
    api_name, _ = _only(resolver, "aws_api_gateway_rest_api")
    root = str(resolver.value(f"${{aws_api_gateway_rest_api.{api_name}.root_resource_id}}"))
    resources = {
        str(resolver.value(f"${{aws_api_gateway_resource.{name}.id}}")): resource
        for name, resource in resolver.resources("aws_api_gateway_resource").items()
    }

    def path_of(identifier: str) -> str:
        if identifier == root:
            return ""
        resource = resources[identifier]
        return f"{path_of(str(resource['parent_id']))}/{resource['path_part']}"

    return {root: "/", **{identifier: path_of(identifier) for identifier in resources}}


def _stage(resolver: Resolver) -> Stage:
    _, stage = _only(resolver, "aws_api_gateway_stage")
    settings: dict[str, MethodSettings] = {}
    for each in resolver.resources("aws_api_gateway_method_settings").values():
        block = each["settings"][0] if isinstance(each["settings"], list) else each["settings"]
        settings[each["method_path"]] = method_settings(block)
    return Stage(
        name=stage["stage_name"],
        cache_cluster_enabled=bool(stage.get("cache_cluster_enabled", False)),
        settings=frozen_mapping(settings),
    )


def method_settings(block: Mapping[str, Any]) -> MethodSettings:
    """Method settings from the names that Terraform gives them; a limit of -1 is none."""
    rate = block.get("throttling_rate_limit")
    burst = block.get("throttling_burst_limit")
    return MethodSettings(
        throttling_rate=float(rate) if rate is not None and float(rate) >= 0 else None,
        throttling_burst=int(burst) if burst is not None and int(burst) >= 0 else None,
        caching_enabled=bool(block.get("caching_enabled", False)),
        cache_ttl=float(block.get("cache_ttl_in_seconds", 300)),
        cache_control_needs_authorization=bool(block.get("require_authorization_for_cache_control", True)),
        unauthorized_cache_control=block.get(
            "unauthorized_cache_control_header_strategy", "SUCCEED_WITH_RESPONSE_HEADER"
        ),
    )


def _roles(resolver: Resolver) -> dict[str, RolePolicy]:
    policies = {
        str(resolver.value(f"${{aws_iam_policy.{name}.arn}}")): policy["policy"]
        for name, policy in resolver.resources("aws_iam_policy").items()
    }
    roles: dict[str, RolePolicy] = {}
    for name, role in resolver.resources("aws_iam_role").items():
        role_name = str(resolver.value(f"${{aws_iam_role.{name}.name}}"))
        documents = [block["policy"] for block in role.get("inline_policy") or []]
        documents += [
            each["policy"] for each in resolver.resources("aws_iam_role_policy").values() if each["role"] == role_name
        ]
        documents += [
            policies[each["policy_arn"]]
            for each in resolver.resources("aws_iam_role_policy_attachment").values()
            if each["role"] == role_name
        ]
        roles[str(resolver.value(f"${{aws_iam_role.{name}.arn}}"))] = role_policy(documents)
    return roles


def _users(resolver: Resolver) -> Iterable[WriterUser]:
    attached = {
        str(resolver.value(f"${{aws_iam_policy.{name}.arn}}")): (name, policy["policy"])
        for name, policy in resolver.resources("aws_iam_policy").items()
    }
    keys = resolver.resources("aws_iam_access_key")
    for logical in resolver.names("aws_iam_user"):
        name = str(resolver.value(f"${{aws_iam_user.{logical}.name}}"))
        policies = {
            each.get("name", key): each["policy"]
            for key, each in resolver.resources("aws_iam_user_policy").items()
            if each["user"] == name
        }
        for each in resolver.resources("aws_iam_user_policy_attachment").values():
            if each["user"] == name:
                policies.update([attached[each["policy_arn"]]])
        access_keys = tuple(key for key, each in keys.items() if each["user"] == name)
        yield WriterUser(name, frozen_mapping(policies), access_keys)


def _cors(resolver: Resolver) -> dict[str, tuple[CorsRule, ...]]:
    rules: dict[str, tuple[CorsRule, ...]] = {}
    for each in resolver.resources("aws_s3_bucket_cors_configuration").values():
        blocks = each.get("cors_rule") or []
        rules[str(each["bucket"])] = tuple(
            CorsRule(
                allowed_origins=tuple(block["allowed_origins"]),
                allowed_methods=tuple(block["allowed_methods"]),
                expose_headers=tuple(block.get("expose_headers") or ()),
                max_age_seconds=block.get("max_age_seconds"),
            )
            for block in (blocks if isinstance(blocks, list) else [blocks])
        )
    return rules
