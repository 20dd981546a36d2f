"""ReadModelStack: the provider, the state, the three constructs put together, and the outputs that others rely on."""

from __future__ import annotations

from typing import Any, Final

from cdktf import LocalBackend, S3Backend, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags, AwsProviderEndpoints
from constructs import Construct

from stacks.api_definition import samples_api_definition
from stacks.config import ReadModelConfig
from stacks.data_store import DataStore, DataStoreConfig
from stacks.data_store_writer import DataStoreWriter, DataStoreWriterConfig
from stacks.iam import partition_of
from stacks.samples_api import SamplesApi, SamplesApiConfig
from stacks.samples_stage import STAGE_NAME, StageConfig

EMULATED_SERVICES: Final = ("apigateway", "cloudwatch", "iam", "logs", "s3", "sts", "xray")

EMULATOR_ACCESS: Final = {
    # Fixed words, so that nobody's real keys are ever sent to an emulator.
    "access_key": "emulator",
    "secret_key": "emulator",
    "skip_credentials_validation": True,
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
}


OLD_PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")
"""Those whose regions every release of the AWS provider knows; of others it may be too old to know them."""


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
        object_arn = f"{self.data_store.arn}/{config.object_key}"
        self.writer = DataStoreWriter(
            self,
            "DataStoreWriter",
            DataStoreWriterConfig(f"{name}-data-store-writer", object_arn, config.create_access_key),
        )
        self.api = SamplesApi(
            self,
            "SamplesApi",
            SamplesApiConfig(
                api_name=f"{name} Api",
                role_name=f"{name}-api-gateway-role",
                role_policy_name=f"{name}-data-store-read-only",
                definition=samples_api_definition(
                    s3_uri=_s3_uri(config),
                    mapping=config.mapping,
                    endpoint_type=config.endpoint_type,
                    cors_origins=config.cors_origins,
                    cached=config.cache_ttl > 0,
                ),
                bucket_arn=self.data_store.arn,
                object_arn=object_arn,
                stage=StageConfig(
                    throttle_rate=config.throttle_rate,
                    throttle_burst=config.throttle_burst,
                    cache_ttl=config.cache_ttl,
                    access_log_name=f"/{name}/api-gateway/access" if config.access_log else None,
                    access_log_days=config.access_log_days,
                    account_log_role_name=f"{name}-api-gateway-log-role" if config.account_log_role else None,
                    metrics=config.metrics,
                    xray=config.xray,
                    partition=partition_of(config.region),
                ),
            ),
        )
        self._outputs()

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
        # Locking by a lock file in the bucket (Terraform 1.10): CDKTF has no argument for it, and no table is needed.
        self.add_override("terraform.backend.s3.use_lockfile", True)
        if config.aws_endpoint_url is not None:
            emulated = {"endpoints": {"s3": config.aws_endpoint_url}, "use_path_style": True, **EMULATOR_ACCESS}
            for name, value in emulated.items():
                self.add_override(f"terraform.backend.s3.{name}", value)

    def _outputs(self) -> None:
        endpoint = self.config.aws_endpoint_url
        if endpoint is None:
            url = f"{self.api.stage.invoke_url}/{self.api.path_part}"
        else:
            url = f"{endpoint}/_aws/execute-api/{self.api.rest_api.id}/{STAGE_NAME}/{self.api.path_part}"
        TerraformOutput(self, "SamplesUrl", value=url, description="Where the read model is served")
        TerraformOutput(self, "S3BucketName", value=self.data_store.bucket.bucket)
        TerraformOutput(self, "DataStoreUser", value=self.writer.user.name)
        if self.writer.access_key is not None:
            TerraformOutput(self, "DataStoreAccessKeyId", value=self.writer.access_key.id)
            TerraformOutput(self, "DataStoreSecretAccessKey", value=self.writer.access_key.secret, sensitive=True)


def _s3_uri(config: ReadModelConfig) -> str:
    partition = partition_of(config.region)
    return f"arn:{partition}:apigateway:{config.region}:s3:path/{config.data_store_name}/{config.object_key}"


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
