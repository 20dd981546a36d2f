"""Finds settings that do not fit together, though each is allowed by itself; one sentence for each such case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stacks.iam import LONGEST_ROLE_POLICY, LONGEST_USER_POLICY, partition_of, read_policy, write_policy
from stacks.settings import Settings
from stacks.user_input import shown

EDGE_CERTIFICATES_REGION: Final = "us-east-1"


def misfits(config: Settings) -> Iterator[str]:
    """A sentence for each case."""
    yield from _serving(config)
    yield from _documents(config)
    yield from _reader_key(config)
    yield from _domain(config)
    yield from _state(config)


def _serving(config: Settings) -> Iterator[str]:
    if config.cors_origins and config.mapping != "conditional":
        yield (
            f"Setting cors_origins is {shown(list(config.cors_origins))} with mapping {config.mapping}, "
            "but only mapping conditional has CORS: the other two are kept as they were."
        )
    yield from _pair("throttle_rate", config.throttle_rate, "throttle_burst", config.throttle_burst)
    if config.web_acl_arn is not None and _place(config.web_acl_arn) != _here(config):
        yield (
            f"Setting web_acl_arn is {shown(config.web_acl_arn)} with region {config.region}, but a web ACL guards a "
            "stage of its own region only: name one that is there."
        )


def _documents(config: Settings) -> Iterator[str]:
    if config.documents and "object_key" in config.model_fields_set:
        yield (
            f"Setting object_key is {shown(config.object_key)} beside documents, which name each key themselves: leave "
            "object_key out."
        )
    arns = config.object_arns
    for who, text, longest in (
        ("the writer's", write_policy(arns), LONGEST_USER_POLICY),
        ("the gateway's", read_policy(arns, config.bucket_arn), LONGEST_ROLE_POLICY),
    ):
        length = len("".join(text.split()))
        if length > longest:
            yield (
                f"Setting documents is {shown(config.documents)}, {len(config.documents)} of them: {who} policy would "
                f"name them in {length:,} characters, of which IAM takes {longest:,}: serve fewer, or shorten the keys."
            )


def _reader_key(config: Settings) -> Iterator[str]:
    for name in ("key_throttle_rate", "key_throttle_burst", "key_quota"):
        if not config.api_key_required and getattr(config, name) is not None:
            yield (
                f"Setting {name} is {getattr(config, name)} without api_key_required: it limits each API key, so set "
                f"api_key_required to true, or leave {name} out."
            )
    yield from _pair("key_throttle_rate", config.key_throttle_rate, "key_throttle_burst", config.key_throttle_burst)
    if "key_quota_period" in config.model_fields_set and config.key_quota is None:
        yield (
            f"Setting key_quota_period is {shown(config.key_quota_period)} without key_quota: say how many requests, "
            "or leave key_quota_period out."
        )


def _domain(config: Settings) -> Iterator[str]:
    for name in ("domain_certificate_arn", "domain_zone_id", "domain_base_path"):
        if config.domain_name is None and getattr(config, name) is not None:
            yield (
                f"Setting {name} is {shown(getattr(config, name))} without domain_name: name the domain, or leave "
                f"{name} out."
            )
    if config.domain_name is None:
        return
    if config.domain_certificate_arn is None:
        yield (
            f"Setting domain_name is {shown(config.domain_name)} without domain_certificate_arn: name the domain's "
            "certificate in ACM."
        )
        return
    partition, region = _here(config)
    needed = (partition, region if config.endpoint_type == "regional" else EDGE_CERTIFICATES_REGION)
    if _place(config.domain_certificate_arn) != needed:
        yield (
            f"Setting domain_certificate_arn is {shown(config.domain_certificate_arn)}, but an endpoint of type "
            f"{config.endpoint_type} needs a certificate that is in {needed[1]} (partition {needed[0]}): name one."
        )


def _state(config: Settings) -> Iterator[str]:
    if config.state_backend == "s3" and config.state_bucket is None:
        yield "Setting state_backend is 's3' without state_bucket: name the bucket that keeps the state."
    for name in ("state_bucket", "state_key", "state_region"):
        if config.state_backend == "local" and getattr(config, name) is not None:
            yield (
                f"Setting {name} is {shown(getattr(config, name))} with state_backend local: set state_backend to "
                f"s3, or leave {name} out."
            )


def _pair(one: str, its_value: float | None, other: str, others_value: float | None) -> Iterator[str]:
    if (its_value is None) != (others_value is None):
        yield (
            f"Setting {one} is {its_value} and {other} is {others_value}, but they belong together: give both or "
            "neither."
        )


def _place(arn: str) -> tuple[str, str]:
    """Partition and region of an ARN."""
    _, partition, _, region, *_ = arn.split(":")
    return partition, region


def _here(config: Settings) -> tuple[str, str]:
    return partition_of(config.region), config.region
