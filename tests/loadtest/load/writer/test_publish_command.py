"""Somebody's own publisher on this suite's schedule: its exit code is an outcome, its output stays with it."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import configargparse
import pytest
from watched_world import ZERO_NS, World

from loadtest.cleaned import hide
from loadtest.errors import UsageError
from loadtest.http1.access import Access
from loadtest.load.duelling.duel_sides import add_shared_arguments
from loadtest.load.options.options import add_arguments, settings_from
from loadtest.load.writer.proved_by_heads import Watching
from loadtest.load.writer.publish_command import PublishCommand, Ran, tell_of
from loadtest.load.writer.watcher_process import WatcherProcess
from loadtest.target.finding import Target

SECRET = "wJalrXUtnFEMIfake/bPxRfiCYEXAMPLEKEY"
ENDLESS = "sleep 600 & echo $! > pid; wait"


def started(command: str, folder: Path, *due_ns: int, skip_ns: int = 10**10) -> PublishCommand:
    """A publisher whose command is due at these times, or now."""
    publisher = PublishCommand(command, str(folder))
    publisher.start(iter(due_ns or [time.monotonic_ns()]), skip_ns)
    return publisher


def all_of(publisher: PublishCommand) -> list[Ran]:
    publisher._thread.join(30)
    return publisher.finished()


def ran(command: str, folder: Path) -> Ran:
    (found,) = all_of(started(command, folder))
    return found


def test_a_command_that_succeeds_says_nothing_of_what_it_printed(tmp_path: Path) -> None:
    found = ran(f"echo {SECRET}; pwd > here", tmp_path)
    assert (found.code, found.said) == (0, "")
    assert (tmp_path / "here").read_text().strip() == str(tmp_path)
    assert found.called_ns <= found.returned_ns


def test_a_command_that_fails_is_an_outcome_with_its_last_lines_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    lines = "; ".join(f"echo line {number}" for number in range(20))
    found = ran(f"{lines}; echo key is {SECRET}; echo password=hunter22 >&2; exit 3", tmp_path)
    assert found.code == 3
    assert "line 19" in found.said
    assert "line 1 " not in found.said
    assert SECRET not in found.said
    assert "hunter22" not in found.said


def test_a_command_that_does_not_exist_is_an_outcome(tmp_path: Path) -> None:
    found = ran("no-such-publisher --now", tmp_path)
    assert found.code == 127
    assert "no-such-publisher" in found.said


def test_a_command_that_goes_on_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    publisher = started(ENDLESS, tmp_path)
    pid = int(waited_for(tmp_path / "pid"))
    assert publisher.running_since_ns is not None
    assert publisher.stop()
    (found,) = publisher.finished()
    assert found.code is None
    assert has_ended(pid)


def waited_for(file: Path) -> str:
    for _ in range(500):
        if file.exists() and file.read_text().strip():
            break
        time.sleep(0.01)
    return file.read_text().strip()


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] not in "ZX"


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or goes within seconds: a signal is not obeyed before it is this one's turn."""
    for _ in range(500):
        if not is_running(pid):
            return True
        time.sleep(0.01)
    return False


def test_a_command_is_ended_when_whoever_ran_it_was_killed_and_nobody_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = started(ENDLESS, tmp_path, time.monotonic_ns(), time.monotonic_ns())
    pid = int(waited_for(tmp_path / "pid"))
    monkeypatch.setattr(os, "getppid", lambda: -1)  # in a container, 1 may be whoever runs the tests
    (found,) = all_of(publisher)  # and no other was begun
    assert found.code is None
    assert has_ended(pid)


