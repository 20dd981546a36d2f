"""The whole way: `cdktf deploy` into an empty sandbox, then Locust with nothing but the outputs.json that it wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deployed_stack import REPOSITORY

from loadtest.sandbox.process import running_sandbox
from stacks.deploy import Project

pytestmark = pytest.mark.terraform


def test_locust_measures_what_cdktf_deployed(tmp_path: Path, terraform_variables: dict[str, str], cdktf: Path) -> None:
    settings = json.loads((REPOSITORY / "cdktf.json").read_text())
    settings["app"] = f"{sys.executable} {REPOSITORY / 'main.py'}"
    (tmp_path / "cdktf.json").write_text(json.dumps(settings))
    with running_sandbox() as sandbox:
        variables = terraform_variables | {"READMODEL_AWS_ENDPOINT_URL": sandbox.url}
        Project(tmp_path, cdktf, variables).deploy(tmp_path / "outputs.json", ["--auto-approve"])
        command = [sys.executable, "-m", "locust", "-f", str(REPOSITORY / "loadtest" / "locustfile.py"), "--headless"]
        command += ["-u", "20", "-r", "20", "-t", "10s", "--only-summary"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode in (0, 3), done.stdout + done.stderr
    summary = json.loads((tmp_path / "runs" / "latest" / "summary.json").read_text())
    verdicts = {question["id"]: question["verdict"] for question in summary["questions"]}
    assert verdicts["freshness"] == "PASS"
    assert verdicts["conditional"] == "PASS"
    assert verdicts["whole"] != "FAIL"
    assert summary["run"]["reads"] > 1000
    assert summary["run"]["writes"] > 3
