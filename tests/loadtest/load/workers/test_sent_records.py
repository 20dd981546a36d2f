"""What a worker on another machine records arrives whole, whatever its network loses, doubles or mixes up."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from drawing import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from locust.env import Environment

from loadtest.load.workers import record_receiver, record_sender
from loadtest.load.workers.record_receiver import RecordReceiver
from loadtest.load.workers.record_sender import RECORDS_MESSAGE, RecordSender
from loadtest.run.files import CLOSED_SUFFIX, HEARTBEAT_SUFFIX, SPOOL_FOLDER, SPOOL_SUFFIXES
from loadtest.run.spool.presence import Presence, is_alive
from loadtest.run.spool.recording_processes import still_recording
from loadtest.run.spool.spool import Spool

RUN, CLIENT = "a-run", "a-worker"


class Channel:
    """A master and one of its workers, and the messages that are under way between them."""

    def __init__(self, folder: Path) -> None:
        self.run_dir, self.now, self.under_way = folder / "master", 0.0, []
        self.clients: dict[str, Any] = {}
        (self.run_dir / SPOOL_FOLDER).mkdir(parents=True)
        self.receiver = RecordReceiver(self, self.run_dir, RUN, {CLIENT: 3})
        self.spool = Spool(folder / "worker", 3, RUN)
        self.sender = RecordSender(self, self.spool.name, RUN, lambda: self.now)

    def send_message(self, kind: str, data: Any, client: str | None = None) -> None:
        self.under_way.append((kind, dict(data, **({"sizes": dict(data["sizes"])} if "sizes" in data else {}))))

    def arrive(self, number: int) -> None:
        kind, data = self.under_way[number]
        if kind == RECORDS_MESSAGE:
            self.says(data)
        else:
            self.sender.on_received(data["run"], data["sizes"], complete=data["complete"])

    def says(self, data: Any, client: str = CLIENT) -> None:
        self.receiver.on_records(SimpleNamespace(node_id=client, data=data))

    def read(self, count: int) -> None:
        for number in range(count):
            line = self.spool.etag_line(f'"{self.spool.recorded}"')
            self.spool.read(number, 1, 2, 3, 200, 0, line, 0, 10, 0)
        self.spool.flush()

    def turn(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.sender.send_what_is_there()

    def arrive_all(self) -> None:
        while self.under_way:
            self.arrive(0)
            del self.under_way[0]

    def settle(self, turns: int = 20) -> None:
        for _ in range(turns):
            self.turn(0.2)
            self.arrive_all()

    @property
    def copy(self) -> Path:
        return self.run_dir / SPOOL_FOLDER / "3-sent"

    def is_closed(self) -> bool:
        return self.copy.with_name(self.copy.name + CLOSED_SUFFIX).exists()

    def is_whole(self) -> bool:
        names = [self.copy.with_name(self.copy.name + suffix) for suffix in (*SPOOL_SUFFIXES, HEARTBEAT_SUFFIX)]
        sent = [self.spool.name.with_name(self.spool.name.name + name.suffix) for name in names]
        same = all(one.read_bytes() == other.read_bytes() for one, other in zip(names, sent, strict=True))
        return same and self.is_closed()


EVENTS = st.lists(
    st.tuples(st.sampled_from(("read", "turn", "arrive", "arrive", "lose", "double", "wait")), st.integers(0, 10**6)),
    max_size=60,
)


@settings(max_examples=examples(50))
@given(EVENTS)
def test_all_arrives_in_the_end_over_any_channel(events: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as small:
        small.setattr(record_sender, "CHUNK_BYTES", 64)
        small.setattr(record_sender, "UNDER_WAY_BYTES", 256)
        channel = Channel(Path(folder))
        for event, number in events:
            some = number % len(channel.under_way) if channel.under_way else None
            if event == "read":
                channel.read(number % 20)
            elif event in {"turn", "wait"}:
                channel.turn(number % 4 if event == "wait" else 0.2)
            elif some is not None and event == "lose":
                del channel.under_way[some]
            elif some is not None:  # out of order
                channel.arrive(some)
                if event == "arrive":
                    del channel.under_way[some]
        channel.spool.close(4)
        turns = 0
        while not channel.is_closed() and turns < 400:  # a quiet network, at last
            channel.turn(0.2)
            channel.arrive_all()
            turns += 1
        channel.receiver.close()
        assert channel.is_whole()
        assert channel.sender.finish(0)


def test_what_was_lost_is_sent_again_though_the_master_goes_on_answering(tmp_path: Path) -> None:
    channel = Channel(tmp_path)
    channel.read(5)
    channel.turn()
    channel.under_way.clear()  # a connection was reset, and is there again at once
    for _ in range(20):
        channel.read(1)
        channel.turn(0.2)
        channel.arrive_all()
    assert (tmp_path / "master" / SPOOL_FOLDER / "3-sent.reads").stat().st_size > 0
    channel.spool.close(4)
    channel.settle(30)
    assert channel.is_whole()


@pytest.mark.parametrize(("heard_s", "waits"), [(600, True), (-1, False)], ids=["sends again", "silent"])
def test_a_worker_that_locust_has_lost_is_waited_for_while_it_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard_s: float, waits: bool
) -> None:
    """When its connection is back, its records come up to a second before Locust believes that it is there."""
    monkeypatch.setattr(record_receiver, "_HEARD_S", heard_s)
    channel = Channel(tmp_path)
    channel.clients = {CLIENT: SimpleNamespace(state="missing")}
    channel.read(5)
    channel.settle(2)
    waiting = gevent.spawn(channel.receiver.wait)
    gevent.sleep(0)
    assert waiting.ready() is not waits
    channel.spool.close(4)
    channel.settle()
    waiting.join()
    assert channel.is_whole()


def test_a_slow_network_is_given_the_time_that_it_needs(tmp_path: Path) -> None:
    channel = Channel(tmp_path)
    channel.read(5)
    channel.turn(10)  # nothing was recorded for long, so nothing was waited for
    sent = len(channel.under_way)
    channel.turn(1.9)
    assert len([data for kind, data in channel.under_way if data["content"]]) == sent


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"run": "another"},
        {"run": RUN},
        {"run": RUN, "suffix": ".reads", "at": -3, "content": b"abcdef"},
        {"run": RUN, "suffix": ".reads", "at": "0", "content": b"a"},
        {"run": RUN, "suffix": ".reads", "at": 0, "content": "text"},
        {"run": RUN, "suffix": ".reads", "at": 10**30, "content": b"a"},
        {"run": RUN, "suffix": "/../../run.json", "at": 0, "content": b"a"},
        {"run": RUN, "suffix": ["x"], "at": 0, "content": None},
        {"run": RUN, "suffix": HEARTBEAT_SUFFIX, "at": 0, "content": None},
        {"run": RUN, "suffix": HEARTBEAT_SUFFIX, "at": 0, "content": b"x" * 200},
        {"run": RUN, "suffix": CLOSED_SUFFIX, "at": 0, "content": b""},
    ],
)
def test_a_broken_message_changes_nothing(tmp_path: Path, broken: Any) -> None:
    channel = Channel(tmp_path)
    channel.says(broken)
    channel.says(broken, client="nobody")
    channel.read(5)
    channel.spool.close(4)
    channel.turn()
    channel.says(broken)
    channel.settle(3)
    assert channel.is_whole()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["master", "worker"]
    assert [path.name for path in channel.run_dir.iterdir()] == [SPOOL_FOLDER]


def test_who_sends_first_when_the_run_is_over_leaves_nothing_behind(tmp_path: Path) -> None:
    """It would look like somebody who still records, and the run could not be sealed."""
    channel = Channel(tmp_path)
    channel.receiver.close()
    channel.read(5)
    channel.turn()
    channel.arrive_all()
    assert not list((channel.run_dir / SPOOL_FOLDER).iterdir())
    assert not channel.sender.finish(0)
    assert channel.spool.name.parent.exists(), "it is kept where it was recorded"


def test_a_disk_that_is_full_for_a_while_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Channel(tmp_path)
    channel.read(5)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(record_receiver.os, "pwrite", full)
        channel.turn()
        channel.arrive_all()
    channel.spool.close(4)
    channel.settle()
    assert channel.is_whole()


def test_a_copy_that_cannot_be_begun_is_of_nobody_who_still_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    channel = Channel(tmp_path)
    real = os.open

    def no_reads(path: Any, *rest: Any) -> int:
        if str(path).endswith("-sent.reads"):
            raise OSError(28, "No space left on device")
        return real(path, *rest)

    channel.read(5)
    monkeypatch.setattr(record_receiver.os, "open", no_reads)
    for _ in range(3):
        channel.turn(3)
        channel.arrive_all()
    assert len(caplog.records) == 1
    assert not still_recording(channel.run_dir)
    channel.receiver.close()


def test_a_last_word_that_cannot_be_written_closes_nobody_elses_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Channel(tmp_path)
    channel.read(5)
    channel.spool.close(4)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", full)
        channel.turn()
        channel.arrive_all()
    reused = [os.open(tmp_path, os.O_RDONLY) for _ in range(4)]  # whose numbers are those of what was closed
    channel.turn(0.2)
    channel.arrive_all()
    channel.receiver.close()
    for descriptor in reused:
        os.close(descriptor)
    assert not channel.sender.finish(0)


def test_who_cannot_say_that_it_is_there_does_not_look_as_if_it_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        Presence(tmp_path / "0", "worker", 0, RUN)
    assert not is_alive(tmp_path / "0.recorder")


def test_each_run_of_a_session_has_a_receiver_of_its_own(tmp_path: Path) -> None:
    """Locust takes one listener for a message in the life of a process, and raises for a second."""
    runner = Environment().create_local_runner()
    for run in ("first", "second"):
        assert not RecordReceiver(runner, tmp_path / run, run, {CLIENT: 0})
