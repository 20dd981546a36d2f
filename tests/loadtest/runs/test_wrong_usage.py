"""What bad input gets: one clear sentence and exit code 2, before any load, and no run directory left behind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
from locust_process import Run, Start, report

from benchmarks.nginx import free_port
from loadtest.run.files import JOURNAL_NAME
from loadtest.sandbox.process import RunningSandbox
from loadtest.target.remedies import REMEDIES, what_to_do


@pytest.fixture
def outputs(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Any]:
    """Writes the sandbox's outputs with some of them changed (None = left out)."""

    def changed(**values: str | None) -> Path:
        content = {**sandbox.outputs(), **values}
        path = tmp_path / "changed.json"
        path.write_text(json.dumps({"read-model": {k: v for k, v in content.items() if v is not None}}))
        return path

    yield changed


def assert_refused(run: Run, *said: str) -> None:
    run.wait()
    assert run.code == 2, run.output
    for part in said:
        assert part in run.output
    assert "Traceback" not in run.output
    assert not run.run_dir.exists()


def test_nothing_to_read(start: Start) -> None:
    assert_refused(start(None), "There is nothing to read", "make deploy")


def test_a_host_that_refuses(start: Start) -> None:
    host = f"http://127.0.0.1:{free_port()}"
    run = start(None, "--host", host, "--bucket", "bucket")
    assert_refused(run, f"{host}/v1/samples does not answer: Connection refused")


def test_a_bucket_that_does_not_exist(start: Start, outputs: Any) -> None:
    run = start(outputs(S3BucketName="no-such-bucket", DataStoreAccessKeyId=None, DataStoreSecretAccessKey=None))
    run.wait()
    assert run.code == 2
    assert "s3://no-such-bucket/payload.json" in run.output


def test_a_wrong_secret(start: Start, outputs: Any) -> None:
    wrong = "wrong-secret-that-must-not-be-shown"
    run = start(outputs(DataStoreSecretAccessKey=wrong))
    assert_refused(run, "SignatureDoesNotMatch", "make deploy")
    assert wrong not in run.output


def test_a_writer_that_is_denied(start: Start, outputs: Any) -> None:
    assert_refused(start(outputs(), "--object-key", "another.json"), "AccessDenied", "fix its policy")


def test_a_profile_that_does_not_exist(sandbox: RunningSandbox, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    remedy = "could not be found; there is no profile of that name: fix AWS_PROFILE"
    assert_refused(start(sandbox.outputs_path), "ProfileNotFound: ", remedy)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("UnauthorizedSSOTokenError", "aws sso login"),
        ("SSOTokenLoadError", "aws sso login"),
        ("TokenRetrievalError", "aws sso login"),
        ("SSLError", "AWS_CA_BUNDLE"),
        ("AuthorizationHeaderMalformed (HTTP 400)", "AWS_REGION"),
        ("IllegalLocationConstraintException (HTTP 400)", "AWS_REGION"),
        ("RequestTimeTooSkewed (HTTP 403)", "clock"),
        ("AllAccessDisabled (HTTP 403)", "--bucket"),
        ("SlowDown (HTTP 503)", "wait a minute"),
        ("SomethingNew (HTTP 400)", "look it up"),
    ],
)
def test_an_error_of_version_0_says_what_to_do(error: str, remedy: str) -> None:
    said = what_to_do(error)
    assert remedy in said
    assert JOURNAL_NAME not in said  # it is removed with the run that did not begin


def test_errors_of_boto3_are_known_by_the_names_that_it_gives_them() -> None:
    named = {name for name in REMEDIES if name.endswith("Error") or name.endswith("NotFound")}
    of_others = {"InternalError", "ValueError", "FileNotFoundError", "MfaNeedsTerminalError"}  # S3's, Python's, ours
    assert {name for name in named if not hasattr(botocore.exceptions, name)} == of_others


def test_a_payload_of_11_mb(sandbox: RunningSandbox, start: Start) -> None:
    run = start(sandbox.outputs_path, "--payload-bytes", str(11 * 1024 * 1024))
    assert_refused(run, "--payload-bytes is 11,534,336: give a number from 256 to 10,485,760")


def test_a_run_directory_that_exists(sandbox: RunningSandbox, start: Start, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "precious").touch()
    assert_refused(start(sandbox.outputs_path, "--run-dir", str(tmp_path / "here")), "which exists already")
    assert (tmp_path / "here" / "precious").exists()


def test_an_outputs_file_of_another_shape(start: Start, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('["something else"]')
    assert_refused(start(tmp_path / "other.json"), "does not look like the outputs of cdktf deploy")


def test_an_api_that_serves_another_path(sandbox: RunningSandbox, start: Start) -> None:
    host = sandbox.samples_url.removesuffix("/v1/samples")
    run = start(sandbox.outputs_path, "--host", host, "--samples-path", "/v1/nothing")
    assert_refused(run, "/v1/nothing answered 403", "Missing Authentication Token")


def test_a_run_that_ends_before_it_began(sandbox: RunningSandbox, start: Start) -> None:
    assert_refused(start(sandbox.outputs_path, "-r", "1", run_time="2s"), "nothing was measured")


def test_a_report_of_something_that_is_no_run(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "missing", "is no directory"), (tmp_path, "run.json")):
        finished = report(path)
        assert finished.returncode == 2
        assert said in finished.stderr
        assert "Traceback" not in finished.stderr
