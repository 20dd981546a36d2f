"""Somebody's own publisher on this suite's schedule: its exit code is an outcome, its output stays with it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from watched_world import ZERO_NS, World

from loadtest.errors import UsageError
from loadtest.load.writer.publish_command import PublishCommand, Ran, tell_of

SECRET = "wJalrXUtnFEMIfake/bPxRfiCYEXAMPLEKEY"


def ran(command: str, folder: Path, *secrets: str) -> Ran:
    publisher = PublishCommand(command, str(folder), secrets)
    publisher.start(iter([time.monotonic_ns()]), 10**10)
    assert publisher._thread is not None
    publisher._thread.join(30)
    (found,) = publisher.finished()
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
    publisher = PublishCommand("sleep 600 & echo $! > pid; wait", str(tmp_path))
    publisher.start(iter([time.monotonic_ns()]), 10**10)
    for _ in range(500):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip():
            break
        time.sleep(0.01)
    assert publisher.running_since_ns is not None
    assert publisher.stop()
    (found,) = publisher.finished()
    assert found.code is None
    pid = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX"


def test_times_that_pass_while_a_command_runs_are_left_out(tmp_path: Path) -> None:
    now = time.monotonic_ns()
    publisher = PublishCommand("true", str(tmp_path))
    publisher.start(iter([now - 10**10, now - 10**10, now]), 10**8)
    assert publisher._thread is not None
    publisher._thread.join(30)
    assert len(publisher.finished()) == 1


def test_failing_runs_are_noted_and_said() -> None:
    noted: list[dict[str, Any]] = []
    said: list[str] = []
    tell_of(Ran(1, 2, 2, "no rule"), lambda kind, **facts: noted.append({"kind": kind, **facts}), said.append)
    tell_of(Ran(3, 4, 0), lambda kind, **facts: noted.append({"kind": kind, **facts}), said.append)
    assert [note["code"] for note in noted] == [2, 0]
    assert said == ["the publish command ended with exit code 2: no rule"]


def test_a_version_took_effect_after_the_command_began_that_ran_meanwhile() -> None:
    from loadtest.load.writer.watching import Watching

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
        ({"writer": "watch", "until_decided": True}, "--until-decided"),
    ],
)
def test_options_that_contradict_each_other_are_refused(given: dict[str, Any], refused: str) -> None:
    with pytest.raises(UsageError, match=refused):
        settings_of(**given)


def settings_of(**given: Any) -> Any:
    import configargparse

    from loadtest.load.options import add_arguments, settings_from

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
