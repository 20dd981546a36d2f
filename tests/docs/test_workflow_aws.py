"""The steps of aws.yml, with the sandbox in the place of AWS: deploy, probe, load, report, destroy.

The stack that its settings make was synthesized with all others.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from documented import PROJECT, copy_of_project, synthesized_before
from synthesized_once import synthesized_once
from warm_python import QuickSandbox
from workflow_steps import Job

from loadtest.sandbox.process import RunningSandbox

STATE_BUCKET = "state-of-the-test"
STACK = "read-model-ci-42"
CONTEXT = {
    "github.repository_id": "42",
    "vars.READMODEL_STATE_BUCKET": STATE_BUCKET,
    "inputs.run-time": "4s",
    "inputs.users": "4",
    "inputs.arrival-rate": "100",
}


@pytest.fixture(scope="module")
def sandbox(terraform_variables: dict[str, str], cdktf: Path, quick_sandbox: QuickSandbox) -> Iterator[RunningSandbox]:
    with quick_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def variables(sandbox: RunningSandbox, terraform_variables: dict[str, str]) -> dict[str, str]:
    """What stands in for AWS and for the role that a job assumes."""
    key = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    return {"READMODEL_AWS_ENDPOINT_URL": sandbox.url, "AWS_DEFAULT_REGION": "us-east-1", **key, **terraform_variables}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a job finds it after its set-up: what is installed is what is installed here."""
    folder = copy_of_project(
        tmp_path_factory.mktemp("aws") / "project",
        *("loadtest", "stacks", "cdktf.json", "Makefile", "requirements.txt", ".github"),
        *("package.json", "package-lock.json"),
    )
    synthesized_before(folder, next(synthesized_once().glob("workflow/stacks/*/cdk.tf.json")))
    (folder / "node_modules").symlink_to(PROJECT / "node_modules")
    (folder / ".build").mkdir()
    return folder


def s3(sandbox: RunningSandbox):  # boto3 has no types
    key = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=sandbox.url, **key)


def checked(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def test_a_night(sandbox: RunningSandbox, variables: dict[str, str], checkout: Path) -> None:
    buckets = s3(sandbox)
    buckets.create_bucket(Bucket=STATE_BUCKET)
    measure = Job("aws.yml", "measure", checkout, dict(CONTEXT))
    checked(measure.step("Deploy", **variables))
    outputs = (checkout / "outputs.json").read_text()
    assert "DataStoreSecretAccessKey" not in outputs
    keys = [item["Key"] for item in buckets.list_objects_v2(Bucket=STATE_BUCKET)["Contents"]]
    assert keys == [f"{STACK}/terraform.tfstate"]

    checked(measure.step("Probe", **variables))
    checked(measure.step("Load", **variables))
    checked(measure.step("Report", **variables))
    assert measure.context["steps.probe.outputs.code"] in ("0", "3")
    assert measure.context["steps.load.outputs.code"] in ("0", "3")
    assert (checkout / measure.context["steps.report.outputs.folder"] / "report.html").exists()
    for part in ("if-none-match-current", "Is every read whole?", "This run cost about $"):
        assert part in measure.summary
    assert measure.step("Pass, warn or fail").returncode == 0

    # Another machine destroys: it has the checkout and the state's bucket, and nothing of what deployed.
    for left in ("cdktf.out", "outputs.json"):
        path = checkout / left
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    destroy = Job("aws.yml", "destroy", checkout, dict(CONTEXT))
    checked(destroy.step("Destroy", **variables))
    assert [bucket["Name"] for bucket in buckets.list_buckets()["Buckets"]] == [STATE_BUCKET]
