"""One stack deployed for real to a moto server with the CDKTF command line, read back, changed, tried and destroyed.

The tests of this file follow one stack through its life and run in the order in which they stand here. What `cdktf
synth` would write has been synthesized with all other variants; `make deploy`, which synthesizes first, is in
tests/docs/test_documented_deployment.py.
"""

import json
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
from deployed_stack import REPOSITORY, MotoServer, TerraformFolder
from quick_terraform import clean_environment

from stacks.deploy import Project

APPROVED = ["--auto-approve"]
VALIDATORS = ("If-None-Match", "if-none-match", "If-Modified-Since", "if-modified-since")


@dataclass
class Life:
    """The stack, the folder that it is deployed from, and what was learnt on the way."""

    project: Project
    moto: MotoServer
    variables: dict[str, str]

    @property
    def outputs_file(self) -> Path:
        return self.project.folder / "outputs.json"

    @property
    def state_file(self) -> Path:
        return self.project.folder / "terraform.deployed.tfstate"

    def outputs(self) -> dict[str, str]:
        outputs: dict[str, str] = json.loads(self.outputs_file.read_text())["deployed"]
        return outputs

    def put(self, variant: dict[str, Any]) -> None:
        """Have cdktf.out hold this variant, as if it had been synthesized."""
        stack = self.terraform()
        configuration = json.loads(stack.for_this_emulator(variant))
        configuration["terraform"]["backend"]["local"]["path"] = str(self.state_file)
        (stack.folder / "cdk.tf.json").write_text(json.dumps(configuration))

    def deploy(self) -> list[str]:
        return self.project.deploy_synthesized(self.outputs_file, APPROVED)

    def terraform(self) -> TerraformFolder:
        return TerraformFolder(self.project.stack_folder(), self.variables, self.moto.url)

    @property
    def gateway(self) -> Any:
        return self.moto.client("apigateway")

    def api(self) -> str:
        (api,) = [api["id"] for api in self.gateway.get_rest_apis()["items"] if api["name"] == "deployed Api"]
        return str(api)

    def methods(self) -> dict[str, Any]:
        resources = self.gateway.get_resources(restApiId=self.api())["items"]
        (samples,) = [resource["id"] for resource in resources if resource["path"] == "/samples"]
        (found,) = [resource for resource in resources if resource["id"] == samples]
        return {
            verb: self.gateway.get_method(restApiId=self.api(), resourceId=samples, httpMethod=verb)
            for verb in found["resourceMethods"]
        }

    def deployment(self) -> str:
        """The deployment that the stage serves."""
        return str(self.gateway.get_stage(restApiId=self.api(), stageName="v1")["deploymentId"])

    def served_methods(self) -> set[str]:
        """The methods that were there when what the stage serves was deployed."""
        found = self.gateway.get_deployment(restApiId=self.api(), deploymentId=self.deployment(), embed=["apisummary"])
        return set(found["apiSummary"]["/samples"])


@pytest.fixture(scope="module")
def life(
    tmp_path_factory: pytest.TempPathFactory,
    terraform_variables: dict[str, str],
    cdktf: Path,
    moto: MotoServer,
    synthesized_stacks: Path,
    variants: dict[str, dict[str, Any]],
) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(REPOSITORY / "cdktf.json", folder)
    shutil.copytree(synthesized_stacks / "deployed", folder / "cdktf.out")
    project = Project(folder, cdktf, clean_environment() | terraform_variables)
    life = Life(project, moto, terraform_variables)
    life.put(variants["deployed"])
    life.deploy()
    yield life
    shutil.rmtree(folder, ignore_errors=True)


def test_outputs_have_the_contract_s_shape(life: Life) -> None:
    assert set(json.loads(life.outputs_file.read_text())) == {"deployed"}
    outputs = life.outputs()
    assert set(outputs) == {
        "SamplesUrl",
        "S3BucketName",
        "DataStoreAccessKeyId",
        "DataStoreSecretAccessKey",
        "DataStoreUser",
    }
    assert outputs["SamplesUrl"] == f"{life.moto.url}/_aws/execute-api/{life.api()}/v1/samples"
    assert outputs["S3BucketName"] == "deployed-data-store"
    assert outputs["DataStoreUser"] == "deployed-data-store-writer"
    assert all(outputs.values())


