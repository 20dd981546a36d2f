"""What every synthesized stack has, what none has by default, and when one is deployed again."""

import json

from stack_parts import Variants, named, only, policy

from stacks.deploy import addresses
from stacks.terraform_mirror import AWS_PROVIDER_VERSION


def test_names_are_the_original_template_s(variants: Variants) -> None:
    stack = variants["default"]
    assert only(stack, "aws_s3_bucket")["bucket"] == "read-model-data-store"
    assert only(stack, "aws_iam_user")["name"] == "read-model-data-store-writer"
    assert only(stack, "aws_iam_role")["name"] == "read-model-api-gateway-role"
    assert only(stack, "aws_iam_role_policy")["name"] == "read-model-data-store-read-only"
    assert only(stack, "aws_api_gateway_rest_api")["name"] == "read-model Api"
    assert only(stack, "aws_api_gateway_resource")["path_part"] == "samples"
    assert only(stack, "aws_api_gateway_stage")["stage_name"] == "v1"


def test_outputs_are_the_contract_s_and_the_secret_is_sensitive(variants: Variants) -> None:
    outputs = variants["default"]["output"]
    assert set(outputs) == {
        "SamplesUrl",
        "S3BucketName",
        "DataStoreAccessKeyId",
        "DataStoreSecretAccessKey",
        "DataStoreUser",
    }
    assert {name for name, output in outputs.items() if output.get("sensitive")} == {"DataStoreSecretAccessKey"}
    assert outputs["SamplesUrl"]["value"].endswith(".invoke_url}/samples")


def test_the_bucket_is_closed_encrypted_and_owned(variants: Variants) -> None:
    stack = variants["default"]
    block = only(stack, "aws_s3_bucket_public_access_block")
    assert all(block[name] is True for name in block if name.startswith(("block_", "ignore_", "restrict_")))
    assert len([name for name in block if name.startswith(("block_", "ignore_", "restrict_"))]) == 4
    assert only(stack, "aws_s3_bucket_ownership_controls")["rule"]["object_ownership"] == "BucketOwnerEnforced"
    (rule,) = only(stack, "aws_s3_bucket_server_side_encryption_configuration")["rule"]
    assert rule["apply_server_side_encryption_by_default"] == {"sse_algorithm": "AES256"}


def test_the_bucket_refuses_plain_http(variants: Variants) -> None:
    (statement,) = policy(only(variants["default"], "aws_s3_bucket_policy"))
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == ["arn:aws:s3:::read-model-data-store", "arn:aws:s3:::read-model-data-store/*"]


def test_the_writer_may_put_the_one_object_and_nothing_else(variants: Variants) -> None:
    (statement,) = policy(only(variants["default"], "aws_iam_user_policy"))
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "s3:PutObject"
    assert statement["Resource"] == "arn:aws:s3:::read-model-data-store/payload.json"


def test_the_gateway_may_read_the_one_object_and_tell_that_it_is_missing(variants: Variants) -> None:
    allowed = {s["Action"]: s["Resource"] for s in policy(only(variants["default"], "aws_iam_role_policy"))}
    assert allowed == {
        "s3:GetObject": "arn:aws:s3:::read-model-data-store/payload.json",
        "s3:ListBucket": "arn:aws:s3:::read-model-data-store",
    }
    (trust,) = json.loads(only(variants["default"], "aws_iam_role")["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "apigateway.amazonaws.com"}


def test_bodies_are_neither_compressed_nor_binary(variants: Variants) -> None:
    api = only(variants["default"], "aws_api_gateway_rest_api")
    assert "binary_media_types" not in api
    assert "minimum_compression_size" not in api
    assert all("content_handling" not in found for found in named(variants["default"], "aws_api_gateway_integration"))


def test_the_provider_is_the_one_that_mirrors_are_searched_for(variants: Variants) -> None:
    required = variants["default"]["terraform"]["required_providers"]["aws"]
    assert required == {"source": "aws", "version": AWS_PROVIDER_VERSION}


def test_nothing_billed_by_the_hour_or_request_is_on_by_default(variants: Variants) -> None:
    stack = variants["default"]
    stage = only(stack, "aws_api_gateway_stage")
    assert not stage.get("cache_cluster_enabled")
    assert not stage.get("xray_tracing_enabled")
    assert "access_log_settings" not in stage
    kinds = set(stack["resource"])
    assert not kinds & {"aws_api_gateway_account", "aws_api_gateway_method_settings", "aws_cloudwatch_log_group"}


def test_a_deployment_waits_for_every_part_and_is_made_before_the_old_one_goes(variants: Variants) -> None:
    for variant in ("default", "original", "two-origins"):
        deployment = only(variants[variant], "aws_api_gateway_deployment")
        assert deployment["lifecycle"] == {"create_before_destroy": True}
        assert "stage_name" not in deployment
        parts = ("method", "integration", "method_response", "integration_response", "gateway_response")
        wanted = {a for a in addresses(variants[variant]) if a.split(".")[0] in {f"aws_api_gateway_{p}" for p in parts}}
        assert set(deployment["depends_on"]) == wanted


def test_only_a_change_of_the_definition_deploys_again(variants: Variants) -> None:
    def trigger(name: str) -> str:
        return str(only(variants[name], "aws_api_gateway_deployment")["triggers"]["definition"])

    same = ("throttled", "access-log", "metrics", "xray", "versioning", "tagged", "no-access-key", "state-in-s3")
    assert {trigger(name) for name in same} == {trigger("default")}
    other = ("original", "half", "edge", "own-names", "one-origin", "any-origin", "two-origins", "cached")
    assert len({trigger(name) for name in ("default", *other)}) == 1 + len(other)
