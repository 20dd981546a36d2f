"""Which processes still record: a process id alone comes again, and every container has a process 1."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.recording import spool as spool_module
from loadtest.recording.spool import SPOOL_FOLDER, Spool, still_recording

HAS_PROC = pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")


def opened(run_dir: Path, name: str) -> list[int]:
    """Who still records, when there is nothing but a spool of this name."""
    folder = run_dir / SPOOL_FOLDER
    folder.mkdir(parents=True)
    (folder / f"{name}.reads").touch()
    return still_recording(run_dir)


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
    monkeypatch.setattr(spool_module, "_PROCESSES", tmp_path / "no-proc")
    assert own_name(tmp_path) == f"0-{os.getpid()}"
    assert opened(tmp_path / "alive", f"0-{os.getpid()}") == [os.getpid()]
    assert opened(tmp_path / "dead", "0-999999999") == []


@HAS_PROC
def test_a_recorder_that_ended_and_was_not_waited_for_records_no_more(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as recorder:
        os.waitid(os.P_PID, recorder.pid, os.WEXITED | os.WNOWAIT)
        assert opened(tmp_path / "zombie", f"0-{recorder.pid}") == []
