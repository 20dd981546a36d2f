"""Small helpers for the identity side: policy documents as JSON text, ARNs, and the partition that a region is in."""

from __future__ import annotations

import json
from typing import Any, Final


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
"""By what the region's code begins with; as in botocore's partitions.json."""


def policy_document(*statements: dict[str, Any]) -> str:
    """Return the statements as the JSON text of an IAM policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


API_GATEWAY_MAY_ASSUME: Final = policy_document(
    {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
)
"""Trust policy of a role that API Gateway, and nobody else, may take on."""
