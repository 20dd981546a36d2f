"""Who gets in and how: API keys with their usage plan, a domain of one's own, a web ACL."""

import pytest
from stack_parts import Variants, added, named, only
from stack_variants import CERTIFICATE, WEB_ACL, ZONE

KEY_KINDS = {"aws_api_gateway_api_key", "aws_api_gateway_usage_plan", "aws_api_gateway_usage_plan_key"}


def test_an_api_key_is_wanted_and_its_plan_lets_it_in(variants: Variants) -> None:
    stack = variants["api-key"]
    assert added(variants, "api-key") == KEY_KINDS
    assert all(method["api_key_required"] is True for method in named(stack, "aws_api_gateway_method"))
    (key,) = stack["resource"]["aws_api_gateway_api_key"]
    (plan_name,) = stack["resource"]["aws_api_gateway_usage_plan"]
    plan = only(stack, "aws_api_gateway_usage_plan")
    (stage,) = plan["api_stages"]
    assert stage["api_id"].startswith("${aws_api_gateway_rest_api.")
    assert stage["stage"].startswith("${aws_api_gateway_stage.")
    assert "throttle_settings" not in plan and "quota_settings" not in plan
    assert only(stack, "aws_api_gateway_usage_plan_key") == {
        "key_id": f"${{aws_api_gateway_api_key.{key}.id}}",
        "key_type": "API_KEY",
        "usage_plan_id": f"${{aws_api_gateway_usage_plan.{plan_name}.id}}",
    }


def test_the_key_is_in_no_configuration_and_its_output_is_sensitive(variants: Variants) -> None:
    for variant in ("api-key", "everything"):
        stack = variants[variant]
        assert "value" not in only(stack, "aws_api_gateway_api_key")
        assert stack["output"]["ApiKey"]["sensitive"] is True
        open_outputs = [output["value"] for output in stack["output"].values() if not output.get("sensitive")]
        assert not any("api_key" in str(value) and ".value" in str(value) for value in open_outputs)
    assert "ApiKey" not in variants["default"]["output"]


def test_a_plan_limits_each_key(variants: Variants) -> None:
    plan = only(variants["api-key-limited"], "aws_api_gateway_usage_plan")
    assert plan["throttle_settings"] == {"rate_limit": 5.5, "burst_limit": 10}
    assert plan["quota_settings"] == {"limit": 1000, "period": "DAY"}


def test_wanting_a_key_deploys_again_and_limiting_it_does_not(variants: Variants) -> None:
    def trigger(name: str) -> str:
        return str(only(variants[name], "aws_api_gateway_deployment")["triggers"]["definition"])

    assert trigger("api-key") != trigger("default")
    assert trigger("api-key-limited") == trigger("api-key")
    assert trigger("domain") == trigger("default")


def test_a_regional_domain_has_its_certificate_and_leaves_the_record_to_others(variants: Variants) -> None:
    assert added(variants, "domain") == {"aws_api_gateway_base_path_mapping", "aws_api_gateway_domain_name"}
    domain = only(variants["domain"], "aws_api_gateway_domain_name")
    assert domain["domain_name"] == "api.example.org"
    assert domain["regional_certificate_arn"] == CERTIFICATE.format("us-east-1")
    assert "certificate_arn" not in domain
    assert (domain["endpoint_configuration"], domain["security_policy"]) == ({"types": ["REGIONAL"]}, "TLS_1_2")
    mapping = only(variants["domain"], "aws_api_gateway_base_path_mapping")
    assert "base_path" not in mapping
    assert mapping["stage_name"].startswith("${aws_api_gateway_stage.")
    output = variants["domain"]["output"]
    assert output["CustomDomainUrl"]["value"] == "https://api.example.org/samples"
    assert output["CustomDomainTarget"]["value"].endswith(".regional_domain_name}")
    assert output["SamplesUrl"] == variants["default"]["output"]["SamplesUrl"]


def test_an_edge_domain_has_its_record_and_its_path(variants: Variants) -> None:
    stack = variants["domain-edge"]
    domain = only(stack, "aws_api_gateway_domain_name")
    assert domain["certificate_arn"] == CERTIFICATE.format("us-east-1")
    assert "regional_certificate_arn" not in domain
    assert domain["endpoint_configuration"] == {"types": ["EDGE"]}
    record = only(stack, "aws_route53_record")
    assert (record["zone_id"], record["name"], record["type"]) == (ZONE, "api.example.org", "A")
    assert record["alias"]["name"].endswith(".cloudfront_domain_name}")
    assert record["alias"]["zone_id"].endswith(".cloudfront_zone_id}")
    assert only(stack, "aws_api_gateway_base_path_mapping")["base_path"] == "shop"
    assert stack["output"]["CustomDomainUrl"]["value"] == "https://api.example.org/shop/samples"


def test_a_web_acl_guards_the_stage(variants: Variants) -> None:
    assert added(variants, "web-acl") == {"aws_wafv2_web_acl_association"}
    association = only(variants["web-acl"], "aws_wafv2_web_acl_association")
    assert association["web_acl_arn"] == WEB_ACL
    assert association["resource_arn"].startswith("${aws_api_gateway_stage.")
    assert association["resource_arn"].endswith(".arn}")


@pytest.mark.parametrize("kind", sorted(KEY_KINDS))
def test_another_app_gets_the_same_constructs_in_a_stack_of_its_own(example: dict[str, object], kind: str) -> None:
    assert only(example, kind)
    assert only(example, "aws_s3_bucket")["bucket"] == "shop-read-models"
    assert not named(example, "aws_iam_user")
    assert example["output"]["PartnerKeyValue"]["sensitive"] is True  # type: ignore[index]
