"""Runs that a signal ends: the exit code is the verdict, once, and no read is lost, in one process or several."""

import os
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest
from locust_process import ANSWERED, NEVER_MET, Start, assert_judged_once
from own_document import Mine, documents_like_mine

from benchmarks.nginx import free_port
from loadtest.run.loading import load_history
from loadtest.run.spool.recording_processes import closed_spools
from loadtest.sandbox.process import RunningSandbox


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
    run.wait_until_recorded(**ANSWERED)
    assert_judged_once(run.signal(number).wait())
    assert mine.is_as_it_was()


def test_a_signal_to_every_process_loses_no_read(sandbox: RunningSandbox, start: Start) -> None:
    """A terminal sends Ctrl-C to the workers too, and people press it when the target hangs."""
    run = start(sandbox.outputs_path, "--processes", "2", "--arrival-rate", "100", run_time=None)
    run.wait_until_recorded(200)
    sandbox.set_fault("latency", "25s")
    run.wait_until(lambda: sandbox.state()["held"] == 8)  # each reader has a read that hangs
    time.sleep(0.1)  # ten more reads are due
    os.killpg(run.process.pid, signal.SIGINT)
    run.wait_until(lambda: closed_spools(run.run_dir) == 2)
    sandbox.set_fault("latency", "off")  # the address is asked for the document that is put back
    run.wait()
    outcomes = {row["outcome"]: row["count"] for row in run.summary["availability"]["read_outcomes"]}
    assert outcomes["abandoned"] == 8
    assert run.summary["availability"]["not_sent"] > 0
    due = np.sort(load_history(run.run_dir).reads.scheduled_ns)
    assert set(np.diff(due).tolist()) == {10_000_000}, "a hundred are due in each second, and each is recorded once"
    assert "Traceback" not in run.output


def test_a_master_with_a_page_ends_its_workers_before_it_reports(sandbox: RunningSandbox, start: Start) -> None:
    page = ("--web-host", "127.0.0.1", "--web-port", str(free_port()), "--autostart", "-u", "8", "-r", "8")
    run = start(sandbox.outputs_path, "--processes", "2", *page, *NEVER_MET, run_time=None, headless=False)
    run.wait_until_recorded(200)
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
