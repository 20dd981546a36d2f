"""A run looked at while it is recorded: what is on disk counts, nothing is written, what is not sure is not judged."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from spooled_runs import RUN, SIZE, etag, kill, write

from loadtest.errors import RunError
from loadtest.run.history.looks import GRACE_NS
from loadtest.run.records import FORMAT_VERSION, ReadOutcome
from loadtest.run.run_file import write_run
from loadtest.run.so_far import history_so_far
from loadtest.run.spool.spool import Spool
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE

READS = ((0, etag(0), None, ReadOutcome.WHOLE), (0, etag(0), etag(0), ReadOutcome.NOT_MODIFIED)) * 10
WORKER = {"role": "worker", "share": 0, "shares": 0, "refused": ""}


def describe(path: Path, *processes: dict[str, object]) -> None:
    settings = {
        "payload_bytes": SIZE, "seed": 1, "write_interval": 1, "arrival_rate": 0, "conditional_share": 0.5,
        "window": 1, "max_staleness": 0, "impact_tolerance": 1.25,
    }  # fmt: skip
    write_run(path, {
        "format": FORMAT_VERSION, "run": RUN, "started": "2026-01-01T00:00:00Z", "clock": {"name": "CLOCK_MONOTONIC"},
        "settings": settings, "target": {}, "plan": {"start_ns": 1000, "window_ns": 100, "guard_ns": 10},
        "spooled_fields": len(SPOOLED_READ_DTYPE.names or ()),
        "manifest": {"processes": list(processes or (WORKER,)), "readers": 20, "planned_end_ns": None},
    })  # fmt: skip


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[tuple[Path, Spool]]:
    describe(tmp_path)
    (tmp_path / "writes.jsonl").write_text(write(0, 10, 20) + write(1, 1010))
    spool = Spool(tmp_path, 0, RUN)
    for number, (version, tag, sent, outcome) in enumerate(READS):
        called, status = 1030 + 10 * number, 304 if outcome is ReadOutcome.NOT_MODIFIED else 200
        lines = spool.etag_line(tag), spool.etag_line(sent)
        spool.read(number, called, called, called + 5, status, version, *lines, SIZE, outcome)
    spool.flush()
    yield tmp_path, spool
    kill(spool)


def test_what_is_on_disk_is_a_history_with_the_windows_up_to_the_look(recording: tuple[Path, Spool]) -> None:
    path, _ = recording
    before = {file: file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
    history = history_so_far(path, 1300)
    assert len(history.reads) == len(READS)
    assert set(history.reads.version.tolist()) == {0}
    assert len(history.writes) == 2, "the PUT in flight is one of unknown outcome"
    assert history.windows.end_ns.max() <= 1300
    assert not history.info.missing
    assert {file: file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()} == before


def test_what_came_after_the_last_heartbeat_is_not_judged_yet(recording: tuple[Path, Spool]) -> None:
    path, spool = recording
    later = time.monotonic_ns() + 3_600 * GRACE_NS
    line = spool.etag_line(etag(0))
    spool.read(99, later, later, later + 5, 200, 0, line, 0, SIZE, ReadOutcome.WHOLE)
    spool.flush()
    assert len(history_so_far(path, 1300).reads) == len(READS)
    with pytest.raises(RunError, match="not every process has recorded"):
        history_so_far(path, later)


@pytest.mark.parametrize(
    "other",
    [
        {"role": "worker", "share": 1, "shares": 2, "refused": ""},
        {"role": "writer", "share": 0, "shares": 0, "refused": ""},
        {**WORKER, "share": 1, "refused": "it is elsewhere"},
    ],
)
def test_a_process_that_has_said_nothing_leaves_nothing_to_decide(
    recording: tuple[Path, Spool], other: dict[str, object]
) -> None:
    path, _ = recording
    describe(path, WORKER, other)
    with pytest.raises(RunError, match="not every process has recorded"):
        history_so_far(path, 1300)
