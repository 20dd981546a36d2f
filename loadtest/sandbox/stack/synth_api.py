"""The API and the stage that a synthesized stack describes: Terraform's resources turned into a definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from loadtest.sandbox.stack.definition import (
    Api,
    DefinitionError,
    GatewayResponse,
    Integration,
    IntegrationResponse,
    Method,
    MethodSettings,
    Stage,
    as_text_mapping,
    frozen_mapping,
    method_name,
)
from loadtest.sandbox.stack.references import Resolver, Resource


def _only(resolver: Resolver, kind: str) -> tuple[str, Resource]:
    resources = resolver.resources(kind)
    if len(resources) != 1:
        raise DefinitionError(
            f"The synthesized stack holds {len(resources)} of {kind}; the sandbox serves exactly one."
        )
    return next(iter(resources.items()))


def api_of(resolver: Resolver) -> Api:
    """The one REST API of the stack.

    Raises:
        DefinitionError: there is not exactly one, or a method of it has no integration.
    """
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
        api_key_source=rest_api.get("api_key_source") or "HEADER",
        gateway_responses=gateway_responses,
    )


def _methods(resolver: Resolver) -> Iterable[Method]:
    paths = _paths(resolver)
    integrations = {_of_method(each): each for each in resolver.resources("aws_api_gateway_integration").values()}
    responses: dict[tuple[str, str], dict[int, frozenset[str]]] = {}
    for each in resolver.resources("aws_api_gateway_method_response").values():
        declared = frozenset(each.get("response_parameters") or {})
        responses.setdefault(_of_method(each), {})[int(each["status_code"])] = declared
    integration_responses: dict[tuple[str, str], list[IntegrationResponse]] = {}
    for each in resolver.resources("aws_api_gateway_integration_response").values():
        integration_responses.setdefault(_of_method(each), []).append(
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
                responses=tuple(integration_responses.get(of, ())),
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


def stage_of(resolver: Resolver) -> Stage:
    """The one stage of the stack.

    Raises:
        DefinitionError: there is not exactly one.
    """
    _, stage = _only(resolver, "aws_api_gateway_stage")
    settings: dict[str, MethodSettings] = {}
    for each in resolver.resources("aws_api_gateway_method_settings").values():
        block = each["settings"][0] if isinstance(each["settings"], list) else each["settings"]
        settings[method_name(each["method_path"])] = _settings(block)
    return Stage(
        name=stage["stage_name"],
        cache_cluster_enabled=bool(stage.get("cache_cluster_enabled", False)),
        settings=frozen_mapping(settings),
    )


def _settings(block: Mapping[str, Any]) -> MethodSettings:
    """Method settings from the names that Terraform gives them; a limit of -1 means no limit."""
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
