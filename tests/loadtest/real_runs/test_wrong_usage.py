"""What bad input gets: one clear sentence and exit code 2, before any load, and no run directory left behind.

A run is refused while Locust starts, so most of these start it in this process; its writer is a process of its own.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import gevent
import pytest
from locust.argument_parser import get_parser
from locust.env import Environment
from locust.event import Events
from locust_process import SHORT, Start, report
from warm_python import WarmPython

from benchmarks.nginx import free_port
from loadtest.load.options.options import add_arguments
from loadtest.load.plugin import ReadModelRun
from loadtest.run.files import JOURNAL_NAME
from loadtest.sandbox.process import RunningSandbox
from loadtest.target.remedies import REMEDIES, what_to_do

Refused = Callable[..., str]


@pytest.fixture
def outputs(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Any]:
    """Writes the sandbox's outputs with some of them changed (None = left out)."""

    def changed(**values: str | None) -> Path:
        content = {**sandbox.outputs(), **values}
        path = tmp_path / "changed.json"
        path.write_text(json.dumps({"read-model": {k: v for k, v in content.items() if v is not None}}))
        return path

    yield changed


@pytest.fixture
def refused(
    tmp_path: Path, warm_python: WarmPython, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Refused:
    """Starts a run, which is refused; returns what is said."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(gevent, "signal_handler", lambda *_: None)  # the signals here are pytest's
    monkeypatch.setattr(sys, "executable", str(warm_python.program))

    def refused_with(outputs: Path | None, *arguments: str) -> str:
        run_dir = tmp_path / "run"
        parser = get_parser()
        add_arguments(parser)
        headless = ("--headless", "-u", "8", "-r", "8", "-t", "4s")
        places = ("--outputs", str(outputs or tmp_path / "none.json"), "--run-dir", str(run_dir))
        options = parser.parse_args([*headless, *SHORT, *places, *arguments])
        environment = Environment(events=Events(), parsed_options=options, host=options.host)
        runner = environment.create_local_runner()
        capfd.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                ReadModelRun(environment)
        finally:
            runner.quit()
        said = capfd.readouterr()
        assert ended.value.code == 2
        assert "Traceback" not in said.err
        assert not run_dir.exists()
        return said.err

    return refused_with


def test_nothing_to_read(refused: Refused) -> None:
    said = refused(None)
    assert "There is nothing to read" in said
    assert "make deploy" in said


def test_a_host_that_refuses(refused: Refused) -> None:
    host = f"http://127.0.0.1:{free_port()}"
    said = refused(None, "--host", host, "--bucket", "bucket")
    assert f"{host}/v1/samples does not answer: Connection refused" in said


def test_a_bucket_that_does_not_exist(refused: Refused, outputs: Any) -> None:
    said = refused(outputs(S3BucketName="no-such-bucket", DataStoreAccessKeyId=None, DataStoreSecretAccessKey=None))
    assert "s3://no-such-bucket/payload.json" in said


def test_a_wrong_secret(refused: Refused, outputs: Any) -> None:
    wrong = "wrong-secret-that-must-not-be-shown"
    said = refused(outputs(DataStoreSecretAccessKey=wrong))
    assert "SignatureDoesNotMatch" in said
    assert "make deploy" in said
    assert wrong not in said


def test_a_writer_that_is_denied_in_a_process_of_its_own(start: Start, outputs: Any) -> None:
    run = start(outputs(), "--object-key", "another.json").wait()
    assert run.code == 2, run.output
    assert "AccessDenied" in run.output
    assert "fix its policy" in run.output
    assert "Traceback" not in run.output
    assert not run.run_dir.exists()


def test_a_profile_that_does_not_exist(
    sandbox: RunningSandbox, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    said = refused(sandbox.outputs_path)
    assert "ProfileNotFound: " in said
    assert "could not be found; there is no profile of that name: fix AWS_PROFILE" in said


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


def test_a_payload_of_11_mb(sandbox: RunningSandbox, refused: Refused) -> None:
    said = refused(sandbox.outputs_path, "--payload-bytes", str(11 * 1024 * 1024))
    assert "--payload-bytes is 11,534,336: give a number from 256 to 10,485,760" in said


def test_a_run_directory_that_exists(sandbox: RunningSandbox, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "precious").touch()
    assert "which exists already" in refused(sandbox.outputs_path, "--run-dir", str(tmp_path / "here"))
    assert (tmp_path / "here" / "precious").exists()


def test_an_outputs_file_of_another_shape(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('["something else"]')
    assert "does not look like the outputs of cdktf deploy" in refused(tmp_path / "other.json")


def test_an_api_that_serves_another_path(sandbox: RunningSandbox, refused: Refused) -> None:
    host = sandbox.samples_url.removesuffix("/v1/samples")
    said = refused(sandbox.outputs_path, "--host", host, "--samples-path", "/v1/nothing")
    assert "/v1/nothing answered 403" in said
    assert "Missing Authentication Token" in said


def test_a_key_that_may_not_read_is_refused_what_it_needs_to_watch(sandbox: RunningSandbox, refused: Refused) -> None:
    sandbox.enforce_iam()
    said = refused(sandbox.outputs_path, "--writer", "watch")
    assert "cannot be watched" in said
    assert "allow it s3:GetObject" in said


def test_a_run_that_ends_before_it_began(sandbox: RunningSandbox, start: Start) -> None:
    run = start(sandbox.outputs_path, "-r", "1", run_time="2s").wait()
    assert run.code == 2, run.output
    assert "nothing was measured" in run.output
    assert "Traceback" not in run.output
    assert not run.run_dir.exists()


def test_a_report_of_something_that_is_no_run(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "missing", "is not a directory"), (tmp_path, "run.json")):
        finished = report(path)
        assert finished.returncode == 2
        assert said in finished.stderr
        assert "Traceback" not in finished.stderr
