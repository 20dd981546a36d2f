"""Runs that a signal ends: the exit code is the verdict, once, and no read is lost, in one process or several."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest
from locust_process import Start, assert_answered
from own_document import Mine, documents_like_mine

from benchmarks.nginx import free_port
from loadtest.sandbox.process import RunningSandbox

NEVER_MET = ("--threshold", "reads < 1")


@pytest.mark.parametrize("processes", [(), ("--processes", "2")], ids=["one process", "two processes"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_exit_code_is_the_verdict_and_the_document_is_put_back(
    sandbox: RunningSandbox,
    mine: Mine,
    start: Start,
    tmp_path: Path,
    processes: tuple[str, ...],
    number: signal.Signals,
) -> None:
    documents_like_mine(tmp_path / "own", 200)
    own = ("--documents", str(tmp_path / "own"))
    run = start(sandbox.outputs_path, *processes, *NEVER_MET, *own, run_time=None)
    run.wait_until_reading(1000)
    assert_answered(run.signal(number).wait(), codes=(1,))
    assert run.output.count("Is every read whole?") == 1
    assert (run.run_dir.parent / "latest").resolve() == run.run_dir
    assert "Traceback" not in run.output
    assert mine.is_as_it_was()


def test_a_signal_to_every_process_loses_no_read(sandbox: RunningSandbox, start: Start) -> None:
    """A terminal sends Ctrl-C to the workers too, and people press it when the target hangs."""
    run = start(sandbox.outputs_path, "--processes", "2", "--arrival-rate", "100", run_time=None)
    run.wait_until_reading(200)
    sandbox.set_fault("latency", "25s")
    time.sleep(1)  # each of the eight readers has a read that hangs, and others are due
    os.killpg(run.process.pid, signal.SIGINT)
    run.wait()
    outcomes = {row["outcome"]: row["count"] for row in run.summary["availability"]["read_outcomes"]}
    assert outcomes["abandoned"] == 8
    assert run.summary["availability"]["not_sent"] > 50
    assert "Traceback" not in run.output


def test_a_master_with_a_page_ends_its_workers_before_it_reports(sandbox: RunningSandbox, start: Start) -> None:
    page = ("--web-host", "127.0.0.1", "--web-port", str(free_port()), "--autostart", "-u", "8", "-r", "8")
    run = start(sandbox.outputs_path, "--processes", "2", *page, *NEVER_MET, run_time=None, headless=False)
    run.wait_until_reading(500)
    run.signal(signal.SIGTERM).wait()
    assert run.code == 1, run.output
    assert "Not every worker" not in run.output
    assert "Traceback" not in run.output, run.output  # whose exit code is 1, too


def test_ctrl_c_before_the_run_has_begun(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        run = start(None, "--host", f"http://127.0.0.1:{silent.getsockname()[1]}", "--bucket", "bucket")
        silent.settimeout(30)
        connection, _ = silent.accept()
        with connection:
            run.signal(signal.SIGINT).wait()
    assert run.code == 2, run.output
    assert "nothing was measured" in run.output
    assert "Traceback" not in run.output
