"""Runs that lose a process: reported, and never passed over."""

import os
import signal
import time
from pathlib import Path

from locust_process import Run, Start, report

from loadtest.run.presence import registration_of
from loadtest.sandbox.process import RunningSandbox


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


def test_a_worker_and_a_writer_that_hang_are_ended_and_named(sandbox: RunningSandbox, start: Start) -> None:
    """Both at once, as each is waited for; that one alone decides every answer is shown by `test_attendance`."""
    run = start(sandbox.outputs_path, "--processes", "2", run_time="4s")
    run.wait_until_reading(300)
    hanging = [process_of(run, "worker", 1), process_of(run, "writer")]
    for process in hanging:
        os.kill(process, signal.SIGSTOP)
    run.wait()
    assert run.code == 3, run.output
    assert_missing(run, "Worker 2 of 2 was last heard from", "The writer was last heard from")
    assert "Traceback" not in run.output
    assert not any(Path(f"/proc/{process}").exists() for process in hanging)


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
