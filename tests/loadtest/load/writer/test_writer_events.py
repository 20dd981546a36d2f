"""What a writer says is taken in line by line; one that floods its parent, or has another clock, is ended."""

import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.errors import UsageError
from loadtest.load.writer import conversation
from loadtest.load.writer.events import MOST_LINE_BYTES, EndlessLineError, Put, events_of
from loadtest.load.writer.news import WriterNews
from loadtest.load.writer.writer_process import WriterProcess
from loadtest.run.documents.kinds import made_up_documents
from loadtest.run.records import OTHERS_WROTE, WriteOutcome
from loadtest.run.run_directory import RunDirectory
from loadtest.target.finding import Target

ENDLESS = """
import sys
try:
    while True:
        sys.stdout.write("x" * 65536)
except BrokenPipeError:
    pass
"""
OTHER_CLOCK = """
import json, sys, time
for line in sys.stdin:
    told = json.loads(line)
    if "asked_ns" in told:
        print(json.dumps({"read_ns": time.monotonic_ns() - 10**9}), flush=True)
    assert "put" not in told, "it was to put"
"""
READY = """
import json, sys, time
for line in sys.stdin:
    told = json.loads(line)
    if "asked_ns" in told:
        print("a library says something", flush=True)
        print(json.dumps({"read_ns": time.monotonic_ns()}), flush=True)
    elif "put" in told:
        print(json.dumps({"version": 0, "called_ns": 1, "bytes": 1}), flush=True)
        print(json.dumps({"version": 0, "returned_ns": 2, "outcome": 0, "etag": "", "error": ""}), flush=True)
"""


def writer_that_is(program: str, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> WriterProcess:
    start = subprocess.Popen

    def started(_command: list[str], **how: Any) -> Any:
        return start([sys.executable, "-c", program], **how)

    monkeypatch.setattr(conversation.subprocess, "Popen", started)
    target = Target("http://127.0.0.1:9/v1/samples", "bkt", "payload.json", "us-east-1", None, None)
    settings: Any = SimpleNamespace(payload_bytes=512, window=2.0, stack=None, object_keys=())
    return WriterProcess("0123456789ab", run_dir, settings, target, made_up_documents(256), lambda put: None)


def test_a_writer_that_prints_without_end_is_ended_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = writer_that_is(ENDLESS, tmp_path, monkeypatch)
    with pytest.raises(UsageError, match=f"it printed a line of more than {MOST_LINE_BYTES:,} bytes"):
        writer.look()
    assert writer._conversation.process.poll() is not None


def test_a_writer_with_another_clock_is_refused_before_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = writer_that_is(OTHER_CLOCK, tmp_path, monkeypatch)
    with pytest.raises(UsageError, match=r"its clock \(CLOCK_MONOTONIC\) is at least .* behind the master's"):
        writer.put_first({}, {})
    assert not writer.may_have_written
    assert writer._conversation.process.returncode == 0


def test_what_a_library_prints_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = writer_that_is(READY, tmp_path, monkeypatch)
    assert writer.put_first({}, {}).version == 0
    assert writer.may_have_written
    assert not writer.may_write_late
    writer.stop()


@pytest.mark.parametrize(("outcome", "written", "late"), [(1, False, False), (2, True, True)])
def test_a_first_put_that_was_refused_never_lands_and_one_without_an_answer_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: int, written: bool, late: bool
) -> None:
    writer = writer_that_is(READY.replace('"outcome": 0', f'"outcome": {outcome}'), tmp_path, monkeypatch)
    with pytest.raises(UsageError, match="Version 0 could not be put"):
        writer.put_first({}, {})
    assert (writer.may_have_written, writer.may_write_late) == (written, late)
    assert writer.written == ({0} if written else set())


@given(st.lists(st.binary(max_size=40)), st.integers(0, 3))
def test_events_are_found_among_whatever_else_is_printed(noise: list[bytes], count: int) -> None:
    lines = [line.replace(b"\n", b"") for line in noise if not line.lstrip().startswith(b"{")]
    events = [json.dumps({"version": number}).encode() for number in range(count)]
    told = list(events_of(io.BytesIO(b"\n".join([*lines, *events, b""]))))
    assert told == [{"version": number} for number in range(count)]


def test_no_line_is_taken_in_beyond_its_limit() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            self.asked = size
            return b"x" * size

    endless = Endless()
    with pytest.raises(EndlessLineError):
        next(events_of(endless))  # type: ignore[arg-type]
    assert 0 < endless.asked <= MOST_LINE_BYTES + 1


def test_what_others_do_to_an_object_is_said_once_and_shown_as_long_as_the_run_lasts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    anything: Any = SimpleNamespace(fire=lambda **_: None, send_message=lambda *_: None, writes=0, trouble="")
    environment = SimpleNamespace(events=SimpleNamespace(request=anything), runner=anything)
    news = WriterNews(environment, ("payload.json", "prices.json"), RunDirectory(tmp_path, "0123456789ab"))
    news.progress = anything
    kept, refused = f"{OTHERS_WROTE}somebody else has written there; it is kept", WriteOutcome.REFUSED
    for version in range(8):
        theirs = version % 2 == 1
        error = kept if theirs else ""
        news.on_put(Put(version, 1, 2, refused if theirs else WriteOutcome.ACKED, 5, "", error))
    assert caplog.messages == [
        "prices.json: somebody else has written there; it is kept; let that publisher rest while the run writes, or "
        "watch what it publishes with --writer watch."
    ]
    assert (anything.trouble, anything.writes) == ("prices.json: somebody else has written there; it is kept", 8)
