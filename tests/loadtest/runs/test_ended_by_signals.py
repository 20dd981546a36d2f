"""Runs that a signal ends: the exit code is the verdict, once, and no read is lost, in one process or several."""

import os
import signal
import socket
import time

import pytest
from locust_process import NEVER_MET, Start, assert_judged_once

from benchmarks.nginx import free_port
from loadtest.sandbox.process import RunningSandbox


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_exit_code_of_two_processes_is_the_verdict(
    sandbox: RunningSandbox, start: Start, number: signal.Signals
) -> None:
    """Of one process: `test_terminal` ends it with Ctrl-C, and `test_your_document` with SIGTERM."""
    run = start(sandbox.outputs_path, "--processes", "2", *NEVER_MET, run_time=None)
    run.wait_until_reading(1000)
    run.signal(number).wait()
    assert_judged_once(run)


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
