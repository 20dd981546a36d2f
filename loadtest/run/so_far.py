"""What a run has recorded so far, as a History, while it goes on. Nothing is written, so the run is not disturbed.

Only what every recording process reports as on disk counts. A read that is still in flight is missing, so a look is at
what was over a second before, and the report judges again when all reads have returned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from loadtest.errors import RunError
from loadtest.run.clocks.clock_bounds import ClockBounds
from loadtest.run.clocks.clocks import clocks_of, how_uncertain
from loadtest.run.files import GENERATOR_FILE, READS_FILE, REQUESTS_FILE, WRITES_FILE
from loadtest.run.history.history import History, Reads, Requests, Samples, Windows, Writes
from loadtest.run.history.looks import GRACE_NS
from loadtest.run.history.run_info import RunInfo
from loadtest.run.history.validation import validated
from loadtest.run.run_file import load_run
from loadtest.run.sealing.gathering import gathered, planned_windows
from loadtest.run.spool.presence import WORKER, pulse_of
from loadtest.run.spool.recording_processes import registrations

Array = np.ndarray[Any, np.dtype[Any]]


def history_so_far(run_dir: Path, until_ns: int) -> History:
    """The run, with the windows up to ``until_ns``.

    Raises:
        UsageError: a process has not recorded that far yet, or its record is impossible or cannot be read.
    """
    run = load_run(run_dir)
    clocks = clocks_of(run_dir, run)
    recorded_ns = _recorded_until_ns(run_dir, run, clocks)
    if recorded_ns < until_ns + GRACE_NS:
        raise RunError("not every process has recorded up to the end of these windows")
    recorded = gathered(run_dir, run, clocks)
    uncertain = how_uncertain(clocks, recorded[READS_FILE])
    run["clock_uncertainty_ns"] = {str(worker): uncertain_ns for worker, uncertain_ns in uncertain.items()}
    run["ended"] = {"at_ns": until_ns, "recovered": False, "reason": "looked at as it goes on"}
    reads = _until(recorded[READS_FILE], "returned_ns", recorded_ns)
    columns = _columns(reads[np.argsort(reads["called_ns"], kind="stable")])
    return validated(
        History(
            RunInfo.model_validate(run),
            Reads(**columns),
            Writes(**_columns(_until(recorded[WRITES_FILE], "called_ns", recorded_ns))),
            Windows(**_columns(planned_windows(run))),
            Samples(**_columns(_until(recorded[GENERATOR_FILE], "at_ns", recorded_ns))),
            Requests(**_columns(recorded[REQUESTS_FILE])),
        )
    )


def _recorded_until_ns(run_dir: Path, run: dict[str, Any], clocks: dict[int, ClockBounds]) -> int:
    """Up to when everybody who takes part has everything on disk, by the clock of the master."""
    recorders = {(each["role"], each["share"]): path for path, each in registrations(run_dir) if each is not None}
    ends = []
    for process in run["manifest"]["processes"]:
        path = recorders.get((process["role"], process["share"]))
        pulse = pulse_of(path) if path is not None else None
        until_ns = pulse.until_ns if pulse is not None and not process["refused"] else 0
        if process["role"] == WORKER and process["share"] in clocks:
            until_ns = int(clocks[process["share"]].earliest(np.array([until_ns]))[0])
        ends.append(until_ns)
    return min(ends, default=0)


def _until(records: Array, name: str, at_ns: int) -> Array:
    return records[records[name] <= at_ns]


def _columns(records: Array) -> dict[str, Any]:
    """One column for each field, as in a History."""
    return {
        name: tuple(records[name].tolist()) if records.dtype[name].hasobject else np.ascontiguousarray(records[name])
        for name in records.dtype.names or ()
    }
