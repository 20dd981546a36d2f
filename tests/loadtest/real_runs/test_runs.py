"""A run in every way that Locust has: headless, several processes, Ctrl-C, killed, web page; target gone, disk full."""

import contextlib
import json
import os
import re
import resource
import signal
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from locust_process import ANSWERED, Start, assert_answered, assert_recovered, report

from benchmarks.nginx import free_port
from benchmarks.slow_network import network
from loadtest.run.loading import load_history
from loadtest.sandbox.process import RunningSandbox


def test_two_processes_at_two_addresses_show_no_secret_and_locusts_json_has_standard_output_for_itself(
    sandbox: RunningSandbox, start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two addresses of one object, so that what these add is looked through, too; two processes share the arrivals."""
    monkeypatch.setenv("KEY_OF_READERS", "KEY-THAT-NOBODY-MAY-SEE")
    two = ("--samples-path", "/v1/samples weight=2", "--samples-path", "/_cdn/v1/samples")
    options = ("--loglevel", "DEBUG", "--header", "x-api-key: @$KEY_OF_READERS", "--arrival-rate", "300", "--json")
    log = tmp_path / "log"
    run = start(sandbox.outputs_path, "--processes", "2", *options, *two, run_time=None, log=log, warm=False)
    outputs = sandbox.outputs()
    secrets = [outputs["DataStoreSecretAccessKey"], outputs["DataStoreAccessKeyId"], "KEY-THAT-NOBODY-MAY-SEE"]
    assert all(secrets)
    run.wait_until_recorded()
    while_running = b"".join(_commands())
    for path in (path for path in run.run_dir.rglob("*") if path.is_file()):
        while_running += path.read_bytes()
    run.wait_until_recorded(reads=600, writes=12)
    run.signal(signal.SIGTERM).wait()
    for secret in secrets:
        assert secret not in run.output + log.read_text()
        assert secret.encode() not in while_running
        for path in (path for path in run.run_dir.rglob("*") if path.is_file()):
            assert secret.encode() not in path.read_bytes(), path
    assert_answered(run)
    gateway, cdn = run.summary["addresses"]
    reads = load_history(run.run_dir).reads
    gateway_due, cdn_due = (reads.scheduled_ns[reads.address == number] for number in (0, 1))
    assert len(gateway_due) == pytest.approx(2 * len(cdn_due), rel=0.05)
    for due in (gateway_due, cdn_due):
        assert len(np.unique(due)) == len(due), "each is read by one of the processes"
    assert (gateway["stale_reads"], cdn["stale_reads"], gateway["errors"], cdn["errors"]) == (0, 0, 0, 0)
    assert {entry["method"] for entry in json.loads(run.output)} == {"GET", "PUT"}
    assert "Is every read whole?" in log.read_text()
    assert run.summary["run"]["workers"] == 2


def _commands() -> Iterator[bytes]:
    """The command line of every process that there is."""
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError):
                yield (process / "cmdline").read_bytes()


def test_headless_in_a_closed_loop(sandbox: RunningSandbox, start: Start) -> None:
    run = start(sandbox.outputs_path, "--arrival-rate", "0", run_time=None)
    run.wait_until_recorded(**ANSWERED)
    assert_answered(run.signal(signal.SIGTERM).wait())
    assert re.search(r"PUT +payload\.json +\d", run.output), "each PUT is shown by Locust as a request"
    assert "report.html" in run.output
    assert run.summary["run"]["writes"] > 5
    assert run.summary["run"]["reads"] > 200, "each of the eight readers goes on with the next read"


@pytest.mark.parametrize("processes", [(), ("--processes", "2")], ids=["one process", "two processes"])
def test_a_killed_run_is_recovered_by_report(sandbox: RunningSandbox, start: Start, processes: tuple[str, ...]) -> None:
    run = start(sandbox.outputs_path, *processes, run_time=None)
    run.wait_until_recorded(**ANSWERED)
    os.killpg(run.process.pid, signal.SIGKILL)
    run.wait()
    assert_recovered(run, reads=ANSWERED["reads"])


def test_a_disk_that_is_full_ends_in_sentences_and_the_run_is_not_taken_for_whole(
    sandbox: RunningSandbox, start: Start
) -> None:
    run = start(sandbox.outputs_path, run_time=None, python=Path(sys.executable))  # its report has its limits
    run.wait_until_recorded(500)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (30_000, hard))  # of its files, and of its report's
    run.wait_until_said("what is recorded is kept in memory")
    run.signal(signal.SIGTERM).wait()
    assert run.code == 3, run.output
    for said in ("what is recorded is kept in memory", "could not be recorded to its end", "cannot be read or written"):
        assert run.output.count(said) == 1, run.output
    assert "Traceback" not in run.output
    finished = report(run.run_dir)
    assert finished.returncode in (0, 3), finished.stderr
    assert run.summary["run"]["ended"]["missing"]
    assert run.summary["run"]["reads"] >= 500
    assert run.question("freshness")["verdict"] == "INCONCLUSIVE"


def test_a_run_ends_when_all_is_decided_and_report_gives_the_same_summary_again_byte_for_byte(
    sandbox: RunningSandbox, start: Start
) -> None:
    """A busy machine may leave it undecided to the end; the record must say which, and the report must agree.

    With fewer reads every machine does.
    """
    sandbox.set_fault("latency", "60ms")
    options = ("-u", "40", "-r", "40", "--arrival-rate", "500", "--until-decided", "--impact-tolerance", "4")
    run = start(sandbox.outputs_path, *options, run_time="30s").wait()
    looks = json.loads((run.run_dir / "run.json").read_text())["looks"]
    assert looks["made"], run.output
    last, ended = looks["made"][-1], run.summary["run"]["ended"]
    if last["undecided"]:
        assert ended["reason"] == "stopped", run.output
    else:
        assert ended["reason"] == f"decided after {len(looks['made'])} of {looks['planned']} looks"
        assert run.code == 0, run.output
        assert run.summary["impact"]["pairs_used"] <= last["pairs"] < looks["pairs"]
    assert "group-sequential" in run.summary["impact"]["method"]
    before = (run.run_dir / "summary.json").read_bytes()
    (run.run_dir / "summary.json").unlink()
    assert report(run.run_dir).returncode == run.code
    assert (run.run_dir / "summary.json").read_bytes() == before


def test_a_target_that_goes_away_is_counted_and_said(sandbox: RunningSandbox, start: Start) -> None:
    target = urllib.parse.urlsplit(sandbox.samples_url)
    assert target.port is not None
    with network(target.port) as between:
        host = f"http://127.0.0.1:{between.port}{target.path.removesuffix('/v1/samples')}"
        run = start(sandbox.outputs_path, "--host", host, run_time=None)
        run.wait_until_recorded(300)
    run.wait_until_recorded(run.flushed() + 300)
    run.signal(signal.SIGTERM).wait()
    assert run.code == 1, run.output
    assert run.check("availability")["verdict"] == "FAIL"
    assert run.question("freshness")["verdict"] != "FAIL"


def test_a_run_of_a_master_and_its_workers_started_from_the_web_page(sandbox: RunningSandbox, start: Start) -> None:
    port = free_port()
    listens = ("--web-host", "127.0.0.1", "--web-port", str(port), "--processes", "2")
    run = start(sandbox.outputs_path, *listens, run_time=None, headless=False)
    page = f"http://127.0.0.1:{port}"
    wait_for(page)
    for _ in range(200):  # until the workers have found their master
        told = json.loads(ask(f"{page}/swarm", user_count=8, spawn_rate=8))
        if told["success"]:
            break
        assert "No worker is connected" in told["message"]
        time.sleep(0.1)
    run.wait_until_recorded(**ANSWERED)
    for _ in range(200):  # workers tell their master every few seconds
        stats = json.loads(ask(f"{page}/stats/requests"))
        rows = {row["what"]: row["value"] for row in stats["extended_stats"][0]["data"]}
        if int(rows["reads"].replace(",", "")) >= ANSWERED["reads"]:
            break
        time.sleep(0.1)
    else:
        raise AssertionError(rows)
    assert rows["stale reads"] == "0"
    assert "stale reads,0," in ask(f"{page}/read-model/csv")
    ask(f"{page}/stop", confirmed=True)
    for _ in range(200):
        if (run.run_dir / "summary.json").exists():
            break
        time.sleep(0.1)
    run.signal(signal.SIGTERM).wait()
    assert_answered(run)
    assert run.summary["run"]["workers"] in (1, 2)  # how many had found it by then
    assert run.summary["run"]["ended"]["missing"] == []
    assert "Traceback" not in run.output


def ask(url: str, **form: Any) -> str:
    data = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(url, data=data, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            ask(url)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} did not come up")
