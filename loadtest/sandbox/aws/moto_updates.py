"""The API Gateway operations that moto lacks and Terraform needs to change an API in place.

moto creates and deletes methods, method responses and integrations but cannot update them: it answers 500, which
Terraform's provider retries for a quarter of an hour. AWS updates them by JSON patches ("PATCH operations" in the API
Gateway developer guide); so does this, once `install` has been called in the process that runs moto. It also has a
deployment tell what it froze (`apiSummary`, as `get_deployment(embed=["apisummary"])` does on AWS), a new
integration keep its cache key, which moto drops, and the account's log role be taken away again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from loadtest.sandbox.stack.described import snake_case

_OTHERWISE: Final = {"passthrough_behavior": "passthrough_behaviour"}
"""Attributes of moto's that are spelled otherwise than AWS's."""
_BOOLEANS: Final = frozenset({"apiKeyRequired", "requestParameters", "responseParameters"})


def install() -> None:
    """Add UpdateMethod, UpdateMethodResponse, UpdateIntegration and deployments' summaries to moto in this process."""
    from moto.apigateway import models, responses  # noqa: PLC0415 - takes a while, and only moto needs it

    api: Any = responses.APIGatewayResponse  # Any, for these are changed
    account: Any = models.Account
    rest_api: Any = models.RestAPI
    api.update_method = _operation(lambda method, _: method)
    api.update_method_response = _operation(lambda method, path: method.method_responses[path[8]])
    api.update_integration = _operation(lambda method, _: method.method_integration, literal=True)
    api.put_integration = _keeping_the_cache_key(api.put_integration)
    account.apply_patch_operations = _with_values(account.apply_patch_operations)
    create_deployment = rest_api.create_deployment

    def create_summarized(self: Any, *arguments: Any, **named: Any) -> Any:
        deployment = create_deployment(self, *arguments, **named)
        frozen, describe = _summary(self), deployment.to_json
        deployment.to_json = lambda: describe() | {"apiSummary": frozen}
        return deployment

    rest_api.create_deployment = create_summarized


def apply_patch(target: Any, operations: list[dict[str, str]], *, literal: bool) -> None:
    """Apply AWS's patch operations to one of moto's objects.

    `literal` says that parameters are mapping expressions (an integration's), not true and false (a method's).
    """
    for operation in operations:
        name, _, key = operation["path"].removeprefix("/").partition("/")
        attribute = _OTHERWISE.get(snake_case(name), snake_case(name))
        held = vars(target)[attribute]  # there is no other to be changed
        value: Any = operation.get("value")
        if name in _BOOLEANS and not literal:
            value = value == "true"
        if not key:
            setattr(target, attribute, None if operation["op"] == "remove" else value)
            continue
        key = key.replace("~1", "/").replace("~0", "~")
        if isinstance(held, list):
            setattr(target, attribute, [item for item in held if item != key] + [key] * (operation["op"] != "remove"))
            continue
        changed = {other: old for other, old in (held or {}).items() if other != key}
        setattr(target, attribute, changed if operation["op"] == "remove" else changed | {key: value})


def _operation(select: Callable[[Any, list[str]], Any], *, literal: bool = False) -> Callable[[Any], Any]:
    def update(self: Any) -> Any:
        path = self.path.split("/")
        target = select(self.backend.get_method(path[2], path[4], path[6]), path)
        apply_patch(target, self._get_param("patchOperations"), literal=literal)
        return 200, {}, json.dumps(target.to_json())

    return update


def _with_values(apply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Read an operation without a value, as Terraform sends it to take a role away, as one with an empty value."""
    return lambda self, operations: apply(self, [{"value": ""} | operation for operation in operations])


def _keeping_the_cache_key(put_integration: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def put(self: Any) -> Any:
        answer = put_integration(self)
        path = self.path.split("/")
        integration = self.backend.get_method(path[2], path[4], path[6]).method_integration
        integration.cache_key_parameters = self._get_param("cacheKeyParameters") or []
        return answer

    return put


def _summary(rest_api: Any) -> dict[str, Any]:
    return {
        resource.get_path(): {
            verb: {"authorizationType": method.authorization_type, "apiKeyRequired": bool(method.api_key_required)}
            for verb, method in resource.resource_methods.items()
        }
        for resource in rest_api.resources.values()
        if resource.resource_methods
    }
