"""Reads a gateway's definition from moto, where Terraform or anything else has deployed it.

On AWS a deployment freezes the API as it was when CreateDeployment was called. moto's API Gateway keeps no such copy,
so the sandbox makes one when such a call passes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from loadtest.sandbox.stack.definition import Api, Method, MethodSettings, Stage, frozen_mapping, method_name
from loadtest.sandbox.stack.described import (
    as_terraform_spells,
    cors_rule,
    gateway_response,
    integration_response,
    method,
    method_settings,
)
from loadtest.sandbox.stack.policy import RolePolicy, role_policy
from loadtest.sandbox.store.cors_rule import CorsRule

_MOTO_DEFAULT_THROTTLING: Final = (1000.0, 2000)
"""What moto reports of a stage without limits; on AWS those of the account hold, which no sandbox reaches."""


def read_api(client: Any, api_id: str) -> Api:
    rest_api = client.get_rest_api(restApiId=api_id)
    resources = client.get_resources(restApiId=api_id, limit=500, embed=["methods"])["items"]
    own = client.get_gateway_responses(restApiId=api_id, limit=500).get("items", [])
    return Api(
        id=api_id,
        name=rest_api["name"],
        methods=tuple(method for resource in resources for method in _methods(resource)),
        endpoint_type=(rest_api.get("endpointConfiguration", {}).get("types") or ["EDGE"])[0],
        binary_media_types=tuple(rest_api.get("binaryMediaTypes") or ()),
        minimum_compression_size=rest_api.get("minimumCompressionSize"),
        api_key_source=rest_api.get("apiKeySource") or "HEADER",
        gateway_responses=tuple(gateway_response(as_terraform_spells(each)) for each in own),
    )


def _methods(resource: Mapping[str, Any]) -> Iterable[Method]:
    for verb, each in (resource.get("resourceMethods") or {}).items():
        integration = each.get("methodIntegration") or {}
        block = as_terraform_spells(each) | {"http_method": verb, "authorization": each.get("authorizationType")}
        declared = {
            int(status): frozenset(response.get("responseParameters") or {})
            for status, response in (each.get("methodResponses") or {}).items()
        }
        back_end = {"type": "none", "integration_http_method": integration.get("httpMethod")}
        responses = [
            integration_response(as_terraform_spells(response) | {"status_code": status})
            for status, response in (integration.get("integrationResponses") or {}).items()
        ]
        yield method(resource["path"], block, declared, back_end | as_terraform_spells(integration), responses)


def read_stage(client: Any, api_id: str, name: str) -> tuple[Stage, str]:
    """A stage as it stands now, and the id of the deployment that it serves."""
    stage = client.get_stage(restApiId=api_id, stageName=name)
    settings = {method_name(path): _settings(block) for path, block in (stage.get("methodSettings") or {}).items()}
    return Stage(name, bool(stage.get("cacheClusterEnabled")), frozen_mapping(settings)), stage["deploymentId"]


def _settings(block: Mapping[str, Any]) -> MethodSettings:
    rate, burst = float(block.get("throttlingRateLimit", -1)), int(block.get("throttlingBurstLimit", -1))
    no_limits = {"throttling_rate_limit": None, "throttling_burst_limit": None}
    return method_settings(
        as_terraform_spells(block) | (no_limits if (rate, burst) == _MOTO_DEFAULT_THROTTLING else {})
    )


def read_roles(client: Any, arns: Iterable[str]) -> dict[str, RolePolicy]:
    """What each of these roles may do now, through an IAM client; a role that does not exist is left out."""
    return {arn: role_policy(documents) for arn in arns if (documents := _documents(client, arn)) is not None}


def _documents(client: Any, arn: str) -> list[Any] | None:
    name = arn.rsplit("/", 1)[-1]
    try:
        inline = client.list_role_policies(RoleName=name)["PolicyNames"]
    except client.exceptions.NoSuchEntityException:
        return None
    documents = [client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in inline]
    for attached in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        policy = client.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
        version = client.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        documents.append(version["PolicyVersion"]["Document"])
    return documents


def read_cors(client: Any, bucket: str) -> tuple[CorsRule, ...]:
    """The CORS rules of a bucket, through an S3 client; none when it has none, or does not exist."""
    try:
        rules = client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except client.exceptions.ClientError:
        return ()
    return tuple(cors_rule(as_terraform_spells(rule)) for rule in rules)
