"""Runs that lose a process, or have one with another clock or without files: reported, and never passed over."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from locust_process import PROJECT, Run, Start, report

from benchmarks.nginx import free_port
from loadtest.run.presence import registration_of
from loadtest.sandbox.process import RunningSandbox

OTHER_CLOCK = ("unshare", "-T", "--monotonic")


def can(*command: str) -> bool:
    try:
        return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def process_of(run: Run, role: str, share: int = 0) -> int:
    """The process that records this share of a run."""
    for path in run.run_dir.glob("spool/*.recorder"):
        said = registration_of(path)
        if said is not None and (said["role"], said["share"]) == (role, share):
            return int(said["process"])
    raise AssertionError(f"nobody records {role} {share}")


def assert_missing(run: Run, *parts: str) -> None:
    """No question passes, and each says what is missing."""
    assert len(run.summary["run"]["ended"]["missing"]) >= 1
    for question in run.summary["questions"]:
        assert question["verdict"] == "INCONCLUSIVE", question
        for part in parts:
            assert part in question["sentence"]


@contextmanager
def workers(port: int, *prefixes: tuple[str, ...]) -> Iterator[None]:
    """Workers of a master at ``port``, each started behind a prefix."""
    command = [sys.executable, "-m", "locust", "-f", str(PROJECT / "loadtest" / "locustfile.py"), "--worker"]
    command += ["--master-port", str(port)]
    started = [subprocess.Popen([*prefix, *command], stderr=subprocess.DEVNULL) for prefix in prefixes]
    try:
        yield
        for process in started:
            process.wait(30)
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_worker_that_hangs_is_ended_and_named(sandbox: RunningSandbox, start: Start) -> None:
    run = start(sandbox.outputs_path, "--processes", "2", run_time="6s")
    run.wait_until_reading(300)
    hanging = process_of(run, "worker", 1)
    os.kill(hanging, signal.SIGSTOP)
    run.wait()
    assert run.code == 3, run.output
    assert_missing(run, "Worker 2 of 2 was last heard from")
    assert "Traceback" not in run.output
    assert not Path(f"/proc/{hanging}").exists()


def test_a_writer_that_hangs_is_ended_and_named(sandbox: RunningSandbox, start: Start) -> None:
    run = start(sandbox.outputs_path, run_time="5s")
    run.wait_until_reading(300)
    hanging = process_of(run, "writer")
    os.kill(hanging, signal.SIGSTOP)
    run.wait()
    assert run.code == 3, run.output
    assert_missing(run, "The writer was last heard from")
    assert not Path(f"/proc/{hanging}").exists()


def test_workers_and_writer_end_by_themselves_when_their_master_is_killed(
    sandbox: RunningSandbox, start: Start
) -> None:
    run = start(sandbox.outputs_path, "--processes", "2", run_time="60s")
    run.wait_until_reading(300)
    left = [process_of(run, "worker", 0), process_of(run, "worker", 1), process_of(run, "writer")]
    run.signal(signal.SIGKILL)
    for _ in range(200):
        if not any(Path(f"/proc/{process}/exe").exists() for process in left):
            break
        time.sleep(0.1)
    else:
        raise AssertionError("they go on without their master")
    assert report(run.run_dir).returncode == 3
    assert_missing(run, "The run was cut short")
    assert len(list(run.run_dir.glob("spool"))) == 0


@pytest.mark.skipif(not can(*OTHER_CLOCK, "-1"), reason="no time namespace can be made here")
@pytest.mark.parametrize("ahead", ["-1", "36000"])
def test_a_worker_with_another_clock_does_not_take_part(sandbox: RunningSandbox, start: Start, ahead: str) -> None:
    sandbox.set_fault("replica-lag", "1000ms" if ahead == "-1" else "off")
    port = free_port()
    with workers(port, (*OTHER_CLOCK, ahead), (*OTHER_CLOCK, ahead) if ahead == "-1" else ()):
        master = ("--master", "--expect-workers", "2", "--master-bind-port", str(port), "--arrival-rate", "0")
        run = start(sandbox.outputs_path, *master, run_time="4s").wait()
    assert run.code == 3, run.output
    side = "behind" if ahead == "-1" else "ahead of"
    assert f"{side} the master's" in run.output
    assert_missing(run, "did not take part: its clock (CLOCK_MONOTONIC) is at least", side)


@pytest.mark.skipif(not can("unshare", "-m"), reason="no mount namespace can be made here")
def test_a_worker_that_does_not_see_the_run_directory_is_named(
    sandbox: RunningSandbox, start: Start, tmp_path: Path
) -> None:
    port = free_port()
    hidden = ("unshare", "-m", "sh", "-c", f'mount -t tmpfs none {tmp_path} && exec "$@"', "sh")
    with workers(port, hidden, ()):
        master = ("--master", "--expect-workers", "2", "--master-bind-port", str(port), "--arrival-rate", "0")
        run = start(sandbox.outputs_path, *master, run_time="4s").wait()
    assert run.code == 3, run.output
    assert_missing(run, "did not take part: it shares no files with the master")
