"""``python -m loadtest sandbox``: how it starts, what it says, what it refuses, how it ends."""

import argparse
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from gateway_bench import SYNTH

from loadtest.commands import sandbox as cli
from loadtest.sandbox.faults.registry import KINDS
from loadtest.sandbox.process import SandboxError, running_sandbox

CONDITIONAL = SYNTH / "conditional.tf.json"
PROJECT = Path(__file__).resolve().parents[2]


def refusal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """The one sentence on standard error with which it refuses."""
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    assert cli.run(parser.parse_args(arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("sandbox: ")
    assert printed.err.count("\n") == 1
    return printed.err


def test_wrong_usage_gets_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def said(*arguments: str) -> str:
        return refusal(capsys, monkeypatch, "--outputs", str(tmp_path / "outputs.json"), *arguments)

    synth = ("--synth-dir", str(CONDITIONAL))
    assert "run `make synth`" in said("--synth-dir", str(tmp_path))
    assert "There is no fault 'latncy'" in said(*synth, "--fault", "latncy=5ms")
    assert "value of the fault latency cannot be used: '5' is not a duration" in said(*synth, "--fault", "latency=5")
    assert "has no value; write torn=RATE" in said(*synth, "--fault", "torn")
    assert "The port 70000 does not exist" in said(*synth, "--port", "70000")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port} (Address already in use)" in said(*synth, "--port", port)
    assert "cannot listen on 192.0.2.1:0" in said(*synth, "--host", "192.0.2.1")
    broken = tmp_path / "cdk.tf.json"
    broken.write_text("{")
    assert "cannot be read as JSON" in said("--synth-dir", str(broken))
    missing_folder = refusal(capsys, monkeypatch, *synth, "--outputs", str(tmp_path / "missing" / "outputs.json"))
    assert "cannot be written" in missing_folder


def test_outputs_of_a_real_deployment_are_not_written_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outputs = tmp_path / "outputs.json"
    real = '{"read-model": {"SamplesUrl": "https://a.execute-api.us-east-1.amazonaws.com/v1/samples"}}'
    outputs.write_text(real)
    sentence = refusal(capsys, monkeypatch, "--synth-dir", str(CONDITIONAL), "--outputs", str(outputs))
    assert "move it away, or give another file with --outputs" in sentence
    assert outputs.read_text() == real


def test_help_lists_every_fault_with_its_form(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    printed = capsys.readouterr().out
    assert all(f"{kind.name}={kind.form}" in printed for kind in KINDS)


def test_importing_the_command_is_cheap() -> None:
    script = "import sys, loadtest.commands.sandbox, loadtest.sandbox.process; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"boto3", "moto", "uvicorn", "aiohttp", "numpy"} & set(printed)


def test_it_starts_says_so_writes_outputs_and_ends_cleanly(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    options = ["--synth-dir", str(CONDITIONAL), "--outputs", str(outputs)]
    environment = {**os.environ, "AWS_PROFILE": "of-somebody", "AWS_ENDPOINT_URL": "http://192.0.2.1"}
    for number in (signal.SIGINT, signal.SIGTERM):
        command = [sys.executable, "-m", "loadtest", "sandbox", *options]
        with subprocess.Popen(
            command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            written = json.loads(outputs.read_text())["conditional"]
            assert line == f"sandbox ready: {written['SamplesUrl']} (a stand-in for AWS, not AWS)\n"
            assert stat.S_IMODE(outputs.stat().st_mode) == 0o600
            assert set(written) == {
                "SamplesUrl", "S3BucketName", "DataStoreAccessKeyId", "DataStoreSecretAccessKey", "DataStoreUser"
            }  # fmt: skip
            root = written["SamplesUrl"].split("/_aws/")[0]
            moto = json.load(urllib.request.urlopen(f"{root}/_sandbox"))["moto"]["pid"]
            process.send_signal(number)
            assert process.wait(120) == 0
            assert process.stdout.read() == ""
            assert process.stderr.read() == ""
            assert has_ended(moto)


def test_faults_are_given_at_the_start_and_moto_ends_with_a_sandbox_that_is_killed() -> None:
    with running_sandbox(CONDITIONAL, faults={"latency": "1ms", "always-304": "on"}) as sandbox:
        assert sandbox.state()["faults"] == {"always-304": "on", "latency": "1ms"}
        moto = sandbox.state()["moto"]["pid"]
        os.kill(sandbox.pid, signal.SIGKILL)
        assert has_ended(moto)


def test_a_sandbox_ends_with_the_process_that_started_it() -> None:
    script = (
        "import sys, time; from pathlib import Path; from loadtest.sandbox.process import running_sandbox\n"
        "with running_sandbox(Path(sys.argv[1])) as sandbox: print(sandbox.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(CONDITIONAL)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        sandbox = int(process.stdout.readline())
        process.kill()
    assert has_ended(sandbox)


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_the_helper_says_why_a_sandbox_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="run `make synth`"), running_sandbox(tmp_path):
        pass
    with pytest.raises(SandboxError, match="There is no fault"), running_sandbox(CONDITIONAL, faults={"no": "1"}):
        pass
