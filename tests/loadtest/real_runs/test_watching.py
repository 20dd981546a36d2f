"""A run that watches: somebody else publishes, the suite only reads, with a key that may read and nothing else.

The commands are those of docs/own-read-model.md, typed as they stand there, but for the words that name somebody's own
read model and for how long a run takes.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest
from locust_process import PROJECT, Type

from loadtest.run.loading import load_history
from loadtest.sandbox.process import RunningSandbox
from tests.docs.documented import blocks

KEY = "payload.json"
WATCHING, SCHEDULE, NO_KEY = "Watching your publisher", "Your publisher, our schedule", "Without a key for the store"
BOTH_ADDRESSES = " --samples-path /v1/samples --samples-path /_cdn/v1/samples"


def commands(heading: str, instead: Mapping[str, str]) -> list[str]:
    """The commands under a heading of the page, with other words in the place of some; each must be there."""
    text = "".join(block.text for block in blocks("own-read-model.md", language="sh", heading=heading))
    for words, others in instead.items():
        assert words in text
        text = text.replace(words, others)
    return text.replace("\\\n", " ").splitlines()


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
def reader_key(sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The profile ``reader``: a key that may read the object and do nothing else; its secret."""
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
    without_keys(monkeypatch)
    content = f"[reader]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
    (tmp_path / "credentials").write_text(content)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    yield str(key["SecretAccessKey"])
    sandbox.enforce_iam(False)
    iam.delete_access_key(UserName="watcher", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="watcher", PolicyName="read")
    iam.delete_user(UserName="watcher")
    sandbox.enforce_iam()


def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def host_of(sandbox: RunningSandbox) -> str:
    return sandbox.samples_url.removesuffix("/v1/samples")


def published(folder: Path) -> int:
    """How often the publisher has published, by its own account."""
    return (folder / "published").read_text().count("published revision")


def puts_of_others(sandbox: RunningSandbox, folder: Path) -> int:
    """The PUTs that the sandbox has counted, without those of the publisher, by its own account."""
    counted = next(held for held in sandbox.state()["objects"] if held["key"] == KEY)["published"]
    return int(counted) - published(folder)


@pytest.mark.slow
def test_a_run_that_watches_sends_no_put_and_answers_with_a_key_that_may_only_read(
    sandbox: RunningSandbox, reader_key: str, publisher: subprocess.Popen[bytes], typed: Type, tmp_path: Path
) -> None:
    own = {"https://data.example.com": host_of(sandbox), "my-bucket": sandbox.outputs()["S3BucketName"]}
    before = puts_of_others(sandbox, tmp_path)
    run = typed(commands(WATCHING, own)[0])
    run.wait_until_recorded(reads=400, writes=10)
    run.signal(signal.SIGTERM).wait()
    publisher.kill()
    publisher.wait()
    assert run.code in (0, 3), run.output
    assert "Traceback" not in run.output
    assert "PUT" not in run.output.split("Response time percentiles")[0]
    assert run.question("whole")["verdict"] == "PASS", run.question("whole")
    assert run.question("freshness")["verdict"] == "PASS", run.question("freshness")
    assert run.question("conditional")["verdict"] == "PASS", run.question("conditional")
    seen = run.summary["run"]["writes"]
    put = published(tmp_path)
    assert 10 <= seen <= put + 1
    after = puts_of_others(sandbox, tmp_path)
    assert abs(after - before) <= 1, "one PUT may have been counted and not been told of"
    assert not (run.run_dir / "kept").exists()
    assert run.description["watch"]["heads"] > 10
    for path in run.run_dir.rglob("*"):
        assert path.is_dir() or reader_key.encode() not in path.read_bytes()


