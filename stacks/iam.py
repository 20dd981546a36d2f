"""IAM policies as JSON text, and the partition of a region."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

LONGEST_USER_POLICY: Final = 2048
LONGEST_ROLE_POLICY: Final = 10_240
"""Characters without white space of all inline policies of a user and of a role ("IAM and AWS STS quotas")."""


def partition_of(region: str) -> str:
    """Return the ARN partition of an AWS region; China, GovCloud and others have one of their own."""
    return next((partition for prefix, partition in PARTITIONS.items() if region.startswith(prefix)), "aws")


PARTITIONS: Final = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}
"""By the beginning of the region's code, as in botocore's partitions.json."""


def policy_document(*statements: dict[str, Any]) -> str:
    """Return the statements as the JSON text of an IAM policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def write_policy(object_arns: Sequence[str]) -> str:
    """The policy of the writer, who may replace these objects."""
    return policy_document(
        {
            "Sid": "ReplaceTheReadModel",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": _one_or_all(object_arns),
        }
    )


def read_policy(object_arns: Sequence[str], bucket_arn: str) -> str:
    """The policy of the gateway, which may get these objects, and learn from S3 that one is missing.

    Without ListBucket S3 answers 403 for a missing object, as it does for a broken role.
    """
    return policy_document(
        {
            "Sid": "ReadTheReadModel",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": _one_or_all(object_arns),
        },
        {
            "Sid": "TellMissingFromForbidden",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket_arn,
        },
    )


def _one_or_all(arns: Sequence[str]) -> str | list[str]:
    """One ARN as text, as stacks with one document have it, or several, each once: two paths may serve one object."""
    different = list(dict.fromkeys(arns))
    return different[0] if len(different) == 1 else different


API_GATEWAY_MAY_ASSUME: Final = policy_document(
    {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
)
"""Trust policy of a role that only API Gateway may assume."""
