"""Runs as they lie on the disk before they are sealed, for tests."""

import hashlib
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from loadtest.run.documents.made_up import render
from loadtest.run.records import ReadOutcome, WriteOutcome
from loadtest.run.spool.presence import Presence
from loadtest.run.spool.spool import Spool
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE, load_records

RUN, SIZE = "0123456789ab", 512


def etag(version: int) -> str:
    return f'"{hashlib.md5(render(RUN, version, SIZE), usedforsecurity=False).hexdigest()}"'


def write(version: int, called: int, returned: int | None = None, outcome: int = 0, tag: str | None = None) -> str:
    events = [{"version": version, "scheduled_ns": called, "called_ns": called, "bytes": SIZE}]
    if returned is not None:
        tag = etag(version) if tag is None and outcome == WriteOutcome.ACKED else tag or ""
        events.append({"version": version, "returned_ns": returned, "outcome": outcome, "etag": tag, "error": ""})
    return "".join(json.dumps(event) + "\n" for event in events)


def unsealed_run(path: Path) -> Path:
    """A run of two writes that has ended, without any spool."""
    run = {
        "format": 1,
        "run": RUN,
        "settings": {"payload_bytes": SIZE, "seed": 1},
        "plan": {"start_ns": 1000, "window_ns": 100, "guard_ns": 10},
        "spooled_fields": len(SPOOLED_READ_DTYPE.names or ()),
        "ended": {"at_ns": 1500, "recovered": False, "reason": "stopped"},
    }
    say(path, run)
    (path / "writes.jsonl").write_text(write(0, 10, 20) + write(1, 1010, 1020))
    return path


def spool_of(run_dir: Path, *reads: tuple[int, str | None, str | None, ReadOutcome], worker: int = 0) -> Spool:
    spool = Spool(run_dir, worker)
    for number, (version, tag, sent, outcome) in enumerate(reads):
        status = 304 if outcome is ReadOutcome.NOT_MODIFIED else 200
        called = 1000 + 10 * number
        spool.read(
            number, called, called, called + 5, status, version, spool.etag_line(tag), spool.etag_line(sent), 9, outcome
        )
    spool.sample(1001, 2, 3, 4)
    return spool


def column(run_dir: Path, name: str, file: str = "reads.parquet") -> list[int]:
    import pyarrow.parquet as pq  # a test counts the memory of a process that does not need it

    return list(pq.read_table(run_dir / file)[name].to_pylist())


def said_of(run_dir: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run_dir / "run.json").read_text())
    return content


def say(run_dir: Path, content: dict[str, Any]) -> None:
    """Write ``run.json``, without the digest with which the program writes it."""
    (run_dir / "run.json").write_text(json.dumps(content))


def not_ended(run_dir: Path) -> dict[str, Any]:
    """Take the end of the run out of ``run.json``, which then says this."""
    run = said_of(run_dir)
    del run["ended"]
    say(run_dir, run)
    return run


def spooled_reads(run_dir: Path) -> np.ndarray[Any, Any]:
    """What the only reading process has spooled."""
    (file,) = run_dir.glob("spool/*.reads")
    return load_records(file, SPOOLED_READ_DTYPE)


def kill(spool: Spool) -> None:
    """Make a spool look like that of a process that was killed: its files stay, and its lock ends."""
    end(spool._presence)


def end(presence: Presence) -> None:
    """Make a process look killed: what it holds is let go, and it has said no last word."""
    os.close(presence._registration)
    os.close(presence._heartbeat)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process grows beyond ``size`` bytes: a write is cut short there, and the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
