"""ReadModelConfig: every setting of the stack, its default, what it may be, and the sentence for a wrong one.

Values come from `context.readModel` in cdktf.json and are overridden by `READMODEL_*` environment variables, so that a
team's choices are in version control and a run in CI can still differ. Names are the same in both:
`"cache_ttl": 60` and `READMODEL_CACHE_TTL=60`. What kinds of value there are is in `settings_rules.py`.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from stacks import settings_rules as rules
from stacks.api_definition import SAMPLES_PATH, EndpointType, Mapping
from stacks.iam import partition_of
from stacks.settings_fit import misfits
from stacks.user_input import UnreadableFileError, cut, read_json, shown

ENVIRONMENT_PREFIX: Final = "READMODEL_"
CONTEXT_KEY: Final = "readModel"
YES_OR_NO: Final = "true or false"


class ConfigError(Exception):
    """A setting is wrong. The text is one sentence for the user: which, what value, what is allowed. No secrets."""


def _setting(default: Any, meaning: str, allowed: str = YES_OR_NO) -> Any:
    return Field(default=default, description=meaning, json_schema_extra={"allowed": allowed})


class ReadModelConfig(BaseSettings):
    """All settings of a stack. `load` reads them; constructing one directly takes only what it is given."""

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

    @model_validator(mode="after")
    def _settings_fit_together(self) -> Self:
        sentence = next(misfits(self), None)
        if sentence is not None:
            raise ValueError(sentence)
        return self

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
        """Key by path of what is served."""
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
        """Whether the bucket turns plain HTTP away; an emulator without TLS would have to turn everything away."""
        if self.refuse_plain_http is not None:
            return self.refuse_plain_http
        return not (self.aws_endpoint_url or "").startswith("http://")

    @classmethod
    def load(cls, cdktf_json: Path) -> Self:
        """Read the settings from a cdktf.json and the environment.

        Raises ConfigError with one sentence for the first setting that is wrong.
        """
        from_file = _read_context(cdktf_json)
        _refuse_unknown(from_file, cdktf_json.name, "")
        variables = {name.upper() for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX)}
        _refuse_unknown(
            {name.removeprefix(ENVIRONMENT_PREFIX).lower() for name in variables}, "the environment", ENVIRONMENT_PREFIX
        )
        try:
            return cls(**(from_file | EnvSettingsSource(cls)()))
        except ValidationError as error:
            raise ConfigError(_sentence(error.errors(include_url=False)[0])) from None


def setting_names() -> tuple[str, ...]:
    """Return the names of all settings, in the order in which they are explained."""
    return tuple(ReadModelConfig.model_fields)


def _read_context(cdktf_json: Path) -> dict[str, Any]:
    try:
        content = read_json(cdktf_json, once=True)
        context = content.get("context", {}).get(CONTEXT_KEY, {})
    except FileNotFoundError:
        raise ConfigError(f"The settings in {cut(str(cdktf_json))} cannot be read: there is no such file.") from None
    except (UnreadableFileError, AttributeError) as error:
        reason = str(error) if isinstance(error, UnreadableFileError) else "its context is no object"
        raise ConfigError(
            f"The settings in {cut(str(cdktf_json))} cannot be read ({reason}): make it a JSON object."
        ) from None
    if not isinstance(context, dict):
        raise ConfigError(
            f"context.{CONTEXT_KEY} in {cdktf_json.name} is {shown(context)}: make it an object of settings."
        )
    return context


def _refuse_unknown(names: Any, place: str, prefix: str) -> None:
    for unknown in sorted(set(names) - set(setting_names())):
        name = cut(unknown)
        near = difflib.get_close_matches(name, setting_names(), 1)
        shown, hint = (
            (prefix + name.upper() if prefix else name),
            (near[0] if near else "see docs/settings.md"),
        )
        shown_hint = prefix + hint.upper() if prefix and near else hint
        meant = f"did you mean {shown_hint}?" if near else f"{shown_hint}."
        raise ConfigError(f"There is no setting {shown} (found in {place}): {meant}")


def _sentence(error: ErrorDetails) -> str:
    if not error["loc"]:  # from settings_fit, which writes whole sentences
        return str(error["ctx"]["error"])
    name = str(error["loc"][0])
    extra = ReadModelConfig.model_fields[name].json_schema_extra
    allowed = extra["allowed"] if isinstance(extra, dict) else ""
    value = _shown_without_password(error["input"])
    return f"Setting {name} ({ENVIRONMENT_PREFIX}{name.upper()}) is {value}, but allowed is {allowed}."


def _shown_without_password(value: Any) -> str:
    """The password goes before anything is cut off: half an address would no longer be seen to hold one."""
    if isinstance(value, str):
        return shown(_PASSWORD.sub("//***@", value))
    try:
        return cut(_PASSWORD.sub("//***@", repr(value)))
    except (RecursionError, ValueError):
        return shown(value)


_PASSWORD: Final = re.compile(r"//[^\s'\"]*@")
