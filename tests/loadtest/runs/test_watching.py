"""A run that watches: somebody else publishes, the suite only reads, with a key that may read and nothing else."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from locust_process import PROJECT, Start

from loadtest.sandbox.process import RunningSandbox

pytestmark = pytest.mark.usefixtures("without_page")

KEY = "payload.json"
FAST = ("--arrival-rate", "300", "--write-interval", "0.2", "--payload-bytes", "2048")


@pytest.fixture
def publisher(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``python -m loadtest publish``, with the deployment's own key; every key is checked against IAM."""
    assert sandbox.outputs_path is not None
    command = [sys.executable, "-m", "loadtest", "publish", "--outputs", str(sandbox.outputs_path)]
    command += ["--bytes", "2000"]
    subprocess.run([*command, "--times", "1"], check=True, cwd=PROJECT, capture_output=True)
    process = subprocess.Popen([*command, "--every", "0.6"], cwd=PROJECT, stderr=(tmp_path / "published").open("wb"))
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def reader_key(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A key that may read the object and do nothing else, in the environment; its secret."""
    sandbox.enforce_iam(False)
    iam = boto3.client("iam", "us-east-1", endpoint_url=sandbox.url, aws_access_key_id="o", aws_secret_access_key="o")
    bucket = sandbox.outputs()["S3BucketName"]
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/{KEY}"}
    iam.create_user(UserName="watcher")
    iam.put_user_policy(
        UserName="watcher",
        PolicyName="read",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    key = iam.create_access_key(UserName="watcher")["AccessKey"]
    sandbox.enforce_iam()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    yield str(key["SecretAccessKey"])
    sandbox.enforce_iam(False)
    iam.delete_access_key(UserName="watcher", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="watcher", PolicyName="read")
    iam.delete_user(UserName="watcher")
    sandbox.enforce_iam()


def published(sandbox: RunningSandbox) -> int:
    return int(next(held for held in sandbox.state()["objects"] if held["key"] == KEY)["published"])


@pytest.mark.slow
def test_a_run_that_watches_sends_no_put_and_answers_with_a_key_that_may_only_read(
    sandbox: RunningSandbox, reader_key: str, publisher: subprocess.Popen[bytes], start: Start, tmp_path: Path
) -> None:
    run = start(sandbox.outputs_path, "--writer", "watch", "--watch-interval", "0.1", *FAST, run_time="6s").wait()
    publisher.kill()
    publisher.wait()
    assert run.code in (0, 3), run.output
    assert "Traceback" not in run.output
    assert "PUT" not in run.output.split("Response time percentiles")[0]
    assert run.question("whole")["verdict"] == "PASS", run.question("whole")
    assert run.question("freshness")["verdict"] == "PASS", run.question("freshness")
    assert run.question("conditional")["verdict"] == "PASS", run.question("conditional")
    seen = run.summary["run"]["writes"]
    own = (tmp_path / "published").read_text().count("published revision")
    assert 6 <= seen <= own + 1
    assert not (run.run_dir / "kept").exists()
    assert json.loads((run.run_dir / "run.json").read_text())["watch"]["heads"] > 20
    for path in run.run_dir.rglob("*"):
        assert path.is_dir() or reader_key.encode() not in path.read_bytes()


@pytest.mark.slow
def test_lag_of_known_size_is_recovered_by_a_run_that_watches(
    sandbox: RunningSandbox, reader_key: str, publisher: subprocess.Popen[bytes], start: Start
) -> None:
    """Wider than with PUTs of our own: by the time between two HEADs."""
    sandbox.set_fault("replica-lag", "300ms")
    run = start(sandbox.outputs_path, "--writer", "watch", "--watch-interval", "0.05", *FAST, run_time="6s").wait()
    assert run.code == 1, run.output
    stalest = {
        number["name"]: number["value"]
        for number in run.check("fresh-reads")["numbers"]
        if "staleness" in number["name"]
    }
    least, most = stalest.values()
    assert 100e6 < least <= 310e6, stalest
    assert least <= most < 900e6, stalest


@pytest.mark.slow
def test_a_run_without_a_key_judges_what_answers_alone_can_show(
    sandbox: RunningSandbox, publisher: subprocess.Popen[bytes], start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No outputs, no bucket, no credentials: only the address that readers know."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    host = sandbox.samples_url.removesuffix("/v1/samples")
    run = start(None, "--outputs", "none", "--host", host, "--writer", "none", *FAST, run_time="7s").wait()
    assert run.code == 3, run.output
    assert "Traceback" not in run.output
    assert "--writer none" in run.question("freshness")["sentence"]
    assert run.question("freshness")["verdict"] == "INCONCLUSIVE"
    assert run.question("conditional")["verdict"] == "PASS"
    assert run.check("whole-bodies")["found"] == run.check("monotonic-reads")["found"] == 0
    assert json.loads((run.run_dir / "run.json").read_text())["watch"]["documents"] > 5


@pytest.mark.slow
def test_a_publisher_of_their_own_runs_on_our_schedule_and_its_exit_code_is_an_outcome(
    sandbox: RunningSandbox, reader_key: str, publisher: subprocess.Popen[bytes], start: Start
) -> None:
    publisher.kill()  # it has published one document; the rest is the command's
    publisher.wait()
    outputs = sandbox.outputs_path
    command = f"{sys.executable} -m loadtest publish --times 1 --outputs {outputs} # {'MYSECRET'}"
    run = start(
        *(outputs, "--publish-command", f"cd {PROJECT} && {command}", "--watch-interval", "0.1"),
        *(*FAST, "--window", "2", "--write-interval", "1.5"),
        run_time="12s",
    ).wait()
    assert run.code in (0, 3), run.output
    assert "Traceback" not in run.output
    described = json.loads((run.run_dir / "run.json").read_text())
    ran = described["watch"]["command"]
    assert len(ran) >= 2
    assert {one["code"] for one in ran} <= {0, None}
    assert run.summary["run"]["writes"] >= 2
    assert run.check("fresh-reads")["found"] == run.check("whole-bodies")["found"] == 0
    for path in run.run_dir.rglob("*"):
        assert path.is_dir() or b"MYSECRET" not in path.read_bytes()
