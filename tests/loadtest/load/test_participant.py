"""A worker on another machine: what it leaves there when it cannot take part, or is interrupted."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from locust.env import Environment

from loadtest.load.interrupts import interrupt
from loadtest.load.participant import Participant
from loadtest.load.workers.master_watch import FAR_FROM_MASTER
from loadtest.load.workers.plan_message import CODE_KEY, FILES_KEY, PLAN_MESSAGE, SHARES_KEY
from loadtest.load.workers.workers import REFUSAL_MESSAGE
from loadtest.project import code_digest


class Runner:
    """A worker's, that keeps what it sends."""

    client_id = "a-worker"

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[..., None]] = {}
        self.sent: list[tuple[str, Any]] = []
        self.stopped = False

    def register_message(self, kind: str, handler: Callable[..., None]) -> None:
        self.handlers[kind] = handler

    def send_message(self, kind: str, data: Any) -> None:
        self.sent.append((kind, data))

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def worker() -> Participant:
    environment = Environment(parsed_options=SimpleNamespace(place="Tokyo"))
    environment.runner = Runner()
    return Participant(environment, lambda _: None)


def plan(**others: Any) -> dict[str, Any]:
    return {
        "run": "a-run", "run_dir": "/nowhere/at/all", "boot_id": "", "url": "http://127.0.0.1:9/", "start_ns": 1,
        "window_ns": 10, "seed": 1, "payload_bytes": 100, "arrival_rate": 0.0, "arrival_process": "uniform",
        "conditional_share": 0.5, "workers": 1, "documents": {}, SHARES_KEY: {"a-worker": 0}, CODE_KEY: code_digest(),
        FILES_KEY: {"documents/0.json": b"a document of the user's own"}, **others,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"documents": {"kind": "of a later version"}}, ""),
        ({CODE_KEY: "another"}, "another version"),
        ({"not_known_here": 1}, "another version"),
    ],
)
def test_who_cannot_take_part_says_why_and_leaves_no_document_behind(
    worker: Participant, others: dict[str, Any], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    runner = worker._runner
    runner.handlers[PLAN_MESSAGE](msg=SimpleNamespace(data=plan(**others)))
    ((kind, said),) = runner.sent
    assert kind == REFUSAL_MESSAGE
    assert why in said["why"].replace("it is of another version", "another version")
    assert not list(tmp_path.iterdir())


def test_a_second_ctrl_c_does_not_keep_a_worker_from_delivering(worker: Participant) -> None:
    waited = []

    def finish(patience_s: float) -> bool:
        interrupt()  # as the handler of this signal does
        waited.append(patience_s)
        return True

    worker._sender = SimpleNamespace(finish=finish)  # type: ignore[assignment]
    try:
        worker.end_sending()
    except KeyboardInterrupt:
        pytest.fail("it ended before the master had all")
    assert len(waited) == 1
    assert worker._runner.stopped


def test_a_worker_whose_run_is_over_still_notices_that_its_master_is_gone(worker: Participant) -> None:
    """With Locust's page the next run may come in an hour; without a watch a worker stays for a minute."""
    stopped = []
    watch = SimpleNamespace(silent_turns=3, stop=lambda: stopped.append(True))
    worker._master_watch = watch  # type: ignore[assignment]
    worker.stop_sending()
    worker.stop_recording()
    assert watch.silent_turns == FAR_FROM_MASTER
    assert worker._master_watch is watch
    worker.end_sending()
    assert stopped == [True]
