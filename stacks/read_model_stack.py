"""ReadModelStack: the provider, the state, the constructs, and the outputs that other programs rely on."""

from __future__ import annotations

from typing import Any, Final

from cdktf import LocalBackend, S3Backend, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags, AwsProviderEndpoints
from constructs import Construct

from stacks.api_definition import documents_api_definition
from stacks.config import ReadModelConfig
from stacks.custom_domain import CustomDomain, CustomDomainConfig
from stacks.data_store import DataStore, DataStoreConfig
from stacks.data_store_writer import DataStoreWriter, DataStoreWriterConfig
from stacks.iam import partition_of
from stacks.reader_key import ReaderKey, ReaderKeyConfig
from stacks.samples_api import SamplesApi, SamplesApiConfig
from stacks.samples_stage import STAGE_NAME, StageConfig

EMULATED_SERVICES: Final = ("apigateway", "cloudwatch", "iam", "logs", "route53", "s3", "sts", "wafv2", "xray")

EMULATOR_ACCESS: Final = {
    # Fixed words, so that real keys are never sent to an emulator.
    "access_key": "emulator",
    "secret_key": "emulator",
    "skip_credentials_validation": True,
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
}


OLD_PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")
"""Partitions whose regions every release of the AWS provider knows; it may be too old for other regions."""


