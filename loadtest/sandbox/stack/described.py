"""The parts of a definition from the blocks that describe them: Terraform's resources, or what AWS's API answers.

Both have the same fields, and AWS spells ``cacheTtlInSeconds`` what Terraform spells ``cache_ttl_in_seconds``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from loadtest.sandbox.stack.definition import (
    GatewayResponse,
    Integration,
    IntegrationResponse,
    Method,
    MethodSettings,
    as_text_mapping,
    frozen_mapping,
)
from loadtest.sandbox.store.cors_rule import CorsRule

Block = Mapping[str, Any]


def snake_case(name: str) -> str:
    return re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower()


def as_terraform_spells(block: Block) -> dict[str, Any]:
    """What AWS's API answered, with Terraform's names."""
    return {snake_case(name): value for name, value in block.items()}


def gateway_response(block: Block) -> GatewayResponse:
    return GatewayResponse(
        response_type=block["response_type"],
        status_code=int(block["status_code"]) if block.get("status_code") else None,
        response_parameters=as_text_mapping(block.get("response_parameters")),
        response_templates=as_text_mapping(block.get("response_templates")),
    )


def integration_response(block: Block) -> IntegrationResponse:
    return IntegrationResponse(
        status_code=int(block["status_code"]),
        selection_pattern=block.get("selection_pattern"),
        response_parameters=as_text_mapping(block.get("response_parameters")),
        response_templates=as_text_mapping(block.get("response_templates")),
    )


def method(
    path: str,
    block: Block,
    declared: Mapping[int, frozenset[str]],
    integration: Block,
    responses: Iterable[IntegrationResponse],
) -> Method:
    """One method. ``declared``: the response parameters of its answers, by status."""
    return Method(
        path=path,
        http_method=block["http_method"],
        authorization=block.get("authorization") or "NONE",
        api_key_required=bool(block.get("api_key_required")),
        request_parameters=frozen_mapping(
            {name: _is_true(needed) for name, needed in (block.get("request_parameters") or {}).items()}
        ),
        validates_parameters=bool(block.get("request_validator_id")),
        responses=declared,
        integration=Integration(
            type=integration["type"],
            http_method=integration.get("integration_http_method"),
            uri=integration.get("uri"),
            role=integration.get("credentials"),
            request_parameters=as_text_mapping(integration.get("request_parameters")),
            request_templates=as_text_mapping(integration.get("request_templates")),
            passthrough_behavior=integration.get("passthrough_behavior") or "WHEN_NO_MATCH",
            cache_key_parameters=tuple(integration.get("cache_key_parameters") or ()),
            responses=tuple(responses),
        ),
    )


def method_settings(block: Block) -> MethodSettings:
    """The settings of a stage for a method; a limit of -1 means no limit."""
    rate, burst = block.get("throttling_rate_limit"), block.get("throttling_burst_limit")
    return MethodSettings(
        throttling_rate=float(rate) if rate is not None and float(rate) >= 0 else None,
        throttling_burst=int(burst) if burst is not None and int(burst) >= 0 else None,
        caching_enabled=_is_true(block.get("caching_enabled", False)),
        cache_ttl=float(block.get("cache_ttl_in_seconds", 300)),
        cache_control_needs_authorization=_is_true(block.get("require_authorization_for_cache_control", True)),
        unauthorized_cache_control=block.get(
            "unauthorized_cache_control_header_strategy", "SUCCEED_WITH_RESPONSE_HEADER"
        ),
    )


def cors_rule(block: Block) -> CorsRule:
    return CorsRule(
        allowed_origins=tuple(block["allowed_origins"]),
        allowed_methods=tuple(block["allowed_methods"]),
        expose_headers=tuple(block.get("expose_headers") or ()),
        max_age_seconds=block.get("max_age_seconds"),
    )


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
