"""SamplesStage: the stage that clients call, with its limits, cache, log, metrics, traces and firewall."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.api_gateway_account import ApiGatewayAccount
from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage, ApiGatewayStageAccessLogSettings
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from constructs import Construct

from stacks.api_definition import SAMPLES_PATH, method_path
from stacks.iam import API_GATEWAY_MAY_ASSUME

STAGE_NAME: Final = "v1"
CACHE_SIZE_GIB: Final = "0.5"
"""The smallest cache cluster there is; one document of at most 1 MiB (the largest that is cached) fits many times."""

ACCESS_LOG_FIELDS: Final = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "integrationStatus": "$context.integration.status",
    "responseLength": "$context.responseLength",
    "responseLatencyMs": "$context.responseLatency",
    "integrationLatencyMs": "$context.integrationLatency",
    "error": "$context.error.message",
}
"""One line a request, without addresses and user agents, which are personal data that nothing here needs."""


@dataclass(frozen=True)
class StageConfig:
    """The settings of a stage, in requests per second, seconds and days; None and 0 leave a thing out."""

    throttle_rate: float | None = None
    throttle_burst: int | None = None
    cache_ttl: int = 0
    access_log_name: str | None = None
    access_log_days: int = 30
    account_log_role_name: str | None = None
    metrics: bool = False
    xray: bool = False
    web_acl_arn: str | None = None
    partition: str = "aws"


class SamplesStage(Construct):
    """The stage `v1` of an API, pointing at a deployment."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        rest_api_id: str,
        deployment_id: str,
        paths: tuple[str, ...],
        config: StageConfig,
    ) -> None:
        super().__init__(scope, id_)
        self.account = self._account(config.account_log_role_name, config.partition)
        self.log_group: CloudwatchLogGroup | None = None
        access_log: ApiGatewayStageAccessLogSettings | None = None
        if config.access_log_name is not None:
            self.log_group = CloudwatchLogGroup(
                self, "AccessLog", name=config.access_log_name, retention_in_days=config.access_log_days
            )
            access_log = ApiGatewayStageAccessLogSettings(
                destination_arn=self.log_group.arn, format=json.dumps(ACCESS_LOG_FIELDS)
            )
        needs: list[ITerraformDependable] = [] if self.account is None else [self.account]
        cached = config.cache_ttl > 0
        self.stage = ApiGatewayStage(
            self,
            "Stage",
            rest_api_id=rest_api_id,
            stage_name=STAGE_NAME,
            deployment_id=deployment_id,
            access_log_settings=access_log,
            cache_cluster_enabled=cached or None,
            cache_cluster_size=CACHE_SIZE_GIB if cached else None,
            xray_tracing_enabled=config.xray,
            depends_on=needs,
        )
        self.all_methods: ApiGatewayMethodSettings | None = None
        self.cached_methods: dict[str, ApiGatewayMethodSettings] = {}
        if config.throttle_rate is not None or config.metrics:
            self.all_methods = self._settings("AllMethods", "*/*", rest_api_id, config, cached=False)
        for path in paths if cached else ():
            # GET only. Settings of one method replace those of all methods, so this repeats them.
            id_of_settings = "CachedMethod" if path == SAMPLES_PATH else "CachedMethod" + path.replace("/", ":")
            self.cached_methods[path] = self._settings(
                id_of_settings, method_path(path, "GET"), rest_api_id, config, cached=True
            )
        self.firewall: Wafv2WebAclAssociation | None = None
        if config.web_acl_arn is not None:
            self.firewall = Wafv2WebAclAssociation(
                self, "Firewall", resource_arn=self.stage.arn, web_acl_arn=config.web_acl_arn
            )

    def _settings(
        self, id_: str, method_path: str, rest_api_id: str, config: StageConfig, *, cached: bool
    ) -> ApiGatewayMethodSettings:
        return ApiGatewayMethodSettings(
            self,
            id_,
            rest_api_id=rest_api_id,
            stage_name=self.stage.stage_name,
            method_path=method_path,
            settings=ApiGatewayMethodSettingsSettings(
                metrics_enabled=config.metrics,
                throttling_rate_limit=config.throttle_rate,
                throttling_burst_limit=config.throttle_burst,
                caching_enabled=cached or None,
                cache_ttl_in_seconds=config.cache_ttl if cached else None,
                cache_data_encrypted=cached or None,
                # Otherwise any client could empty the cache with a Cache-Control header.
                require_authorization_for_cache_control=cached or None,
            ),
        )

    def _account(self, role_name: str | None, partition: str) -> ApiGatewayAccount | None:
        if role_name is None:
            return None
        role = IamRole(self, "LogRole", name=role_name, assume_role_policy=API_GATEWAY_MAY_ASSUME)
        attachment = IamRolePolicyAttachment(
            self,
            "LogRolePolicy",
            role=role.name,
            policy_arn=f"arn:{partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        )
        return ApiGatewayAccount(
            self, "Account", cloudwatch_role_arn=role.arn, reset_on_delete=True, depends_on=[attachment]
        )
