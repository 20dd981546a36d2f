"""The synthesized stack, one setting at a time: what each puts into the Terraform configuration, and what none does."""

import json
from typing import Any

import pytest
from stack_variants import EMULATOR, TWO_ORIGINS

from stacks.deploy import addresses
from stacks.terraform_mirror import AWS_PROVIDER_VERSION

Stack = dict[str, Any]
Variants = dict[str, Stack]


def named(stack: Stack, kind: str) -> list[Stack]:
    """The resources of one kind, without CDKTF's comments."""
    found = stack.get("resource", {}).get(kind, {}).values()
    return [{name: value for name, value in resource.items() if name != "//"} for resource in found]


def only(stack: Stack, kind: str) -> Stack:
    (resource,) = named(stack, kind)
    return resource


def policy(resource: Stack) -> list[Stack]:
    statements: list[Stack] = json.loads(resource["policy"])["Statement"]
    return statements


def responses(stack: Stack, kind: str, verb: str) -> dict[str, Stack]:
    found = stack["resource"][kind]
    prefix = f"SamplesApi_{'IntegrationResponse' if 'integration' in kind else 'MethodResponse'}-{verb}-"
    return {name.removeprefix(prefix).split("_")[0]: found[name] for name in found if name.startswith(prefix)}


def added(variants: Variants, name: str) -> set[str]:
    """The kinds of resources that a variant has more of than the default."""

    def kinds(stack: Stack) -> list[str]:
        return sorted(address.split(".")[0] for address in addresses(stack))

    more = kinds(variants[name])
    for kind in kinds(variants["default"]):
        more.remove(kind)
    return set(more)


# -- what there is


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


# -- the mappings


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_conditional_passes_the_validators_on(variants: Variants, verb: str) -> None:
    stack = variants["default"]
    (method,) = [m for m in named(stack, "aws_api_gateway_method") if m["http_method"] == verb]
    names = ("If-None-Match", "if-none-match", "If-Modified-Since", "if-modified-since")
    assert method["authorization"] == "NONE"
    assert method["request_parameters"] == {f"method.request.header.{name}": False for name in names}
    (integration,) = [i for i in named(stack, "aws_api_gateway_integration") if i["integration_http_method"] == verb]
    assert integration["request_parameters"] == {
        f"integration.request.header.{name}": f"method.request.header.{name}" for name in names
    }
    assert integration["type"] == "AWS"
    assert integration["passthrough_behavior"] == "WHEN_NO_MATCH"
    assert integration["uri"] == "arn:aws:apigateway:us-east-1:s3:path/read-model-data-store/payload.json"
    assert integration["credentials"].startswith("${aws_iam_role.")


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_conditional_maps_200_304_404_and_everything_else(variants: Variants, verb: str) -> None:
    found = responses(variants["default"], "aws_api_gateway_integration_response", verb)
    assert {status: answer.get("selection_pattern") for status, answer in found.items()} == {
        "200": "200",
        "304": "304",
        "404": "404",
        "502": None,
    }
    passed = ["Cache-Control", "ETag", "Last-Modified"]
    for status, names in (("200", sorted([*passed, "Content-Type"])), ("304", passed)):
        assert found[status]["response_parameters"] == {
            f"method.response.header.{name}": f"integration.response.header.{name}" for name in names
        }
        assert "response_templates" not in found[status]
    for status in ("404", "502"):
        assert json.loads(found[status]["response_templates"]["application/json"])["message"]


@pytest.mark.parametrize("variant", ["default", "original", "half", "one-origin", "two-origins"])
def test_every_mapped_answer_is_declared_and_comes_after_its_integration(variants: Variants, variant: str) -> None:
    stack = variants[variant]
    for verb in [method["http_method"] for method in named(stack, "aws_api_gateway_method")]:
        mapped = responses(stack, "aws_api_gateway_integration_response", verb)
        declared = responses(stack, "aws_api_gateway_method_response", verb)
        assert set(mapped) == set(declared) != set()
        for status, answer in mapped.items():
            assert set(answer.get("response_parameters", ())) == set(declared[status].get("response_parameters", ()))
            assert any(name.startswith("aws_api_gateway_integration.") for name in answer["depends_on"])


