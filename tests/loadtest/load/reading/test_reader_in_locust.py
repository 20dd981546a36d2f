"""The reader as a Locust user: it starts, reads, is told of once a read, and stops when Locust says so."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from locust import task
from locust_readers import Reader, environment_of, plan_for, started
from spooled_runs import RUN, SIZE, spooled_reads

from loadtest.load.reading.reader import REQUEST_NAME
from loadtest.load.reading.recorder import Recorder
from loadtest.run.documents.made_up import render
from loadtest.run.records import ReadOutcome
from loadtest.units import SECOND
from tests.loadtest.http1.targets import Target, answer, answering

BODY = render(RUN, 0, SIZE)
ANSWER = answer(BODY, 'ETag: "a"')


@pytest.fixture
def target() -> Iterator[Target]:
    with answering(ANSWER) as serving:
        yield serving


def until(holds: Any) -> None:
    give_up = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < give_up
        gevent.sleep(0.01)


class AlsoWrites(Reader):
    """A user of somebody's own locustfile: half of its tasks are its own."""

    done = 0

    @task
    def write(self) -> None:
        AlsoWrites.done += 1


@pytest.mark.parametrize(
    ("rate", "user"),
    [(0, Reader), (500, Reader), (500, AlsoWrites)],
    ids=["closed loop", "on a schedule", "on a schedule, beside another task"],
)
def test_every_read_is_told_to_locust_once_and_readers_stop_when_they_are_told(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, user: type[Reader]
) -> None:
    monkeypatch.setattr(AlsoWrites, "done", 0)
    recorder = Recorder(plan_for(target.url, tmp_path, rate=rate), 0)
    environment = environment_of(lambda: recorder, user)
    told: list[dict[str, Any]] = []

    def listen(**meta: Any) -> None:
        response = meta["response"]
        told.append(meta | {"status": response.status_code, "body": response.content, "etag": response.headers["ETag"]})

    environment.events.request.add_listener(listen)
    runner = environment.create_local_runner()
    runner.start(4, spawn_rate=100)
    until(lambda: len(told) > 50 and (user is Reader or AlsoWrites.done > 0))
    runner.start(2, spawn_rate=100)  # ramping down
    until(lambda: runner.user_count == 2)
    more = len(told) + 20
    until(lambda: len(told) > more)
    recorder.stop_sending()
    runner.quit()
    assert runner.user_count == 0
    recorder.close()
    reads = spooled_reads(tmp_path)
    answered = reads[reads["outcome"] == ReadOutcome.WHOLE]
    stats = runner.stats.get(REQUEST_NAME, "GET")
    assert len(answered) == len(told) == stats.num_requests
    assert stats.num_failures == 0
    assert {(meta["name"], meta["response_length"], meta["exception"]) for meta in told} == {(REQUEST_NAME, SIZE, None)}
    assert {(meta["status"], meta["body"], meta["etag"]) for meta in told} == {(200, BODY, '"a"')}
    took_ms = (answered["returned_ns"] - answered["called_ns"]) / 1e6
    assert sorted(took_ms) == sorted(meta["response_time"] for meta in told)
    assert (AlsoWrites.done > 0) is (user is AlsoWrites)
    if rate:
        assert (answered["scheduled_ns"] <= answered["called_ns"]).all()
        due = sorted(reads["scheduled_ns"])
        assert due == list(range(due[0], due[-1] + 1, int(1e9 / rate)))  # whoever was stopped meanwhile: each once


def test_locust_counts_all_reads_though_nobody_else_listens_and_tells_of_those_that_fail(tmp_path: Path) -> None:
    with answering(ANSWER, ANSWER, answer(b"{}", status="500 Internal Server Error"), ANSWER) as failing_once:
        recorder = Recorder(plan_for(failing_once.url, tmp_path), 0)
        environment = environment_of(lambda: recorder, stop_timeout=20)
        runner = environment.create_local_runner()
        runner.start(2, spawn_rate=100)
        until(lambda: recorder.counts.reads > 250)
        recorder.stop_sending()
        runner.quit()
        recorder.close()
    reads = spooled_reads(tmp_path)
    for stats in (runner.stats.get(REQUEST_NAME, "GET"), runner.stats.total):
        assert (stats.num_requests, stats.num_failures) == (len(reads), 2)  # one over each connection
        assert sum(stats.response_times.values()) == sum(stats.num_reqs_per_sec.values()) == len(reads)
        assert stats.total_content_length == reads["body_bytes"].sum()
        assert stats.total_response_time == pytest.approx((reads["returned_ns"] - reads["called_ns"]).sum() / 1e6)


def test_connections_are_opened_before_the_first_read_is_due(target: Target, tmp_path: Path) -> None:
    recorder = Recorder(plan_for(target.url, tmp_path, rate=0.001, start_ns=time.monotonic_ns() + 3600 * SECOND), 0)
    readers = [gevent.spawn(reader.on_start) for reader in (Reader(environment_of(lambda: recorder)) for _ in range(3))]
    until(lambda: len(target.connections) == 3)
    assert target.requests == []
    gevent.killall(readers)
    recorder.close()


@pytest.mark.parametrize("user", [Reader, AlsoWrites])
def test_readers_for_whom_no_read_became_due_stop_with_the_run_and_complain_of_nothing(
    target: Target, tmp_path: Path, caplog: pytest.LogCaptureFixture, user: type[Reader]
) -> None:
    recorder = Recorder(plan_for(target.url, tmp_path, rate=0.001), 0)
    environment = environment_of(lambda: recorder, user, stop_timeout=20)
    runner = environment.create_local_runner()
    runner.start(5, spawn_rate=100)
    until(lambda: recorder.counts.reads == 1 and runner.user_count == 5)
    recorder.stop_sending()
    runner.quit()
    assert runner.user_count == 0
    recorder.close()
    assert recorder.counts.reads == 1
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_read_that_a_subclass_gives_up_is_recorded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        recorder = Recorder(plan_for(f"http://127.0.0.1:{silent.getsockname()[1]}/", tmp_path), 0)
        (reader,) = started(lambda: recorder, 1)
        with gevent.Timeout(0.01, False):
            reader.read()
        reader.on_stop()
        recorder.close()
    assert spooled_reads(tmp_path)["outcome"].tolist() == [ReadOutcome.ABANDONED]
