"""ReaderKey: the API key that readers send as `x-api-key`, and the usage plan with its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cdktf_cdktf_provider_aws.api_gateway_api_key import ApiGatewayApiKey
from cdktf_cdktf_provider_aws.api_gateway_usage_plan import (
    ApiGatewayUsagePlan,
    ApiGatewayUsagePlanApiStages,
    ApiGatewayUsagePlanQuotaSettings,
    ApiGatewayUsagePlanThrottleSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_usage_plan_key import ApiGatewayUsagePlanKey
from constructs import Construct

QuotaPeriod = Literal["day", "week", "month"]


@dataclass(frozen=True)
class ReaderKeyConfig:
    """The names, and what the plan limits; None leaves a limit out."""

    key_name: str
    plan_name: str
    throttle_rate: float | None = None
    throttle_burst: int | None = None
    quota: int | None = None
    quota_period: QuotaPeriod = "month"


class ReaderKey(Construct):
    """One key, one plan for one stage, and the link between them, without which API Gateway refuses the key.

    AWS chooses the key, so it is in no configuration; like every secret that Terraform creates, it is in the state.
    """

    def __init__(
        self, scope: Construct, id_: str, *, rest_api_id: str, stage_name: str, config: ReaderKeyConfig
    ) -> None:
        super().__init__(scope, id_)
        throttled = config.throttle_rate is not None or config.throttle_burst is not None
        self.key = ApiGatewayApiKey(self, "Key", name=config.key_name, description="Sent by readers as x-api-key")
        self.plan = ApiGatewayUsagePlan(
            self,
            "Plan",
            name=config.plan_name,
            api_stages=[ApiGatewayUsagePlanApiStages(api_id=rest_api_id, stage=stage_name)],
            throttle_settings=ApiGatewayUsagePlanThrottleSettings(
                rate_limit=config.throttle_rate, burst_limit=config.throttle_burst
            )
            if throttled
            else None,
            quota_settings=ApiGatewayUsagePlanQuotaSettings(limit=config.quota, period=config.quota_period.upper())
            if config.quota is not None
            else None,
        )
        self.plan_key = ApiGatewayUsagePlanKey(
            self, "PlanKey", key_id=self.key.id, key_type="API_KEY", usage_plan_id=self.plan.id
        )