def test_original_is_the_original(variants: Variants) -> None:
    stack = variants["original"]
    method = only(stack, "aws_api_gateway_method")
    assert (method["http_method"], method["authorization"]) == ("GET", "NONE")
    assert "request_parameters" not in method
    assert "request_parameters" not in only(stack, "aws_api_gateway_integration")
    answer = only(stack, "aws_api_gateway_integration_response")
    assert not {"selection_pattern", "response_parameters", "response_templates"} & set(answer)
    assert only(stack, "aws_api_gateway_method_response")["status_code"] == "200"


def test_half_maps_the_validator_but_not_304(variants: Variants) -> None:
    stack = variants["half"]
    assert set(only(stack, "aws_api_gateway_integration")["request_parameters"]) == {
        "integration.request.header.If-None-Match",
        "integration.request.header.if-none-match",
    }
    answer = only(stack, "aws_api_gateway_integration_response")
    assert "selection_pattern" not in answer
    assert answer["response_parameters"] == {"method.response.header.ETag": "integration.response.header.ETag"}


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


# -- one setting at a time


def test_region_and_its_partition(variants: Variants) -> None:
    stack = variants["region-in-china"]
    assert stack["provider"]["aws"] == [{"region": "cn-north-1"}]
    uri = named(stack, "aws_api_gateway_integration")[0]["uri"]
    assert uri == "arn:aws-cn:apigateway:cn-north-1:s3:path/read-model-data-store/payload.json"
    (statement,) = policy(only(stack, "aws_iam_user_policy"))
    assert statement["Resource"].startswith("arn:aws-cn:s3:::")


def test_endpoint_type(variants: Variants) -> None:
    def types(name: str) -> object:
        return only(variants[name], "aws_api_gateway_rest_api")["endpoint_configuration"]["types"]

    assert types("default") == ["REGIONAL"]
    assert types("edge") == ["EDGE"]


def test_names_and_key(variants: Variants) -> None:
    stack = variants["own-names"]
    assert only(stack, "aws_s3_bucket")["bucket"] == "shop-samples-eu"
    assert only(stack, "aws_iam_user")["name"] == "shop-data-store-writer"
    assert only(stack, "aws_api_gateway_rest_api")["name"] == "shop Api"
    (statement,) = policy(only(stack, "aws_iam_user_policy"))
    assert statement["Resource"] == "arn:aws:s3:::shop-samples-eu/read/model.json"
    assert named(stack, "aws_api_gateway_integration")[0]["uri"].endswith("/shop-samples-eu/read/model.json")


@pytest.mark.parametrize("variant", ["one-origin", "any-origin", "two-origins"])
def test_cors_is_on_every_answer(variants: Variants, variant: str) -> None:
    stack = variants[variant]
    assert {method["http_method"] for method in named(stack, "aws_api_gateway_method")} == {"GET", "HEAD", "OPTIONS"}
    for answer in named(stack, "aws_api_gateway_integration_response"):
        assert "method.response.header.Access-Control-Allow-Origin" in answer["response_parameters"]
        assert answer["response_parameters"]["method.response.header.Access-Control-Expose-Headers"] == "'ETag'"
    own = named(stack, "aws_api_gateway_gateway_response")
    assert {answer["response_type"] for answer in own} == {"DEFAULT_4XX", "DEFAULT_5XX"}
    assert all("gatewayresponse.header.Access-Control-Allow-Origin" in a["response_parameters"] for a in own)


def test_of_several_origins_the_bucket_decides(variants: Variants) -> None:
    (rule,) = only(variants["two-origins"], "aws_s3_bucket_cors_configuration")["cors_rule"]
    assert rule["allowed_origins"] == list(TWO_ORIGINS)
    assert set(rule["allowed_methods"]) == {"GET", "HEAD"}
    assert rule["expose_headers"] == ["ETag"]
    assert not named(variants["one-origin"], "aws_s3_bucket_cors_configuration")


def test_a_preflight_asks_no_back_end(variants: Variants) -> None:
    (mock,) = [i for i in named(variants["any-origin"], "aws_api_gateway_integration") if i["type"] == "MOCK"]
    assert json.loads(mock["request_templates"]["application/json"]) == {"statusCode": 204}
    assert "credentials" not in mock


def test_throttle(variants: Variants) -> None:
    assert added(variants, "throttled") == {"aws_api_gateway_method_settings"}
    settings = only(variants["throttled"], "aws_api_gateway_method_settings")
    assert settings["method_path"] == "*/*"
    assert settings["settings"]["throttling_rate_limit"] == 100.5
    assert settings["settings"]["throttling_burst_limit"] == 20


