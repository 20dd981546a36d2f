"""A stack with every setting on, its state in S3, deployed to a moto server with Terraform alone, and read back."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from deployed_stack import MotoServer, TerraformFolder
from stack_variants import CERTIFICATE, DOCUMENTS, TWO_ORIGINS, WEB_ACL, ZONE

REGION = "eu-central-1"
TAGS = {"team": "samples", "stage": "test"}


@pytest.fixture(scope="module")
def deployed(terraform_folder: Callable[..., TerraformFolder], moto: MotoServer) -> Iterator[TerraformFolder]:
    location = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    moto.client("s3", REGION).create_bucket(Bucket="our-states", **location)
    nothing = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "shop"}
    acl = moto.client("wafv2", REGION).create_web_acl(
        Name="shop", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=nothing
    )["Summary"]["ARN"]
    zone = moto.client("route53").create_hosted_zone(Name="example.org", CallerReference="1")["HostedZone"]["Id"]
    folder = terraform_folder("everything", {WEB_ACL: acl, ZONE: zone.rpartition("/")[2]})
    folder.apply()
    yield folder
    folder.destroy()


@pytest.fixture(scope="module")
def outputs(deployed: TerraformFolder) -> dict[str, Any]:
    return deployed.outputs()


@pytest.fixture
def api(deployed: TerraformFolder, moto: MotoServer) -> str:
    (api,) = [
        a["id"] for a in moto.client("apigateway", REGION).get_rest_apis()["items"] if a["name"] == "everything Api"
    ]
    return str(api)


def test_a_second_plan_is_empty(deployed: TerraformFolder) -> None:
    assert deployed.planned_changes() == ""


def test_the_state_is_in_its_bucket_and_unlocked_again(deployed: TerraformFolder, moto: MotoServer) -> None:
    found = moto.client("s3", REGION).list_objects_v2(Bucket="our-states")["Contents"]
    assert [entry["Key"] for entry in found] == ["everything/terraform.tfstate"]
    assert not (deployed.folder / "terraform.tfstate").exists()


def test_without_an_access_key_there_is_none(outputs: dict[str, Any], moto: MotoServer) -> None:
    writers = {"DataStoreAccessKeyId", "DataStoreSecretAccessKey"}
    assert not writers & set(outputs)
    keys = moto.client("iam").list_access_keys(UserName="everything-data-store-writer")["AccessKeyMetadata"]
    assert keys == []


def test_the_bucket_keeps_versions_refuses_plain_http_and_knows_the_origins(
    deployed: TerraformFolder, moto: MotoServer
) -> None:
    s3, bucket = moto.client("s3", REGION), {"Bucket": "everything-data-store"}
    assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    (statement,) = json.loads(s3.get_bucket_policy(**bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    (rule,) = s3.get_bucket_cors(**bucket)["CORSRules"]
    assert sorted(rule["AllowedOrigins"]) == sorted(TWO_ORIGINS)
    assert {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(**bucket)["TagSet"]} == TAGS


def test_the_stage_has_cache_limits_log_metrics_and_traces(
    deployed: TerraformFolder, moto: MotoServer, api: str
) -> None:
    stage = moto.client("apigateway", REGION).get_stage(restApiId=api, stageName="v1")
    assert (stage["cacheClusterEnabled"], stage["cacheClusterSize"], stage["tracingEnabled"]) == (True, "0.5", True)
    for path, cached in (("*/*", False), ("samples/GET", True), ("prices/GET", True), ("~1shop~1offers/GET", True)):
        settings = stage["methodSettings"][path]
        assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (100.0, 50)
        assert settings["metricsEnabled"] is True
        assert settings["cachingEnabled"] is cached
    assert stage["methodSettings"]["samples/GET"]["cacheTtlInSeconds"] == 60
    log = moto.client("logs", REGION).describe_log_groups(logGroupNamePrefix="/everything/")["logGroups"]
    assert [(group["logGroupName"], group["retentionInDays"]) for group in log] == [
        ("/everything/api-gateway/access", 7)
    ]
    assert stage["accessLogSettings"]["destinationArn"] in (log[0]["arn"], log[0]["arn"].removesuffix(":*"))


def test_the_account_logs_with_the_stack_s_role(deployed: TerraformFolder, moto: MotoServer) -> None:
    account = moto.client("apigateway", REGION).get_account()
    assert account["cloudwatchRoleArn"].endswith(":role/everything-api-gateway-log-role")


def test_every_answer_may_be_read_by_the_pages(deployed: TerraformFolder, moto: MotoServer, api: str) -> None:
    gateway = moto.client("apigateway", REGION)
    assert gateway.get_rest_api(restApiId=api)["endpointConfiguration"]["types"] == ["EDGE"]
    (samples,) = [r for r in gateway.get_resources(restApiId=api)["items"] if r["path"] == "/samples"]
    assert set(samples["resourceMethods"]) == {"GET", "HEAD", "OPTIONS"}
    for verb in samples["resourceMethods"]:
        method: dict[str, Any] = gateway.get_method(restApiId=api, resourceId=samples["id"], httpMethod=verb)
        for answer in method["methodIntegration"]["integrationResponses"].values():
            assert "method.response.header.Access-Control-Allow-Origin" in answer["responseParameters"]
    own = gateway.get_gateway_responses(restApiId=api)["items"]
    assert {answer["responseType"] for answer in own} == {"DEFAULT_4XX", "DEFAULT_5XX"}


def test_a_cached_answer_is_kept_by_the_headers_that_it_depends_on(
    deployed: TerraformFolder, moto: MotoServer, api: str
) -> None:
    gateway = moto.client("apigateway", REGION)
    (samples,) = [r for r in gateway.get_resources(restApiId=api)["items"] if r["path"] == "/samples"]
    get = gateway.get_integration(restApiId=api, resourceId=samples["id"], httpMethod="GET")
    assert {"method.request.header.If-None-Match", "method.request.header.Origin"} <= set(get["cacheKeyParameters"])


def test_every_document_is_served_from_its_object_to_readers_with_a_key(
    deployed: TerraformFolder, moto: MotoServer, api: str
) -> None:
    gateway = moto.client("apigateway", REGION)
    resources = {r["path"]: r for r in gateway.get_resources(restApiId=api)["items"]}
    assert set(resources) == {"/", "/shop", *DOCUMENTS}
    for path, key in DOCUMENTS.items():
        get = gateway.get_method(restApiId=api, resourceId=resources[path]["id"], httpMethod="GET")
        assert get["apiKeyRequired"] is True
        assert get["methodIntegration"]["uri"].endswith(f"/everything-data-store/{key}")
        preflight = gateway.get_method(restApiId=api, resourceId=resources[path]["id"], httpMethod="OPTIONS")
        assert not preflight["apiKeyRequired"]


def test_the_key_s_plan_is_for_the_stage_and_has_its_limits(
    outputs: dict[str, Any], moto: MotoServer, api: str
) -> None:
    gateway = moto.client("apigateway", REGION)
    (plan,) = gateway.get_usage_plans()["items"]
    assert [(stage["apiId"], stage["stage"]) for stage in plan["apiStages"]] == [(api, "v1")]
    assert (plan["throttle"]["rateLimit"], plan["throttle"]["burstLimit"]) == (10.0, 5)
    assert (plan["quota"]["limit"], plan["quota"]["period"]) == (1000, "MONTH")
    (linked,) = gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert linked["id"] == outputs["ApiKeyId"]
    assert gateway.get_api_key(apiKey=linked["id"], includeValue=True)["value"] == outputs["ApiKey"]


def test_the_domain_leads_to_the_stage_and_has_its_record(outputs: dict[str, Any], moto: MotoServer, api: str) -> None:
    gateway, route53 = moto.client("apigateway", REGION), moto.client("route53")
    domain = gateway.get_domain_name(domainName="api.example.org")
    assert domain["certificateArn"] == CERTIFICATE.format("us-east-1")
    (mapping,) = gateway.get_base_path_mappings(domainName="api.example.org")["items"]
    assert (mapping["basePath"], mapping["restApiId"], mapping["stage"]) == ("shop", api, "v1")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    (record,) = [each for each in records if each["Type"] == "A"]
    assert record["Name"] == "api.example.org."
    assert record["AliasTarget"]["DNSName"].rstrip(".") == outputs["CustomDomainTarget"]


def test_the_web_acl_guards_the_stage(deployed: TerraformFolder, moto: MotoServer, api: str) -> None:
    stage = f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/v1"
    assert moto.client("wafv2", REGION).get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["Name"] == "shop"
