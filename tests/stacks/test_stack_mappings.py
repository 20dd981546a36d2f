"""The three mappings of the gateway, as they stand in the Terraform configuration."""

import json

import pytest
from stack_parts import Variants, named, only, responses


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