def test_cache(variants: Variants) -> None:
    stage = only(variants["cached"], "aws_api_gateway_stage")
    assert (stage["cache_cluster_enabled"], stage["cache_cluster_size"]) == (True, "0.5")
    settings = only(variants["cached"], "aws_api_gateway_method_settings")
    assert settings["method_path"] == "samples/GET"
    assert settings["settings"]["caching_enabled"] is True
    assert settings["settings"]["cache_ttl_in_seconds"] == 60
    assert settings["settings"]["require_authorization_for_cache_control"] is True
    (get,) = [
        i for i in named(variants["cached"], "aws_api_gateway_integration") if i["integration_http_method"] == "GET"
    ]
    assert "method.request.header.If-None-Match" in get["cache_key_parameters"]
    assert "cache_key_parameters" not in only(variants["cached-original"], "aws_api_gateway_integration")


def test_access_log(variants: Variants) -> None:
    assert added(variants, "access-log") == {"aws_cloudwatch_log_group"}
    assert only(variants["access-log"], "aws_cloudwatch_log_group")["retention_in_days"] == 7
    line = json.loads(only(variants["access-log"], "aws_api_gateway_stage")["access_log_settings"]["format"])
    assert line["status"] == "$context.status"
    assert not any(word in str(line) for word in ("sourceIp", "userAgent", "caller"))


def test_account_log_role(variants: Variants) -> None:
    assert added(variants, "account-log-role") == {
        "aws_api_gateway_account",
        "aws_iam_role",
        "aws_iam_role_policy_attachment",
    }


def test_metrics(variants: Variants) -> None:
    assert only(variants["metrics"], "aws_api_gateway_method_settings")["settings"]["metrics_enabled"] is True


def test_xray(variants: Variants) -> None:
    assert added(variants, "xray") == set()
    assert only(variants["xray"], "aws_api_gateway_stage")["xray_tracing_enabled"] is True


def test_versioning(variants: Variants) -> None:
    assert added(variants, "versioning") == {"aws_s3_bucket_versioning"}
    versioning = only(variants["versioning"], "aws_s3_bucket_versioning")["versioning_configuration"]
    assert versioning == {"status": "Enabled"}


def test_force_destroy(variants: Variants) -> None:
    assert only(variants["default"], "aws_s3_bucket")["force_destroy"] is False
    assert only(variants["force-destroy"], "aws_s3_bucket")["force_destroy"] is True


def test_no_access_key(variants: Variants) -> None:
    stack = variants["no-access-key"]
    assert not named(stack, "aws_iam_access_key")
    assert set(stack["output"]) == {"SamplesUrl", "S3BucketName", "DataStoreUser"}


def test_plain_http_allowed(variants: Variants) -> None:
    assert not named(variants["plain-http-allowed"], "aws_s3_bucket_policy")


def test_tags(variants: Variants) -> None:
    assert variants["tagged"]["provider"]["aws"][0]["default_tags"] == [{"tags": {"team": "samples"}}]


def test_state(variants: Variants) -> None:
    assert set(variants["default"]["terraform"]["backend"]) == {"local"}
    assert variants["state-in-s3"]["terraform"]["backend"] == {
        "s3": {
            "bucket": "our-states",
            "key": "read-model/terraform.tfstate",
            "region": "eu-central-1",
            "encrypt": True,
            "use_lockfile": True,
        }
    }


def test_an_emulator_stands_in_for_everything(variants: Variants) -> None:
    (provider,) = variants["emulator"]["provider"]["aws"]
    (endpoints,) = provider["endpoints"]
    assert set(endpoints.values()) == {EMULATOR}
    assert {"apigateway", "iam", "logs", "s3", "sts"} <= set(endpoints)
    for name in ("s3_use_path_style", "skip_credentials_validation", "skip_requesting_account_id"):
        assert provider[name] is True
    url = variants["emulator"]["output"]["SamplesUrl"]["value"]
    assert url.startswith(f"{EMULATOR}/_aws/execute-api/${{aws_api_gateway_rest_api.")
    assert url.endswith(".id}/v1/samples")


def test_an_emulator_without_tls_is_not_refused_by_the_bucket(variants: Variants) -> None:
    assert not named(variants["emulator"], "aws_s3_bucket_policy")
    assert named(variants["emulator-with-tls"], "aws_s3_bucket_policy")


def test_without_an_emulator_nothing_is_skipped(variants: Variants) -> None:
    assert variants["default"]["provider"]["aws"] == [{"region": "us-east-1"}]