class ReadModelStack(TerraformStack):
    """The whole gateway, under the names that the original template gave its resources."""

    def __init__(self, scope: Construct, config: ReadModelConfig) -> None:
        super().__init__(scope, config.stack_name)
        self.config = config
        name = config.stack_name
        self._state()
        AwsProvider(self, "Aws", **_provider_settings(config))
        self.data_store = DataStore(
            self,
            "DataStore",
            DataStoreConfig(
                bucket_name=config.data_store_name,
                partition=partition_of(config.region),
                versioning=config.versioning,
                force_destroy=config.force_destroy,
                refuse_plain_http=config.refuses_plain_http,
                allowed_origins=config.cors_origins if len(config.cors_origins) > 1 else (),
            ),
        )
        self.writer = DataStoreWriter(
            self,
            "DataStoreWriter",
            DataStoreWriterConfig(f"{name}-data-store-writer", config.object_arns, config.create_access_key),
        )
        self.api = SamplesApi(
            self,
            "SamplesApi",
            SamplesApiConfig(
                api_name=f"{name} Api",
                role_name=f"{name}-api-gateway-role",
                role_policy_name=f"{name}-data-store-read-only",
                definition=documents_api_definition(
                    {path: _s3_uri(config, key) for path, key in config.served.items()},
                    mapping=config.mapping,
                    endpoint_type=config.endpoint_type,
                    cors_origins=config.cors_origins,
                    cached=config.cache_ttl > 0,
                    api_key_required=config.api_key_required,
                ),
                bucket_arn=self.data_store.arn,
                object_arns=config.object_arns,
                stage=StageConfig(
                    throttle_rate=config.throttle_rate,
                    throttle_burst=config.throttle_burst,
                    cache_ttl=config.cache_ttl,
                    access_log_name=f"/{name}/api-gateway/access" if config.access_log else None,
                    access_log_days=config.access_log_days,
                    account_log_role_name=f"{name}-api-gateway-log-role" if config.account_log_role else None,
                    metrics=config.metrics,
                    xray=config.xray,
                    web_acl_arn=config.web_acl_arn,
                    partition=partition_of(config.region),
                ),
            ),
        )
        self.reader_key = self._reader_key() if config.api_key_required else None
        self.domain = self._domain()
        self._outputs()

    def _reader_key(self) -> ReaderKey:
        config = self.config
        return ReaderKey(
            self,
            "ReaderKey",
            rest_api_id=self.api.rest_api.id,
            stage_name=self.api.stage.stage_name,
            config=ReaderKeyConfig(
                key_name=f"{config.stack_name}-reader",
                plan_name=f"{config.stack_name}-readers",
                throttle_rate=config.key_throttle_rate,
                throttle_burst=config.key_throttle_burst,
                quota=config.key_quota,
                quota_period=config.key_quota_period,
            ),
        )

    def _domain(self) -> CustomDomain | None:
        config = self.config
        if config.domain_name is None or config.domain_certificate_arn is None:
            return None
        return CustomDomain(
            self,
            "CustomDomain",
            rest_api_id=self.api.rest_api.id,
            stage_name=self.api.stage.stage_name,
            config=CustomDomainConfig(
                domain_name=config.domain_name,
                certificate_arn=config.domain_certificate_arn,
                endpoint_type=config.endpoint_type,
                zone_id=config.domain_zone_id,
                base_path=config.domain_base_path,
            ),
        )

    def _state(self) -> None:
        config = self.config
        if config.state_backend == "local" or config.state_bucket is None:
            LocalBackend(self)
            return
        S3Backend(
            self,
            bucket=config.state_bucket,
            key=config.state_key or f"{config.stack_name}/terraform.tfstate",
            region=config.state_region or config.region,
            encrypt=True,
            skip_region_validation=partition_of(config.state_region or config.region) not in OLD_PARTITIONS or None,
        )
        # A lock file in the bucket (Terraform 1.10), so no table is needed; CDKTF has no argument for it.
        self.add_override("terraform.backend.s3.use_lockfile", True)
        if config.aws_endpoint_url is not None:
            emulated = {"endpoints": {"s3": config.aws_endpoint_url}, "use_path_style": True, **EMULATOR_ACCESS}
            for name, value in emulated.items():
                self.add_override(f"terraform.backend.s3.{name}", value)

    def _outputs(self) -> None:
        config = self.config
        endpoint = config.aws_endpoint_url
        base = f"{endpoint}/_aws/execute-api/{self.api.rest_api.id}/{STAGE_NAME}"
        if endpoint is None:
            base = self.api.stage.invoke_url
        url = f"{base}{config.main_path}"
        TerraformOutput(self, "SamplesUrl", value=url, description="Where the read model is served")
        if config.documents:
            urls = {path: f"{base}{path}" for path in config.documents}
            TerraformOutput(self, "DocumentUrls", value=urls, description="Where each document is served, by its path")
        if self.domain is not None:
            TerraformOutput(self, "CustomDomainUrl", value=f"{self.domain.url}{config.main_path}")
            TerraformOutput(
                self, "CustomDomainTarget", value=self.domain.target, description="What the domain's record points to"
            )
        if self.reader_key is not None:
            TerraformOutput(self, "ApiKeyId", value=self.reader_key.key.id)
            TerraformOutput(
                self, "ApiKey", value=self.reader_key.key.value, sensitive=True, description="Sent as x-api-key"
            )
        TerraformOutput(self, "S3BucketName", value=self.data_store.bucket.bucket)
        TerraformOutput(self, "DataStoreUser", value=self.writer.user.name)
        if self.writer.access_key is not None:
            TerraformOutput(self, "DataStoreAccessKeyId", value=self.writer.access_key.id)
            TerraformOutput(self, "DataStoreSecretAccessKey", value=self.writer.access_key.secret, sensitive=True)


def _s3_uri(config: ReadModelConfig, key: str) -> str:
    partition = partition_of(config.region)
    return f"arn:{partition}:apigateway:{config.region}:s3:path/{config.data_store_name}/{key}"


def _provider_settings(config: ReadModelConfig) -> dict[str, Any]:
    settings: dict[str, Any] = {"region": config.region}
    if partition_of(config.region) not in OLD_PARTITIONS:
        settings["skip_region_validation"] = True  # the provider may be older than the region
    if config.tags:
        settings["default_tags"] = [AwsProviderDefaultTags(tags=config.tags)]
    if config.aws_endpoint_url is not None:
        settings |= EMULATOR_ACCESS | {
            "endpoints": [AwsProviderEndpoints(**dict.fromkeys(EMULATED_SERVICES, config.aws_endpoint_url))],
            "s3_use_path_style": True,
            "skip_metadata_api_check": "true",
        }
    return settings