def test_a_command_that_is_due_when_all_is_over_is_not_begun(tmp_path: Path) -> None:
    publisher = PublishCommand("touch begun", str(tmp_path))
    publisher.stop()
    publisher._run()  # its time had come just before
    assert publisher.finished() == []
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize("before", [0, 3, 5000])
def test_what_readers_show_is_not_said_however_the_command_prints_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr("loadtest.cleaned._told", set())
    key = "k3y-" + "0123456789abcdef" * 20
    hide(key, "s3cret/pass")
    text = "x" * before + key + "y" * (4096 - len(key) // 2)
    (tmp_path / "printed").write_text(text + "\n" + "s3cret%2Fpass\n")
    for command in ("cat printed; exit 2", f"echo {key}; echo s3cret/pass; exit 2"):
        said = ran(command, tmp_path).said
        assert "89abcdef" not in said
        assert "s3cret" not in said


def test_a_watcher_is_told_what_readers_show() -> None:
    target = Target(
        url="https://user:pa55word@api.example.com/v1/samples", bucket="b", object_key="k", region=None,
        s3_endpoint_url=None, credentials=None,
        access=Access((("x-api-key", "the-key-of-a-reader"), ("Accept", "application/json"))),
    )  # fmt: skip
    watcher = WatcherProcess.__new__(WatcherProcess)
    watcher._target = target
    orders = watcher._more_orders(settings_of(publish_command="make publish"))
    assert {"the-key-of-a-reader", "pa55word"} <= set(orders["secrets"])
    assert "application/json" not in orders["secrets"]


def test_times_that_pass_while_a_command_runs_are_left_out(tmp_path: Path) -> None:
    now = time.monotonic_ns()
    assert len(all_of(started("true", tmp_path, now - 10**10, now - 10**10, now, skip_ns=10**8))) == 1


def test_failing_runs_are_noted_and_said() -> None:
    noted: list[dict[str, Any]] = []
    said: list[str] = []
    tell_of(Ran(1, 2, 2, "no rule"), lambda kind, **facts: noted.append({"kind": kind, **facts}), said.append)
    tell_of(Ran(3, 4, 0), lambda kind, **facts: noted.append({"kind": kind, **facts}), said.append)
    assert [note["code"] for note in noted] == [2, 0]
    assert said == ["the publish command ended with exit code 2: no rule"]


def test_a_version_took_effect_after_the_command_began_that_ran_meanwhile() -> None:
    world = World([(-1000, 0), (15, 1)])
    watching = Watching(world.journal, 10)
    watching.see(world.head(10, 10, 10))
    watching.commands = [(ZERO_NS + 13, ZERO_NS + 17)]
    watching.see(world.head(30, 30, 30))
    written = world.journal.writes[1]
    assert (written["called_ns"] - ZERO_NS, written["returned_ns"] - ZERO_NS) == (13, 30)


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"writer": "somebody"}, "--writer is 'somebody'"),
        ({"writer": "none", "publish_command": "make publish"}, "leave one out"),
        ({"writer": "watch", "overwrite": True}, "--overwrite"),
        ({"publish_command": "make publish", "write_interval": 0}, "--write-interval is 0"),
        ({"writer": "watch", "watch_interval": 0.001}, "--watch-interval is"),
        ({"writer": "watch", "until_decided": True}, "--writer watch does not"),
        ({"publish_command": "make publish", "until_decided": True}, "--publish-command does not"),
    ],
)
def test_options_that_contradict_each_other_are_refused(given: dict[str, Any], refused: str) -> None:
    with pytest.raises(UsageError, match=refused):
        settings_of(**given)


def settings_of(**given: Any) -> Any:
    parser = configargparse.ArgumentParser()
    parser.add_argument("--host", default="http://127.0.0.1:1")
    parser.set_defaults(run_time=3600, headless=True)
    add_arguments(parser)
    options = parser.parse_args([])
    for name, value in given.items():
        setattr(options, name, value)
    return settings_from(options)


def test_watching_writes_nothing_and_keeps_no_windows_unless_a_command_publishes() -> None:
    watched = settings_of(writer="watch")
    assert (watched.writer, watched.write_interval, watched.window) == ("watch", 0, 0)
    ours = settings_of(publish_command="make publish")
    assert (ours.writer, ours.write_interval > 0, ours.window > 0) == ("watch", True, True)
    assert "make publish" not in repr(ours)
    assert os.environ.get("LOCUST_WRITER") is None


def test_a_duel_takes_no_publish_command() -> None:
    """Its two sides write in turns that a watcher knows nothing of."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_shared_arguments(parser)
    assert parser.parse_known_args(["--publish-command=x", "--watch-interval=1", "--writer=watch"])[1] == [
        "--publish-command=x",
        "--watch-interval=1",
        "--writer=watch",
    ]


_HANGING = """
import time
from loadtest.load.writer import watcher
from loadtest.target.head_object import Head

class Store:
    endpoint, looks = "", 0
    def __init__(self, orders): pass
    def secrets(self): return ()
    def head(self):
        Store.looks += 1
        if Store.looks > 3:
            time.sleep(600)
        return Head(time.monotonic_ns(), time.monotonic_ns(), etag='"a"', size=1)

watcher.open_store = Store
raise SystemExit(watcher.main())
"""


def test_a_watcher_that_is_told_to_end_while_a_head_hangs_ends_the_command_first(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    orders = {
        "journal": str(tmp_path / "journal"), "watch_interval": 0.02, "folder": str(tmp_path), "run": "0" * 12,
        "publish_command": ENDLESS, "skip_when_late_ns": 10**12,
    }  # fmt: skip
    start = {
        "start_ns": time.monotonic_ns(), "window_ns": 0, "seed": 1, "rest_windows": 0, "rest_pairs": 0,
        "interval_ns": 10**6,
    }  # fmt: skip
    watcher = subprocess.Popen([sys.executable, "-c", _HANGING], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for line in (orders, start):
        watcher.stdin.write(json.dumps(line).encode() + b"\n")
        watcher.stdin.flush()
        if line is orders:
            assert b"document" in watcher.stdout.readline()
    pid = int(waited_for(tmp_path / "pid"))
    assert is_running(pid)
    watcher.terminate()
    watcher.communicate(timeout=60)
    assert has_ended(pid)
