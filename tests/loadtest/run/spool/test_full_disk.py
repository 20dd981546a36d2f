"""A full disk: what it does not take is kept, said once, and not forgotten when the run is judged."""

import logging
import os
import re
from pathlib import Path
from typing import Any

import gevent
import pytest
from spooled_runs import RUN, column, etag, full_disk, kill, not_ended, said_of, spool_of

from loadtest.__main__ import main
from loadtest.commands import report as report_command  # noqa: F401 - imported now, for nothing can be compiled onto a full disk
from loadtest.load.reading.health import HealthMonitor
from loadtest.run.files import SPOOL_FOLDER
from loadtest.run.history.attendance import Attendance, missing
from loadtest.run.records import NO_VERSION, ReadOutcome
from loadtest.run.run_directory import RunDirectory
from loadtest.run.sealing.sealing import is_sealed, seal
from loadtest.run.spool.recording_processes import closed_spools, still_recording
from loadtest.run.spool.spool import Spool
from loadtest.run.spool.spool_format import SPOOLED_SAMPLE_DTYPE, load_records


def test_what_a_full_disk_does_not_take_is_written_later_and_in_order(
    run_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with full_disk(60):
        spool = spool_of(
            run_dir,
            (0, etag(0), None, ReadOutcome.WHOLE),
            (1, etag(1), etag(0), ReadOutcome.WHOLE),
            (NO_VERSION, None, etag(1), ReadOutcome.NOT_MODIFIED),
        )
        spool.body_after_304(2, 77)
        spool.flush()
        assert sorted(path.stat().st_size for path in (run_dir / SPOOL_FOLDER).iterdir())[-2:] == [60, 60]
        spool.sample(1002, 5, 3, 4)
        spool.flush()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.messages[0].endswith(
        ".etags cannot be written: File too large; what is recorded is kept in memory and tried again, so make room "
        "there before the run ends."
    )
    assert spool.etag_line(etag(1)) == 2
    spool.close()
    seal(run_dir)
    assert column(run_dir, "etag_version") == [0, 1, NO_VERSION]
    assert column(run_dir, "sent_version") == [NO_VERSION, 0, 1]
    assert column(run_dir, "outcome") == [ReadOutcome.WHOLE, ReadOutcome.WHOLE, ReadOutcome.NOT_MODIFIED_WITH_BODY]
    assert column(run_dir, "loop_delay_ns", "generator.parquet") == [2, 5]
    assert said_of(run_dir)["ended"]["recovered"] is False
    assert len(caplog.records) == 1


def test_what_cannot_be_written_to_the_end_is_said_once_and_the_run_is_not_taken_for_whole(
    run_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with full_disk(60):
        spool = spool_of(run_dir, (0, None, None, ReadOutcome.WHOLE), (1, None, None, ReadOutcome.WHOLE))
        spool.close()
        spool.close()
    assert len(caplog.records) == 1
    assert caplog.messages[0].startswith("The run could not be recorded to its end: ")
    assert ".reads cannot be written: File too large; " in caplog.messages[0]
    assert closed_spools(run_dir) == 0  # for this the coordinator waits in vain, and says so
    assert still_recording(run_dir) == {}  # and yet there is nothing to wait for
    seal(run_dir)
    assert column(run_dir, "version") == [0]
    run = said_of(run_dir)
    assert (run["ended"]["recovered"], run["ended"]["at_ns"]) == (False, 1500)
    assert missing_of(run) == (
        "The reading process could not write all that it had recorded, and what it could write ",
    )


def test_a_worker_that_was_killed_while_others_went_on_leaves_a_run_that_is_not_whole(run_dir: Path) -> None:
    spool = spool_of(run_dir, (0, None, None, ReadOutcome.WHOLE))
    spool.flush()
    kill(spool)
    spool_of(run_dir, (1, None, None, ReadOutcome.WHOLE), worker=1).close()
    seal(run_dir)
    assert column(run_dir, "version") == [0, 1]
    run = said_of(run_dir)
    assert missing_of(run) == ("Worker 1 of 2 was last heard from ",)


def missing_of(run: dict[str, Any]) -> tuple[str, ...]:
    """What is missing of a sealed run, without the times."""
    attendance = Attendance.model_validate(run["attendance"])
    sentences = missing(attendance, run["plan"]["start_ns"], run["ended"]["at_ns"])
    return tuple(re.split(r"ends |[0-9.]+ .?s after", sentence)[0] for sentence in sentences)


def test_the_health_of_the_generator_is_sampled_on_while_the_disk_is_full(run_dir: Path) -> None:
    spool = Spool(run_dir, 0)
    with full_disk(0):
        monitor = HealthMonitor(spool)
        gevent.sleep(0.2)
    before = monitor.last_awake_ns
    gevent.sleep(0.2)
    assert monitor.last_awake_ns > before
    monitor.stop()
    spool.close()
    samples = load_records(next((run_dir / SPOOL_FOLDER).glob("*.samples")), SPOOLED_SAMPLE_DTYPE)
    assert int(samples["at_ns"].min()) < before < int(samples["at_ns"].max())


def test_the_end_of_a_run_is_noted_as_soon_as_there_is_room(run_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = not_ended(run_dir)
    directory = RunDirectory(run_dir, RUN)
    with full_disk(10):
        directory.end(1400)
        directory.end(1450)
    assert len(caplog.records) == 1
    assert "run.json: File too large; make room there" in caplog.messages[0]
    assert said_of(run_dir) == run
    directory.end(1500)
    assert said_of(run_dir)["ended"]["at_ns"] == 1400


def test_a_link_that_cannot_be_made_costs_no_verdict(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / f".latest-{os.getpid()}").touch()
    RunDirectory(tmp_path / "run", RUN).point_latest_here()
    assert caplog.messages == [
        f"{tmp_path / 'latest'} cannot be made: File exists; the run is in {tmp_path / 'run'} nevertheless."
    ]


@pytest.mark.parametrize("reason", ["File too large", "Is a directory"])
def test_a_report_that_cannot_be_written_says_so_in_one_sentence(
    run_dir: Path, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spool_of(run_dir, (0, None, None, ReadOutcome.WHOLE)).close()
    if reason == "Is a directory":
        (run_dir / f".run.json.{os.getpid()}.new").mkdir()
    with full_disk(64 if reason == "File too large" else 2**40):
        assert main(["report", "--quiet", str(run_dir)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(str(run_dir))
    assert said.endswith(
        f" cannot be read or written: {reason}; make room there, or make the run directory your own (a container may "
        "have left it to root), and report again.\n"
    )
    assert said.count("\n") == 1
    assert not is_sealed(run_dir)
