"""Settings: every setting of the stack, with its default, its meaning, its allowed values and what follows from it.

The kinds of value are in `settings_rules.py`; where values come from is in `config.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stacks import settings_rules as rules
from stacks.api_definition import SAMPLES_PATH, EndpointType, Mapping
from stacks.iam import partition_of

ENVIRONMENT_PREFIX: Final = "READMODEL_"
YES_OR_NO: Final = "true or false"


def _setting(default: Any, meaning: str, allowed: str = YES_OR_NO) -> Any:
    return Field(default=default, description=meaning, json_schema_extra={"allowed": allowed})


class Settings(BaseSettings):
    """Each setting by itself; `ReadModelConfig` reads them and checks that they fit together."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    stack_name: rules.StackName = _setting(
        "read-model", "Name of the stack; every resource's name begins with it", rules.STACK_NAME_ALLOWED
    )
    region: rules.Region = _setting("us-east-1", "AWS region of everything in the stack", rules.REGION_ALLOWED)
    bucket_name: rules.BucketName | None = _setting(
        None,
        "Name of the bucket, if not `<stack_name>-data-store` (bucket names are shared by everybody on AWS)",
        rules.BUCKET_NAME_ALLOWED,
    )
    object_key: rules.ObjectKey = _setting(
        "payload.json", f"Key of the object at `{SAMPLES_PATH}`, if no `documents` are named", rules.OBJECT_KEY_ALLOWED
    )
    documents: rules.Documents = _setting(
        {},
        f"The documents that are served, each at a path of its own, if not `object_key` at `{SAMPLES_PATH}`",
        rules.DOCUMENTS_ALLOWED,
    )
    endpoint_type: EndpointType = _setting(
        "regional", "Where the API answers: in its region, or at the edge in front of it", "regional or edge"
    )
    mapping: Mapping = _setting(
        "conditional",
        "How S3's answers become the API's: with ETag and 304; as the original template had it, 200 only; or half-way, "
        "with the validator passed on but 304 not told apart (a warning example)",
        "conditional, original or half",
    )
    cors_origins: rules.CorsOrigins = _setting(
        (), "Web origins whose pages may read the answers", rules.CORS_ORIGINS_ALLOWED
    )
    throttle_rate: Annotated[rules.RealNumber, Field(gt=0, allow_inf_nan=False)] | None = _setting(
        None,
        "Requests per second that the stage answers in the long run, if not the account's limit",
        "a number above 0, in requests per second",
    )
    throttle_burst: Annotated[rules.WholeNumber, Field(ge=1)] | None = _setting(
        None, "Requests that may arrive at once before the stage throttles", "a whole number of requests, at least 1"
    )
    api_key_required: bool = _setting(
        False, "Refuse readers that send no API key; creates one, and a usage plan, and the key is then in the state"
    )
    key_throttle_rate: Annotated[rules.RealNumber, Field(gt=0, allow_inf_nan=False)] | None = _setting(
        None,
        "Requests per second that the usage plan lets one key make in the long run",
        "a number above 0, in requests per second",
    )
    key_throttle_burst: Annotated[rules.WholeNumber, Field(ge=1)] | None = _setting(
        None, "Requests that one key may make at once", "a whole number of requests, at least 1"
    )
    key_quota: Annotated[rules.WholeNumber, Field(ge=1)] | None = _setting(
        None, "Requests that one key may make in a `key_quota_period`", "a whole number of requests, at least 1"
    )
    key_quota_period: Literal["day", "week", "month"] = _setting(
        "month", "What `key_quota` is for", "day, week or month"
    )
    domain_name: rules.DomainName | None = _setting(
        None, "Domain of your own under which the API answers too", rules.DOMAIN_NAME_ALLOWED
    )
    domain_certificate_arn: rules.CertificateArn | None = _setting(
        None, "Certificate of `domain_name`", rules.CERTIFICATE_ARN_ALLOWED
    )
    domain_zone_id: rules.ZoneId | None = _setting(
        None,
        "Hosted zone in Route 53 that gets the record of `domain_name`; without it, make the record yourself",
        rules.ZONE_ID_ALLOWED,
    )
    domain_base_path: rules.BasePath | None = _setting(
        None, "Path of `domain_name` below which the documents are, if not the root", rules.BASE_PATH_ALLOWED
    )
    web_acl_arn: rules.WebAclArn | None = _setting(
        None, "Web ACL of AWS WAF that guards the stage; it exists already", rules.WEB_ACL_ARN_ALLOWED
    )
    cache_ttl: Annotated[rules.WholeNumber, Field(ge=0, le=3600)] = _setting(
        0,
        "Seconds that the stage's cache keeps an answer; 0 is no cache. It makes reads stale and is billed by the hour",
        "a whole number of seconds from 0 to 3600",
    )
    access_log: bool = _setting(False, "Log each request to CloudWatch (the account needs a log role for that)")
    access_log_days: rules.LogRetention = _setting(30, "Days that the log is kept", rules.LOG_RETENTION_ALLOWED)
    account_log_role: bool = _setting(
        False, "Create the log role and set it for the whole account in this region, replacing any that is set"
    )
    metrics: bool = _setting(False, "CloudWatch metrics for each method (billed)")
    xray: bool = _setting(False, "Trace requests with X-Ray (billed)")
    versioning: bool = _setting(False, "Keep old versions of the object in the bucket (billed as storage)")
    force_destroy: bool = _setting(False, "Let destroy remove the bucket together with what is in it")
    refuse_plain_http: bool | None = _setting(
        None, "Refuse S3 requests without TLS: yes, if not set, except on an emulator that itself has only http://"
    )
    create_access_key: bool = _setting(True, "Create the writer's access key; its secret is then in Terraform's state")
    state_backend: Literal["local", "s3"] = _setting(
        "local", "Where Terraform's state is: a file beside cdktf.json, or an S3 bucket with locking", "local or s3"
    )
    state_bucket: rules.BucketName | None = _setting(
        None, "Bucket of the state, which exists already", rules.BUCKET_NAME_ALLOWED
    )
    state_key: rules.ObjectKey | None = _setting(
        None, "Key of the state, if not `<stack_name>/terraform.tfstate`", rules.OBJECT_KEY_ALLOWED
    )
    state_region: rules.Region | None = _setting(
        None, "Region of the state's bucket, if not `region`", rules.REGION_ALLOWED
    )
    tags: rules.Tags = _setting({}, "Tags on everything that can have tags", rules.TAGS_ALLOWED)
    aws_endpoint_url: rules.EndpointUrl | None = _setting(
        None, "Address of an emulator that stands in for all of AWS", rules.ENDPOINT_URL_ALLOWED
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from the constructor only: `load` is where file and environment meet."""
        return (init_settings,)

    @property
    def data_store_name(self) -> str:
        """Name of the bucket: the given one, or the original template's."""
        return self.bucket_name or f"{self.stack_name}-data-store"

    @property
    def bucket_arn(self) -> str:
        """ARN of the bucket."""
        return f"arn:{partition_of(self.region)}:s3:::{self.data_store_name}"

    @property
    def served(self) -> dict[str, str]:
        """The served objects: path to key."""
        return self.documents or {SAMPLES_PATH: self.object_key}

    @property
    def object_arns(self) -> tuple[str, ...]:
        """ARNs of the objects that are served, each once."""
        return tuple(f"{self.bucket_arn}/{key}" for key in dict.fromkeys(self.served.values()))

    @property
    def main_path(self) -> str:
        """The path that the output SamplesUrl names."""
        return SAMPLES_PATH if SAMPLES_PATH in self.served else next(iter(self.served))

    @property
    def refuses_plain_http(self) -> bool:
        """Whether the bucket refuses plain HTTP; on an emulator without TLS it would refuse everything."""
        if self.refuse_plain_http is not None:
            return self.refuse_plain_http
        return not (self.aws_endpoint_url or "").startswith("http://")
