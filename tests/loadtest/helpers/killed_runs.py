"""A run of the present format of which every process was killed, as it lies on the disk; for tests."""

import time
from pathlib import Path
from typing import Any

from spooled_runs import RUN, SIZE, end, kill, write

from loadtest.run.files import JOURNAL_NAME, SPOOL_FOLDER
from loadtest.run.records import ReadOutcome
from loadtest.run.run_file import write_run
from loadtest.run.spool.presence import WRITER, Presence, Pulse, Written
from loadtest.run.spool.spool import Spool
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE


def killed_run(path: Path, workers: int = 2, run: str = RUN) -> Path:
    """Two workers and a writer that were killed at the same moment, after a flush: nothing is missing."""
    processes: list[dict[str, Any]] = [
        {"role": "worker", "share": share, "shares": workers, "refused": ""} for share in range(workers)
    ]
    start_ns = time.monotonic_ns() - 10**9
    described = {
        "format": 2,
        "run": run,
        "settings": {"payload_bytes": SIZE, "seed": 1},
        "plan": {"start_ns": start_ns, "window_ns": 100, "guard_ns": 10},
        "spooled_fields": len(SPOOLED_READ_DTYPE.names or ()),
        "manifest": {
            "processes": [*processes, {"role": WRITER, "share": 0, "shares": 0, "refused": ""}],
            "readers": workers,
            "planned_end_ns": None,
        },
    }
    (path / SPOOL_FOLDER).mkdir(parents=True)
    write_run(path, described)
    (path / JOURNAL_NAME).write_text(write(0, 10, 20) + write(1, start_ns + 10, start_ns + 20))
    for share in range(workers):
        spool = Spool(path, share, run)
        spool.sessions = 1
        for number in range(20):
            at = start_ns + 100 + 10 * number
            spool.read(0, at, at, at + 5, 200, 1, spool.etag_line('"a"'), 0, SIZE, ReadOutcome.WHOLE)
        spool.request(0, start_ns + 100, "request-1")
        spool.body_after_304(3, 9)
        spool.sample(start_ns, 2, 3, 4)
        spool.flush()
        kill(spool)
    presence = Presence(path / SPOOL_FOLDER / "writer-1", WRITER, 0, run)
    written = Written().and_then((path / JOURNAL_NAME).read_bytes())
    presence.beat(Pulse(time.monotonic_ns(), files={JOURNAL_NAME: written}))
    end(presence)
    return path