def test_only_the_owner_reads_secrets(life: Life) -> None:
    for file in (life.outputs_file, life.state_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_the_bucket_is_closed_encrypted_and_owned(life: Life) -> None:
    s3, bucket = life.moto.client("s3"), {"Bucket": "deployed-data-store"}
    block = s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(block, True)
    assert len(block) == 4
    (owner,) = s3.get_bucket_ownership_controls(**bucket)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
    (rule,) = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert "Status" not in s3.get_bucket_versioning(**bucket)


def test_the_writer_has_one_key_and_one_right(life: Life) -> None:
    iam, user = life.moto.client("iam"), {"UserName": "deployed-data-store-writer"}
    (key,) = iam.list_access_keys(**user)["AccessKeyMetadata"]
    assert key["AccessKeyId"] == life.outputs()["DataStoreAccessKeyId"]
    (name,) = iam.list_user_policies(**user)["PolicyNames"]
    (statement,) = iam.get_user_policy(**user, PolicyName=name)["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "s3:PutObject"
    assert statement["Resource"] == "arn:aws:s3:::deployed-data-store/payload.json"
    assert iam.list_attached_user_policies(**user)["AttachedPolicies"] == []
    assert iam.list_groups_for_user(**user)["Groups"] == []


def test_the_gateway_s_role_has_exactly_two_rights(life: Life) -> None:
    iam, role = life.moto.client("iam"), {"RoleName": "deployed-api-gateway-role"}
    (trust,) = iam.get_role(**role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Action"], trust["Principal"]) == ("sts:AssumeRole", {"Service": "apigateway.amazonaws.com"})
    assert iam.list_role_policies(**role)["PolicyNames"] == ["deployed-data-store-read-only"]
    policy = iam.get_role_policy(**role, PolicyName="deployed-data-store-read-only")["PolicyDocument"]
    assert {(s["Effect"], s["Action"], s["Resource"]) for s in policy["Statement"]} == {
        ("Allow", "s3:GetObject", "arn:aws:s3:::deployed-data-store/payload.json"),
        ("Allow", "s3:ListBucket", "arn:aws:s3:::deployed-data-store"),
    }
    assert iam.list_attached_role_policies(**role)["AttachedPolicies"] == []


def test_the_stage_serves_the_deployment(life: Life) -> None:
    (stage,) = life.gateway.get_stages(restApiId=life.api())["item"]
    (deployment,) = life.gateway.get_deployments(restApiId=life.api())["items"]
    assert (stage["stageName"], stage["deploymentId"]) == ("v1", deployment["id"])
    assert not stage["cacheClusterEnabled"]
    assert life.served_methods() == {"GET", "HEAD"}
    assert life.gateway.get_rest_api(restApiId=life.api())["endpointConfiguration"]["types"] == ["REGIONAL"]


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_every_mapping_is_deployed(life: Life, verb: str) -> None:
    method = life.methods()[verb]
    role = life.moto.client("iam").get_role(RoleName="deployed-api-gateway-role")["Role"]["Arn"]
    integration = method["methodIntegration"]
    assert method["authorizationType"] == "NONE"
    assert method["requestParameters"] == {f"method.request.header.{name}": False for name in VALIDATORS}
    assert integration["type"] == "AWS"
    assert integration["httpMethod"] == verb
    assert integration["uri"] == "arn:aws:apigateway:us-east-1:s3:path/deployed-data-store/payload.json"
    assert integration["credentials"] == role
    assert integration["passthroughBehavior"] == "WHEN_NO_MATCH"
    assert integration["requestParameters"] == {
        f"integration.request.header.{name}": f"method.request.header.{name}" for name in VALIDATORS
    }
    answers = integration["integrationResponses"]
    patterns = {status: answer.get("selectionPattern") or None for status, answer in answers.items()}
    assert patterns == {"200": "200", "304": "304", "404": "404", "502": None}
    from_s3 = {"200": ("Cache-Control", "Content-Type", "ETag", "Last-Modified")}
    from_s3["304"] = ("Cache-Control", "ETag", "Last-Modified")
    for status, names in from_s3.items():
        assert answers[status]["responseParameters"] == {
            f"method.response.header.{name}": f"integration.response.header.{name}" for name in names
        }
        assert not answers[status].get("responseTemplates")
    for status in ("404", "502"):
        assert json.loads(answers[status]["responseTemplates"]["application/json"])["message"]
        assert answers[status]["responseParameters"] == {"method.response.header.Cache-Control": "'no-store'"}
    for status, answer in answers.items():
        declared = method["methodResponses"][status]["responseParameters"]
        assert declared == dict.fromkeys(answer["responseParameters"], False)


@pytest.fixture(scope="class")
def enforced(life: Life) -> Iterator[None]:
    life.moto.client("s3").put_object(Bucket="deployed-data-store", Key="other.json", Body=b"{}")
    with life.moto.enforcing_iam():
        yield
    for key in ("other.json", "payload.json"):
        life.moto.client("s3").delete_object(Bucket="deployed-data-store", Key=key)


@pytest.mark.usefixtures("enforced")
class TestLeastPrivilege:
    """Tried with the deployed keys while moto enforces IAM."""

    @staticmethod
    def writer(life: Life, secret: str | None = None) -> Any:
        outputs = life.outputs()
        return life.moto.client(
            "s3", key=outputs["DataStoreAccessKeyId"], secret=secret or outputs["DataStoreSecretAccessKey"]
        )

    def test_the_writer_may_replace_the_object(self, life: Life) -> None:
        for body in (b'{"a": 1}', b'{"a": 2}'):
            answer = self.writer(life).put_object(Bucket="deployed-data-store", Key="payload.json", Body=body)
            assert answer["ETag"]

    @pytest.mark.parametrize(
        ("operation", "arguments"),
        [
            ("put_object", {"Key": "other.json", "Body": b"{}"}),
            ("put_object", {"Key": "payload.json/x", "Body": b"{}"}),
            ("get_object", {"Key": "payload.json"}),
            ("delete_object", {"Key": "payload.json"}),
            ("delete_object", {"Key": "other.json"}),
            ("list_objects_v2", {}),
            ("delete_bucket", {}),
            ("get_bucket_policy", {}),
        ],
        ids=lambda value: value if isinstance(value, str) else str(value.get("Key", "bucket")),
    )
    def test_the_writer_may_do_nothing_else(self, life: Life, operation: str, arguments: dict[str, Any]) -> None:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            getattr(self.writer(life), operation)(Bucket="deployed-data-store", **arguments)
        assert caught.value.response["Error"]["Code"] == "AccessDenied"

    def test_the_writer_may_not_give_itself_rights(self, life: Life) -> None:
        outputs = life.outputs()
        iam = life.moto.client("iam", key=outputs["DataStoreAccessKeyId"], secret=outputs["DataStoreSecretAccessKey"])
        with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
            iam.create_access_key(UserName="deployed-data-store-writer")

    @pytest.mark.parametrize(
        ("operation", "arguments"),
        [
            ("put_object", {"Key": "payload.json", "Body": b"{}"}),
            ("get_object", {"Key": "payload.json"}),
            ("delete_object", {"Key": "payload.json"}),
            ("list_objects_v2", {}),
        ],
        ids=["put", "get", "delete", "list"],
    )
    def test_a_wrong_secret_may_do_nothing_at_all(self, life: Life, operation: str, arguments: dict[str, Any]) -> None:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            getattr(self.writer(life, secret="wrong" * 8), operation)(Bucket="deployed-data-store", **arguments)
        assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


def test_a_second_plan_is_empty_and_a_second_deploy_changes_nothing(
    life: Life, capfd: pytest.CaptureFixture[str]
) -> None:
    before = life.deployment()
    capfd.readouterr()
    assert life.deploy() == []
    said = re.sub(r"\x1b\[[\d;]*m", "", capfd.readouterr().out)
    assert "No changes. Your infrastructure matches the configuration." in said, said
    assert life.deployment() == before
    assert len(life.gateway.get_deployments(restApiId=life.api())["items"]) == 1


def test_original_replaces_the_mapping_and_what_is_gone_is_not_served(
    life: Life, variants: dict[str, dict[str, Any]]
) -> None:
    before, api, key = life.deployment(), life.api(), life.outputs()["DataStoreAccessKeyId"]
    life.put(variants["deployed-original"])
    removed = life.deploy()
    assert any("Method-HEAD" in address for address in removed)
    assert life.api() == api, "the URL has to stay"
    assert life.deployment() != before
    assert life.served_methods() == {"GET"}
    keys = life.moto.client("iam").list_access_keys(UserName="deployed-data-store-writer")["AccessKeyMetadata"]
    assert [each["AccessKeyId"] for each in keys] == [key], "deploying the API again leaves the writer's key alone"
    (method,) = life.methods().values()
    integration = method["methodIntegration"]
    assert not method.get("requestParameters")
    assert not integration.get("requestParameters")
    (answer,) = integration["integrationResponses"].values()
    assert answer["statusCode"] == "200"
    assert not answer.get("selectionPattern")
    assert not answer.get("responseParameters")
    assert not answer.get("responseTemplates")
    assert list(method["methodResponses"]) == ["200"]
    assert life.terraform().planned_changes() == ""


def test_half_replaces_the_mapping(life: Life, variants: dict[str, dict[str, Any]]) -> None:
    before = life.deployment()
    life.put(variants["deployed-half"])
    # What there is has just been read.
    life.terraform().run("apply", "-auto-approve", "-refresh=false", "-input=false", "-no-color")
    assert life.deployment() != before
    (method,) = life.methods().values()
    integration = method["methodIntegration"]
    assert integration["requestParameters"] == {
        f"integration.request.header.{name}": f"method.request.header.{name}" for name in VALIDATORS[:2]
    }
    (answer,) = integration["integrationResponses"].values()
    assert answer["responseParameters"] == {"method.response.header.ETag": "integration.response.header.ETag"}
    assert not answer.get("selectionPattern")
    (deployment,) = life.gateway.get_deployments(restApiId=life.api())["items"]
    assert deployment["id"] == life.deployment(), "the old deployment is gone"


def test_destroy_leaves_nothing(life: Life) -> None:
    life.project.destroy_synthesized(APPROVED)
    assert "deployed-data-store" not in str(life.moto.client("s3").list_buckets()["Buckets"])
    iam = life.moto.client("iam")
    assert "deployed" not in str(iam.list_users()["Users"])
    assert "deployed" not in str(iam.list_roles()["Roles"])
    assert "deployed Api" not in str(life.gateway.get_rest_apis()["items"])
    state = json.loads(life.state_file.read_text())
    assert state["resources"] == []
