"""What is deployed into an empty sandbox is served as it stood when it was deployed, as on AWS."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from gateway_bench import Seen, document
from sandbox_client import ask_once, aws_client

from loadtest.sandbox.process import RunningSandbox

_numbers = count()


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


KEY = "payload.json"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}


@dataclass
class Deployer:
    """Deploys a small API by hand, step by step, as Terraform does."""

    sandbox: RunningSandbox
    number: int = field(default_factory=lambda: next(_numbers))
    api: str = ""
    resource: str = ""

    def __post_init__(self) -> None:
        self.gateway = aws_client("apigateway", self.sandbox.url)
        self.iam = aws_client("iam", self.sandbox.url)
        self.s3 = aws_client("s3", self.sandbox.url)
        self.bucket, self.role = f"bucket-{self.number}", f"role-{self.number}"

    def create(self, statements: list[dict[str, str]] | None = None) -> None:
        self.s3.create_bucket(Bucket=self.bucket)
        trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
        self.iam.create_role(RoleName=self.role, AssumeRolePolicyDocument=policy(trust))
        self.permit(statements if statements is not None else [READ, LIST])
        rest_api = self.gateway.create_rest_api(
            name=f"api-{self.number}", endpointConfiguration={"types": ["REGIONAL"]}
        )
        self.api = rest_api["id"]
        root = self.gateway.get_resources(restApiId=self.api)["items"][0]["id"]
        self.resource = self.gateway.create_resource(restApiId=self.api, parentId=root, pathPart="samples")["id"]
        self.integrate("If-None-Match")
        self.answer("200", "200", ETag="integration.response.header.ETag")
        self.answer("502", None)

    def integrate(self, header: str) -> None:
        """Make the method, which passes a header on."""
        source = f"method.request.header.{header}"
        self.gateway.put_method(**self.of, authorizationType="NONE", requestParameters={source: False})
        self.gateway.put_integration(
            **self.of,
            type="AWS",
            integrationHttpMethod="GET",
            uri=f"arn:aws:apigateway:us-east-1:s3:path/{self.bucket}/{KEY}",
            credentials=f"arn:aws:iam::123456789012:role/{self.role}",
            requestParameters={f"integration.request.header.{header}": source},
        )

    @property
    def of(self) -> dict[str, str]:
        return {"restApiId": self.api, "resourceId": self.resource, "httpMethod": "GET"}

    def permit(self, statements: list[dict[str, str]]) -> None:
        self.iam.put_role_policy(RoleName=self.role, PolicyName="read", PolicyDocument=policy(*statements))

    def answer(self, status: str, pattern: str | None, **headers: str) -> None:
        declared = {f"method.response.header.{name}": False for name in headers}
        mapped = {f"method.response.header.{name}": source for name, source in headers.items()}
        self.gateway.put_method_response(**self.of, statusCode=status, responseParameters=declared)
        more = {} if pattern is None else {"selectionPattern": pattern}
        self.gateway.put_integration_response(**self.of, statusCode=status, responseParameters=mapped, **more)

    def deploy(self, **more: Any) -> str:
        identifier: str = self.gateway.create_deployment(restApiId=self.api, **more)["id"]
        return identifier

    def put(self, body: bytes) -> str:
        etag: str = self.s3.put_object(Bucket=self.bucket, Key=KEY, Body=body, ContentType="application/json")["ETag"]
        return etag

    def serve(self, version: int = 1) -> str:
        self.create()
        self.deploy(stageName="v1")
        return self.put(document(version))

    def get(self, stage: str = "v1", **headers: str) -> Seen:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask_once(self.sandbox.url, f"/_aws/execute-api/{self.api}/{stage}/samples", headers=named)


@pytest.fixture
def deployer(empty_sandbox: RunningSandbox) -> Iterator[Deployer]:
    made = Deployer(empty_sandbox)
    yield made
    if made.api:
        made.gateway.delete_rest_api(restApiId=made.api)


def test_a_deployment_is_served_without_a_restart(deployer: Deployer) -> None:
    deployer.create()
    assert deployer.get().status == 403
    deployer.deploy(stageName="v1")
    assert deployer.get().status == 502
    etag = deployer.put(document(1))
    answer = deployer.get()
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, document(1), etag)


def test_an_object_that_was_put_before_the_deployment_is_served(deployer: Deployer) -> None:
    deployer.create()
    etag = deployer.put(document(1))
    deployer.deploy(stageName="v1")
    assert (deployer.get().body, deployer.get().headers["etag"]) == (document(1), etag)


def test_editing_without_deploying_again_changes_nothing(deployer: Deployer) -> None:
    etag = deployer.serve()
    deployer.answer("304", "304", ETag="integration.response.header.ETag")
    assert deployer.get(If_None_Match=etag).status == 502
    deployer.deploy(stageName="v1")
    assert deployer.get(If_None_Match=etag).status == 304


def test_a_stage_serves_the_deployment_that_it_names(deployer: Deployer) -> None:
    deployer.create()
    first = deployer.deploy()
    deployer.gateway.create_stage(restApiId=deployer.api, stageName="v1", deploymentId=first)
    etag = deployer.put(document(1))
    deployer.answer("304", "304", ETag="integration.response.header.ETag")
    second = deployer.deploy()
    assert deployer.get(If_None_Match=etag).status == 502
    for deployment, status in ((second, 304), (first, 502)):
        operation = {"op": "replace", "path": "/deploymentId", "value": deployment}
        deployer.gateway.update_stage(restApiId=deployer.api, stageName="v1", patchOperations=[operation])
        assert deployer.get(If_None_Match=etag).status == status
    deployer.gateway.delete_stage(restApiId=deployer.api, stageName="v1")
    assert deployer.get().status == 403


def test_throttling_and_caching_of_a_stage(deployer: Deployer) -> None:
    deployer.create()
    cache = {"cacheClusterEnabled": True, "cacheClusterSize": "0.5"}
    deployer.gateway.create_stage(restApiId=deployer.api, stageName="v1", deploymentId=deployer.deploy(), **cache)
    deployer.put(document(1))
    settings = {"caching/enabled": "true", "caching/ttlInSeconds": "300"}
    change_stage(deployer, settings)
    assert deployer.get().body == document(1)
    deployer.put(document(2))
    assert deployer.get().body == document(1)
    change_stage(deployer, {"caching/enabled": "false", "throttling/rateLimit": "0.001", "throttling/burstLimit": "2"})
    assert deployer.get().body == document(2)
    assert [deployer.get().status for _ in range(2)] == [200, 429]


def change_stage(deployer: Deployer, settings: dict[str, str]) -> None:
    operations = [{"op": "replace", "path": f"/*/*/{name}", "value": value} for name, value in settings.items()]
    deployer.gateway.update_stage(restApiId=deployer.api, stageName="v1", patchOperations=operations)


def test_what_the_role_may_do_takes_effect_at_once(deployer: Deployer) -> None:
    deployer.create([LIST])
    deployer.deploy(stageName="v1")
    deployer.put(document(1))
    assert deployer.get().status == 502
    deployer.permit([READ, LIST])
    assert deployer.get().status == 200
    deployer.iam.delete_role_policy(RoleName=deployer.role, PolicyName="read")
    assert deployer.get().status == 502
    made = deployer.iam.create_policy(PolicyName=f"policy-{deployer.number}", PolicyDocument=policy(READ))
    deployer.iam.attach_role_policy(RoleName=deployer.role, PolicyArn=made["Policy"]["Arn"])
    assert deployer.get().status == 200


def test_keys_and_plans_take_effect_at_once(deployer: Deployer) -> None:
    deployer.create()
    gateway = deployer.gateway
    wanted = {"op": "replace", "path": "/apiKeyRequired", "value": "true"}
    gateway.update_method(**deployer.of, patchOperations=[wanted])
    deployer.deploy(stageName="v1")
    deployer.put(document(1))
    key = gateway.create_api_key(name="reader", enabled=True)
    stage = {"apiId": deployer.api, "stage": "v1"}
    plan = gateway.create_usage_plan(
        name="readers",
        apiStages=[stage],
        throttle={"rateLimit": 0.001, "burstLimit": 2},
        quota={"limit": 9, "period": "DAY"},
    )
    refused = deployer.get(x_api_key=key["value"])
    assert (refused.status, refused.json()) == (403, {"message": "Forbidden"}), "no plan holds the key yet"
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert [deployer.get(x_api_key=key["value"]).status for _ in range(3)] == [200, 200, 429]
    assert deployer.get().status == 403
    gateway.delete_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"])
    assert deployer.get(x_api_key=key["value"]).status == 403


def test_cors_rules_of_the_bucket_take_effect_at_once(deployer: Deployer) -> None:
    deployer.create()
    origin = "https://site.example"
    deployer.gateway.delete_method(**deployer.of)
    deployer.integrate("Origin")
    allow = "Access-Control-Allow-Origin"
    deployer.answer("200", None, **{allow: f"integration.response.header.{allow}"})
    deployer.deploy(stageName="v1")
    deployer.put(document(1))
    assert allow.lower() not in deployer.get(Origin=origin).headers
    rule = {"AllowedOrigins": [origin], "AllowedMethods": ["GET"]}
    deployer.s3.put_bucket_cors(Bucket=deployer.bucket, CORSConfiguration={"CORSRules": [rule]})
    assert deployer.get(Origin=origin).headers[allow.lower()] == origin
    deployer.s3.delete_bucket_cors(Bucket=deployer.bucket)
    assert allow.lower() not in deployer.get(Origin=origin).headers


def test_other_ways_to_change_the_object(deployer: Deployer) -> None:
    deployer.create()
    deployer.deploy(stageName="v1")
    bucket = deployer.bucket
    deployer.s3.put_object(Bucket=bucket, Key="other", Body=document(2))
    deployer.s3.copy_object(Bucket=bucket, Key=KEY, CopySource=f"{bucket}/other")
    assert deployer.get().body == document(2)
    deployer.s3.delete_object(Bucket=bucket, Key=KEY)
    assert deployer.get().status == 502
    upload = deployer.s3.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"]
    of = {"Bucket": bucket, "Key": KEY, "UploadId": upload}
    part = deployer.s3.upload_part(**of, PartNumber=1, Body=document(3))
    assert deployer.get().status == 502
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    deployer.s3.complete_multipart_upload(**of, MultipartUpload={"Parts": parts})
    assert deployer.get().body == document(3)
    assert deployer.get().headers["etag"].endswith('-1"')
    deployer.s3.put_object_tagging(Bucket=bucket, Key=KEY, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert deployer.get().body == document(3)
    deployer.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": KEY}]})
    assert deployer.get().status == 502


def test_what_cannot_be_served_is_said_and_the_old_goes_on(deployer: Deployer) -> None:
    deployer.serve()
    deployer.gateway.update_method(
        **deployer.of, patchOperations=[{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}]
    )
    deployer.deploy(stageName="v1")
    problems = deployer.sandbox.state()["problems"]
    assert "does not interpret" in problems[f"{deployer.api}/v1"]
    assert deployer.get().body == document(1)


def test_two_apis_are_served_side_by_side_and_by_their_long_paths_only(empty_sandbox: RunningSandbox) -> None:
    deployers = [Deployer(empty_sandbox), Deployer(empty_sandbox)]
    for deployer in deployers:
        deployer.serve(deployer.number)
    for deployer in deployers:
        assert deployer.get().body == document(deployer.number)
    assert ask_once(empty_sandbox.url, "/v1/samples").status == 403
    for deployer in deployers:
        deployer.gateway.delete_rest_api(restApiId=deployer.api)
        assert deployer.get().status == 403


def test_iam_is_enforced_when_it_is_asked_for(deployer: Deployer) -> None:
    deployer.create()
    deployer.deploy(stageName="v1")
    user = f"writer-{deployer.number}"
    deployer.iam.create_user(UserName=user)
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{deployer.bucket}/{KEY}"}
    deployer.iam.put_user_policy(UserName=user, PolicyName="put", PolicyDocument=policy(put))
    key = deployer.iam.create_access_key(UserName=user)["AccessKey"]
    of = {"Bucket": deployer.bucket, "Key": KEY}
    writer = aws_client("s3", deployer.sandbox.url, key["AccessKeyId"], key["SecretAccessKey"])
    deployer.sandbox.enforce_iam()
    try:
        writer.put_object(**of, Body=document(5))
        assert deployer.get().body == document(5)
        with pytest.raises(writer.exceptions.ClientError, match="AccessDenied"):
            writer.put_object(Bucket=deployer.bucket, Key="other", Body=b"")
        with pytest.raises(writer.exceptions.ClientError, match="InvalidAccessKeyId"):
            deployer.s3.put_object(**of, Body=b"")
    finally:
        deployer.sandbox.enforce_iam(False)
    assert deployer.get().body == document(5)


@pytest.mark.parametrize(("secure", "allowed"), [("false", True), ("true", False)])
def test_a_bucket_policy_about_tls_is_evaluated_as_over_tls(deployer: Deployer, secure: str, allowed: bool) -> None:
    deployer.create()
    condition = {"Bool": {"aws:SecureTransport": secure}}
    arn = f"arn:aws:s3:::{deployer.bucket}"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"], "Condition": condition}
    deployer.s3.put_bucket_policy(Bucket=deployer.bucket, Policy=policy(deny))
    if allowed:
        deployer.put(document(1))
    else:
        with pytest.raises(deployer.s3.exceptions.ClientError, match="403"):
            deployer.put(document(1))
