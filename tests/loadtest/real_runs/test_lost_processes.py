"""Runs that lose a process: reported, and never passed over."""

import os
import signal
from pathlib import Path

from locust_process import Run, Start, report, until

from loadtest.run.spool.presence import pulse_of, registration_of
from loadtest.sandbox.process import RunningSandbox

IMPATIENT = {
    **{"plugin.LEAST_STOP_TIMEOUT_S": 1.0, "workers.record_receiver.SILENCE_S": 1.0, "ending._PATIENCE_S": 1.0},
    **{"writer.conversation._GRACE_S": 1, "writer.conversation._LAST_GRACE_S": 1},
}
"""A process that hangs does so for ever, so that it need not be waited for as long as one that may go on."""


def recording(run: Run) -> dict[tuple[str, int], int]:
    """The processes that record a run, by role and share, once all three were heard from."""
    found: dict[tuple[str, int], int] = {}

    def all_three() -> bool:
        for path in run.run_dir.glob("spool/*.recorder"):
            said = registration_of(path)
            if said is not None and pulse_of(path) is not None:
                found[said["role"], said["share"]] = said["process"]
        return len(found) == 3

    run.wait_until(all_three)
    run.wait_until_recorded()
    return found


def assert_missing(run: Run, *parts: str) -> None:
    """No question passes, and each says what is missing."""
    assert len(run.summary["run"]["ended"]["missing"]) >= 1
    for question in run.summary["questions"]:
        assert question["verdict"] == "INCONCLUSIVE", question
        for part in parts:
            assert part in question["sentence"]


def test_a_worker_and_a_writer_that_hang_are_ended_and_named(sandbox: RunningSandbox, start: Start) -> None:
    """Both at once, as each is waited for; that one alone decides every answer is shown by `test_attendance`."""
    run = start(sandbox.outputs_path, "--processes", "2", run_time=None, constants=IMPATIENT)
    processes = recording(run)
    hanging = [processes["worker", 1], processes["writer", 0]]
    for process in hanging:
        os.kill(process, signal.SIGSTOP)
    run.signal(signal.SIGTERM).wait()
    assert run.code == 3, run.output
    assert_missing(run, "Worker 2 of 2 was last heard from", "The writer was last heard from")
    assert "Traceback" not in run.output
    assert not any(Path(f"/proc/{process}").exists() for process in hanging)


def test_workers_and_writer_end_by_themselves_when_their_master_is_killed(
    sandbox: RunningSandbox, start: Start
) -> None:
    run = start(sandbox.outputs_path, "--processes", "2", run_time="300s")
    left = recording(run).values()
    run.signal(signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{process}/exe").exists() for process in left))
    assert report(run.run_dir).returncode == 3
    assert_missing(run, "The run was cut short")
    assert len(list(run.run_dir.glob("spool"))) == 0
