"""Which processes still record: by their lock, and in format 1 by their number, which alone comes again."""

import errno
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from loadtest.run.files import SPOOL_FOLDER
from loadtest.run.spool import presence, recording_processes
from loadtest.run.spool.recording_processes import still_recording
from loadtest.run.spool.spool import Spool

HAS_PROC = pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")


def opened(run_dir: Path, name: str) -> list[int]:
    """Who still records, when there is nothing but a spool of this name, as in format 1."""
    folder = run_dir / SPOOL_FOLDER
    folder.mkdir(parents=True)
    (folder / f"{name}.reads").touch()
    return list(still_recording(run_dir).values())


def own_name(tmp_path: Path) -> str:
    """How a spool of this process is called."""
    Spool(tmp_path, 0)
    name = next((tmp_path / SPOOL_FOLDER).glob("*.reads")).stem
    shutil.rmtree(tmp_path / SPOOL_FOLDER)
    return name


@HAS_PROC
def test_a_process_that_only_has_the_number_of_the_recorder_is_not_taken_for_it(tmp_path: Path) -> None:
    worker, process, boot, started = own_name(tmp_path).split("-")
    assert opened(tmp_path / "same", f"{worker}-{process}-{boot}-{started}") == [os.getpid()]
    assert opened(tmp_path / "later", f"{worker}-{process}-{boot}-{int(started) - 1}") == []
    assert opened(tmp_path / "rebooted", f"{worker}-{process}-00000000-{started}") == []
    assert opened(tmp_path / "container", f"0-1-{boot}-{started}") == []


def test_spools_that_know_only_a_number_can_still_be_read(tmp_path: Path) -> None:
    assert opened(tmp_path / "alive", f"0-{os.getpid()}") == [os.getpid()]
    assert opened(tmp_path / "dead", "0-999999999") == []


def test_where_there_is_no_proc_the_number_has_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_processes, "_PROCESSES", tmp_path / "no-proc")
    assert own_name(tmp_path) == f"0-{os.getpid()}"
    assert opened(tmp_path / "alive", f"0-{os.getpid()}") == [os.getpid()]
    assert opened(tmp_path / "dead", "0-999999999") == []


@HAS_PROC
def test_a_recorder_that_ended_and_was_not_waited_for_records_no_more(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as recorder:
        os.waitid(os.P_PID, recorder.pid, os.WEXITED | os.WNOWAIT)
        assert opened(tmp_path / "zombie", f"0-{recorder.pid}") == []


RECORDER = """
import os, signal, sys
from pathlib import Path
from loadtest.run.spool.spool import Spool
spool = Spool(Path(sys.argv[1]), 0, "run")
print("there", flush=True)
os.kill(os.getpid(), signal.SIGSTOP if sys.argv[2] == "stop" else signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_recorder_is_there_while_it_holds_its_lock_even_stopped_and_gone_when_killed(
    tmp_path: Path, how: str
) -> None:
    command = [sys.executable, "-c", RECORDER, str(tmp_path), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "there\n"
        os.waitid(os.P_PID, recorder.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        assert list(still_recording(tmp_path).values()) == ([recorder.pid] if how == "stop" else [])
        moved = shutil.copytree(tmp_path / SPOOL_FOLDER, tmp_path / "elsewhere" / SPOOL_FOLDER)
        assert still_recording(moved.parent) == {}  # a copy, or the same on another machine
        recorder.kill()


def test_where_files_cannot_be_locked_a_recorder_is_there_while_its_heart_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(presence, "_BEATS_WITHIN_S", 0.2)
    monkeypatch.setattr(presence.fcntl, "flock", no_locks)
    spool = Spool(tmp_path, 0)
    assert still_recording(tmp_path) == {}
    over = threading.Event()
    beating = threading.Thread(target=lambda: [spool.flush() for _ in iter(lambda: over.wait(0.01), True)])
    beating.start()
    assert list(still_recording(tmp_path).values()) == [os.getpid()]
    over.set()
    beating.join()