@pytest.mark.slow
def test_lag_of_known_size_is_recovered_by_what_is_typed_to_try_it(sandbox: RunningSandbox, typed: Type) -> None:
    """Wider than with PUTs of our own: by the time between two HEADs."""
    _, _, any_key, publish, watch = commands(WATCHING, {"http://127.0.0.1:8080": sandbox.url})
    enforced = sandbox.state()["enforces_iam"]
    assert typed(any_key).wait().code == 0
    publishing = typed(f"{publish} 2>&1")
    try:
        assert publishing.process.stdout is not None
        assert publishing.process.stdout.readline().startswith("published revision 0")
        sandbox.set_fault("replica-lag", "300ms")
        run = typed(watch)
        run.wait_until_recorded(reads=400, writes=5)
        run.signal(signal.SIGTERM).wait()
    finally:
        sandbox.enforce_iam(enforced)
    assert run.code == 1, run.output
    assert run.summary["run"]["writes"] >= 5
    stalest = {
        number["name"]: number["value"]
        for number in run.check("fresh-reads")["numbers"]
        if "staleness" in number["name"]
    }
    least, most = stalest.values()
    assert 0 < least <= 310e6, stalest
    reads = load_history(run.run_dir).reads
    between_heads = max(window["put_ns"] for window in run.summary["consistency"]["windows"])
    assert 290e6 <= most <= least + between_heads + int((reads.returned_ns - reads.called_ns).max()), stalest
    assert "although a HEAD had shown version" in run.check("fresh-reads")["witnesses"][0]["sentence"]


@pytest.mark.slow
def test_a_run_without_a_key_judges_what_answers_alone_can_show(
    sandbox: RunningSandbox,
    publisher: subprocess.Popen[bytes],
    typed: Type,
    checkout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No outputs, no bucket, no credentials: only the address that readers know."""
    without_keys(monkeypatch)
    (checkout / "outputs.json").unlink()
    run = typed(*commands(NO_KEY, {"https://data.example.com": host_of(sandbox)}))
    run.wait_until_recorded(reads=200)
    before = published(tmp_path)
    run.wait_until(lambda: published(tmp_path) >= before + 8)
    run.wait_until_recorded(run.flushed() + 200)
    run.signal(signal.SIGTERM).wait()
    assert run.code == 3, run.output
    assert "Traceback" not in run.output
    assert "--writer none" in run.question("freshness")["sentence"]
    assert run.question("freshness")["verdict"] == "INCONCLUSIVE"
    assert run.question("conditional")["verdict"] == "PASS"
    assert run.check("whole-bodies")["found"] == run.check("monotonic-reads")["found"] == 0
    assert run.description["watch"]["documents"] > 5


@pytest.mark.slow
def test_a_publisher_of_their_own_runs_on_our_schedule_and_its_exit_code_is_an_outcome(
    sandbox: RunningSandbox,
    reader_key: str,
    publisher: subprocess.Popen[bytes],
    typed: Type,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Read at two addresses, for it does not matter to a publisher how many there are."""
    publisher.kill()  # it has published one document; the rest is the command's
    publisher.wait()
    monkeypatch.setenv("AWS_PROFILE", "reader")
    (checkout / "Makefile").write_text("publish:\n\t@python -m loadtest publish --times 1\n")
    own = {"300s": "40s", "--write-interval 5 --window 20": "--write-interval 1.5 --window 2"}
    (command,) = commands(SCHEDULE, own)
    run = typed(command + BOTH_ADDRESSES)
    run.wait_until_recorded(reads=600, writes=2)
    run.signal(signal.SIGTERM).wait()
    (checkout / "Makefile").unlink()
    assert run.code in (0, 3), run.output
    assert "Traceback" not in run.output
    ran = run.description["watch"]["command"]
    assert len(ran) >= 2
    assert {one["code"] for one in ran} <= {0, None}
    assert run.summary["run"]["writes"] >= 2
    assert run.check("fresh-reads")["found"] == run.check("whole-bodies")["found"] == 0
    assert [row["reads"] > 100 for row in run.summary["addresses"]] == [True, True]
    for path in run.run_dir.rglob("*"):
        assert path.is_dir() or b"make publish" not in path.read_bytes()
