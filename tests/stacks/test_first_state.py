"""A stack that the first release deployed is not changed by this one: every resource is what it was.

first_resources.txt holds a digest of each resource and output that commit 9fc82b0 synthesized with default settings.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from stack_parts import Variants


def without_comments(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: without_comments(part) for name, part in content.items() if name != "//"}
    return [without_comments(part) for part in content] if isinstance(content, list) else content


def digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(without_comments(content), sort_keys=True).encode()).hexdigest()[:16]


def test_the_default_stack_has_the_same_resources_under_the_same_ids(variants: Variants) -> None:
    lines = Path(__file__).with_name("first_resources.txt").read_text().splitlines()
    first = {address: known for known, address in (line.split() for line in lines)}
    stack = variants["default"]
    now = {f"{kind}.{name}": digest(made) for kind, group in stack["resource"].items() for name, made in group.items()}
    now |= {f"output.{name}": digest(output) for name, output in stack["output"].items()}
    assert now == first


def test_documents_are_added_beside_what_is_there(variants: Variants) -> None:
    """Another document leaves the resources of `/samples` as they are, whatever its place among the documents."""
    before, after = variants["default"]["resource"], variants["documents"]["resource"]
    changed = {
        f"{kind}.{name.rsplit('_', 1)[0]}"
        for kind, group in before.items()
        for name, made in group.items()
        if digest(made) != digest(after[kind].get(name))
    }
    assert changed == {
        "aws_api_gateway_deployment.SamplesApi_Deployment",
        "aws_api_gateway_rest_api.SamplesApi_RestApi",
        "aws_iam_role_policy.SamplesApi_RolePolicy",
        "aws_iam_user_policy.DataStoreWriter_Policy",
    }
    for name in ("SamplesUrl", "S3BucketName", "DataStoreAccessKeyId", "DataStoreSecretAccessKey"):
        assert variants["documents"]["output"][name] == variants["default"]["output"][name]
