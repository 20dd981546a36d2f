"""API keys and usage plans: which keys open a stage, and the limits of each, synthesized or as deployed.

Follows "Usage plans and API keys for REST APIs in API Gateway": a key counts where a usage plan that holds it has the
stage, and nowhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from loadtest.sandbox.stack.definition import DefinitionError, ReaderKey
from loadtest.sandbox.stack.references import Resolver


def choose_keys(resolver: Resolver) -> None:
    """Make up the keys that the stack leaves to AWS."""
    for name, key in resolver.resources("aws_api_gateway_api_key").items():
        if "value" not in key:
            resolver.choose(f"aws_api_gateway_api_key.{name}.value", secrets.token_hex(20))


def synthesized_keys(resolver: Resolver, api_id: str, stage: str) -> tuple[ReaderKey, ...]:
    """The keys that a synthesized stack has for a stage.

    Raises:
        DefinitionError: a usage plan has something that the sandbox does not interpret.
    """

    def by_id(kind: str) -> dict[str, tuple[str, Any]]:
        resources = resolver.resources(kind).items()
        return {str(resolver.value(f"${{{kind}.{name}.id}}")): (name, resource) for name, resource in resources}

    keys, plans = by_id("aws_api_gateway_api_key"), by_id("aws_api_gateway_usage_plan")
    reader_keys: list[ReaderKey] = []
    for link in resolver.resources("aws_api_gateway_usage_plan_key").values():
        name, key = keys[str(link["key_id"])]
        _, plan = plans[str(link["usage_plan_id"])]
        stages = [(str(each["api_id"]), str(each["stage"])) for each in _blocks(plan.get("api_stages"))]
        if any(each.get("throttle") for each in _blocks(plan.get("api_stages"))):
            raise _of_one_method(str(plan["name"]))
        if (api_id, stage) in stages and key.get("enabled", True):
            throttle = next(_blocks(plan.get("throttle_settings")), {})
            quota = next(_blocks(plan.get("quota_settings")), {})
            value = str(resolver.value(f"${{aws_api_gateway_api_key.{name}.value}}"))
            limits = (throttle.get("rate_limit"), throttle.get("burst_limit"), quota.get("limit"))
            reader_keys.append(_reader_key(value, *limits))
    return tuple(reader_keys)


def deployed_keys(client: Any, api_id: str, stage: str) -> tuple[ReaderKey, ...]:
    """The keys that exist for a stage now, through an API Gateway client."""
    keys = {key["id"]: key for key in client.get_api_keys(includeValues=True, limit=500)["items"]}
    reader_keys: list[ReaderKey] = []
    for plan in client.get_usage_plans(limit=500)["items"]:
        stages = [each for each in plan.get("apiStages") or () if (each["apiId"], each["stage"]) == (api_id, stage)]
        if any(each.get("throttle") for each in stages):
            raise _of_one_method(plan["name"])
        limits = (
            (plan.get("throttle") or {}).get("rateLimit"),
            (plan.get("throttle") or {}).get("burstLimit"),
            (plan.get("quota") or {}).get("limit"),
        )
        for link in client.get_usage_plan_keys(usagePlanId=plan["id"], limit=500)["items"] if stages else ():
            key = keys.get(link["id"])
            if key is not None and key.get("enabled", True):
                reader_keys.append(_reader_key(key["value"], *limits))
    return tuple(reader_keys)


def _reader_key(value: str, rate: Any, burst: Any, quota: Any) -> ReaderKey:
    return ReaderKey(
        value,
        rate=None if rate in (None, 0, -1) else float(rate),
        burst=None if burst in (None, 0, -1) else int(burst),
        quota=None if quota in (None, 0) else int(quota),
    )


def _blocks(value: Any) -> Iterator[Mapping[str, Any]]:
    """Terraform's blocks: a list of them, one alone, or none."""
    yield from value if isinstance(value, list) else [value] if value else []


def _of_one_method(plan: str) -> DefinitionError:
    return DefinitionError(
        f"The usage plan {plan!r} throttles single methods, which the sandbox does not interpret; give the plan one "
        "throttle for all."
    )
