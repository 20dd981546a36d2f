"""The API and the stage that a synthesized stack describes: Terraform's resources turned into a definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from loadtest.sandbox.stack.definition import (
    Api,
    DefinitionError,
    IntegrationResponse,
    Method,
    Stage,
    frozen_mapping,
    method_name,
)
from loadtest.sandbox.stack.described import gateway_response, integration_response, method, method_settings
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
    return Api(
        id=str(resolver.value(f"${{aws_api_gateway_rest_api.{name}.id}}")),
        name=rest_api["name"],
        methods=tuple(_methods(resolver)),
        endpoint_type=(endpoint.get("types") or ["EDGE"])[0],
        binary_media_types=tuple(rest_api.get("binary_media_types") or ()),
        minimum_compression_size=None if size in (None, "", "-1", -1) else int(size),
        api_key_source=rest_api.get("api_key_source") or "HEADER",
        gateway_responses=tuple(map(gateway_response, resolver.resources("aws_api_gateway_gateway_response").values())),
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
        integration_responses.setdefault(_of_method(each), []).append(integration_response(each))
    for each in resolver.resources("aws_api_gateway_method").values():
        of = _of_method(each)
        if of not in integrations:
            raise DefinitionError(
                f"{each['http_method']} {paths[of[0]]} has no integration; AWS would refuse its deployment."
            )
        yield method(paths[of[0]], each, responses.get(of, {}), integrations[of], integration_responses.get(of, ()))


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
    _, stage = _only(resolver, "aws_api_gateway_stage")
    settings = {}
    for each in resolver.resources("aws_api_gateway_method_settings").values():
        block = each["settings"][0] if isinstance(each["settings"], list) else each["settings"]
        settings[method_name(each["method_path"])] = method_settings(block)
    return Stage(
        name=stage["stage_name"],
        cache_cluster_enabled=bool(stage.get("cache_cluster_enabled", False)),
        settings=frozen_mapping(settings),
    )
