"""One setting at a time: what each puts into the Terraform configuration."""

import json

import pytest
from stack_parts import Variants, added, named, only, policy
from stack_variants import EMULATOR, TWO_ORIGINS


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
