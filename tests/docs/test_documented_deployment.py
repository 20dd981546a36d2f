"""The page "Deploying to AWS", typed as it stands, with a sandbox in the place of AWS.

`make deploy` gets and starts the provider as it does for users; the commands after it, which need it again, find one
that runs (quick_terraform.py). What only the test asks AWS, it asks without the AWS command line, which takes seconds.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from commands import shell_blocks
from documented import PROJECT, copy_of_project, shell
from quick_terraform import LESS_COLLECTING, LESS_TO_READ
from warm_python import QuickSandbox

from loadtest.project import locust_command
from loadtest.sandbox.process import RunningSandbox
from stacks.deploy import environment

REPLACE_KEY = (
    "cd cdktf.out/stacks/<stack>",
    "terraform apply -replace=$(terraform state list | grep aws_iam_access_key)",
)
EMPTY = "aws s3 rm s3://<bucket> --recursive"
OWN_KEY = "aws iam create-access-key --user-name <stack_name>-data-store-writer"
MIGRATE = "node_modules/.bin/cdktf deploy --migrate-state"


KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture
def account(terraform_variables: dict[str, str], cdktf: Path, quick_sandbox: QuickSandbox) -> Iterator[RunningSandbox]:
    """An empty sandbox; skips where something is missing that the page asks for."""
    for program in ("aws", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not in the PATH")
    with quick_sandbox() as running:
        yield running


def client(service: str, account: RunningSandbox) -> Any:
    key = {name.lower(): value for name, value in KEY.items()}
    return boto3.client(service, endpoint_url=account.url, region_name="us-east-1", **key)


def locust_measures_what_was_deployed(folder: Path) -> None:
    """The whole way: Locust with nothing but the outputs.json that `cdktf deploy` wrote."""
    command = locust_command()
    command += ["-u", "20", "-r", "20", "-t", "10s", "--arrival-rate", "300", "--only-summary"]  # spares both cores
    without_aws = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        command, cwd=folder, env=without_aws, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode in (0, 3), done.stdout + done.stderr
    summary = json.loads((folder / "runs" / "latest" / "summary.json").read_text())
    verdicts = {question["id"]: question["verdict"] for question in summary["questions"]}
    assert verdicts["freshness"] == "PASS"
    assert verdicts["conditional"] == "PASS"
    assert verdicts["whole"] != "FAIL"
    assert summary["run"]["reads"] > 1000
    assert summary["run"]["writes"] > 3


def test_deployed_as_the_page_says(
    account: RunningSandbox, terraform_variables: dict[str, str], tmp_path: Path
) -> None:
    """In the order in which a reader comes to the commands."""
    folder = copy_of_project(
        tmp_path / "project",
        *("loadtest", "stacks", "main.py", "Makefile", "requirements.txt", "package.json", "package-lock.json"),
    )
    (folder / "node_modules").symlink_to(PROJECT / "node_modules")
    (folder / ".build").mkdir()
    page = (PROJECT / "docs" / "deploying.md").read_text(encoding="utf-8")
    (chosen,) = re.findall(r'^ *("context": \{ "readModel": .*\})$', page, re.M)
    settings = json.loads((PROJECT / "cdktf.json").read_text()) | json.loads(f"{{{chosen}}}")
    (folder / "cdktf.json").write_text(json.dumps(settings))
    stack = settings["context"]["readModel"]["stack_name"]

    here = {"READMODEL_AWS_ENDPOINT_URL": account.url, "AWS_ENDPOINT_URL": account.url}
    here |= KEY
    here |= {"AWS_DEFAULT_REGION": settings["context"]["readModel"]["region"], "AWS_PAGER": ""}
    here |= {"TF_CLI_CONFIG_FILE": environment()["TF_CLI_CONFIG_FILE"], **LESS_COLLECTING, **LESS_TO_READ}

    def done(command: str) -> str:
        finished = shell(command, folder, seconds=300, **here)
        assert finished.returncode == 0, f"{command}\n{finished.stdout[-3000:]}\n{finished.stderr[-3000:]}"
        return finished.stdout

    def outputs() -> dict[str, str]:
        content: dict[str, str] = json.loads((folder / "outputs.json").read_text())[stack]
        return content

    done("make deploy")
    here |= terraform_variables
    (publish,) = (block.text for block in shell_blocks() if block.text.startswith("STACK="))
    _, conditional = re.findall(r"^curl .*$", publish, re.M)
    answer = done(publish.replace(conditional, ""))
    etag = re.search(r'^etag: ("[^"]+")', answer, re.M | re.I)
    assert "HTTP/1.1 200" in answer
    assert '{"hello": "world"}' in answer
    assert etag
    assert '"…that ETag…"' in conditional
    definitions = publish.partition("\n\n")[0]
    conditional = conditional.replace('"…that ETag…"', etag[1])
    assert "HTTP/1.1 304" in done(f"{definitions}\n{conditional}")

    locust_measures_what_was_deployed(folder)

    iam, user = client("iam", account), {"UserName": outputs()["DataStoreUser"]}

    def keys() -> list[str]:
        return [key["AccessKeyId"] for key in iam.list_access_keys(**user)["AccessKeyMetadata"]]

    assert keys() == [outputs()["DataStoreAccessKeyId"]]
    # A person types the yes that Terraform asks for.
    replacing = [command.replace("<stack>", stack) for command in REPLACE_KEY]
    done(" && ".join([replacing[0], f"echo yes | {replacing[1]}"]))
    (new_key,) = keys()
    assert new_key != outputs()["DataStoreAccessKeyId"]
    made = json.loads(done(OWN_KEY.replace("<stack_name>", stack)))["AccessKey"]
    assert made["UserName"] == outputs()["DataStoreUser"]
    iam.delete_access_key(**user, AccessKeyId=made["AccessKeyId"])

    done(EMPTY.replace("<bucket>", outputs()["S3BucketName"]))
    manifest = folder / "cdktf.out" / "manifest.json"
    # The settings are what they were, so this and the rest of cdktf.out are what it would make.
    (folder / "main.py").write_text(f"open({str(manifest)!r}, 'w').write({manifest.read_text()!r})")
    manifest.unlink()
    done("make synth")
    manifest.unlink()
    done("make destroy")
    assert client("s3", account).list_buckets()["Buckets"] == []
    assert "--migrate-state" in done(MIGRATE.replace("--migrate-state", "--help"))
