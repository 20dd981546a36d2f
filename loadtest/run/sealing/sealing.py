"""Turns what a run has spooled into its Parquet files, after the run, or after it was killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loadtest.errors import UsageError
from loadtest.run.clocks.clocks import all_exchanges, clocks_of, clocks_that_went_back, how_uncertain
from loadtest.run.files import (
    CLOCKS_FILE,
    JOURNAL_NAME,
    READS_FILE,
    RUN_FILE,
    SEALED_FOLDER,
    SPOOL_FOLDER,
    WINDOWS_FILE,
)
from loadtest.run.records import FORMAT_VERSION
from loadtest.run.run_directory import alone_in
from loadtest.run.run_file import load_run, write_run
from loadtest.run.sealing.checksums import write_checksums
from loadtest.run.sealing.gathering import gathered, planned_windows
from loadtest.run.sealing.roll_call import call_roll
from loadtest.run.sealing.seal import agrees_with_seal, named, says_what_was_sealed, with_seal
from loadtest.run.spool.recording_processes import still_recording
from loadtest.whole_files import whole_file


def is_sealed(run_dir: Path) -> bool:
    """Whether the Parquet files are there and no spool is left to be turned into them."""
    return not (run_dir / SPOOL_FOLDER).exists()


def pack(run_dir: Path, tell: Callable[[], None] = lambda: None) -> None:
    """Seal a run that is not sealed yet, after a call of ``tell``. A second process waits, and finds it sealed."""
    with alone_in(run_dir):
        if is_sealed(run_dir):
            remove_sealed(run_dir)
        else:
            tell()
            seal(run_dir)


def seal(run_dir: Path) -> None:
    """Write the Parquet files of a run that has ended, or was killed, and remove its spool.

    Raises:
        UsageError: the run never began, or its journal cannot be read.
    """
    run = load_run(run_dir)
    refuse_while_recording(run_dir, run)
    if "seal" in run:  # an earlier attempt was killed before its last step
        if not says_what_was_sealed(run):
            raise UsageError(f"{run_dir / RUN_FILE} has changed since it was sealed: restore it from a copy.")
        if agrees_with_seal(run_dir):
            _finish(run_dir)
            return
    attendance = call_roll(run_dir, run)
    clocks = clocks_of(run_dir, run) | clocks_that_went_back(run_dir, attendance)
    recorded = gathered(run_dir, run, clocks)
    reads = recorded[READS_FILE]
    if "ended" not in run:
        last = int(reads["returned_ns"].max()) if len(reads) else int(run["plan"]["start_ns"])
        stopped = any(process.get("closed") or process.get("unwritten") for process in attendance["processes"])
        reason = "not ended in order" if stopped else "killed"
        run["ended"] = {"at_ns": last, "recovered": True, "reason": f"{reason}; recovered from what it had flushed"}
    if run["format"] < FORMAT_VERSION:  # only now: if this is killed earlier, the run keeps its old format
        run |= {"format": FORMAT_VERSION, "manifest": {"of_format": run["format"]}}
    run["attendance"] = attendance
    if clocks:
        run["clock_uncertainty_ns"] = {str(worker): ns for worker, ns in how_uncertain(clocks, reads).items()}
    exchanges = all_exchanges(run_dir, run)
    clock_records = {CLOCKS_FILE: exchanges} if len(exchanges) else {}
    for name, records in {**recorded, WINDOWS_FILE: planned_windows(run), **clock_records}.items():
        _write_parquet(run_dir / name, records, run["run"])
    write_run(run_dir, with_seal(run_dir, run), durable=True)  # before what it was made from is removed
    _finish(run_dir)


def _finish(run_dir: Path) -> None:
    write_checksums(run_dir)
    (run_dir / SPOOL_FOLDER).rename(run_dir / SEALED_FOLDER)
    remove_sealed(run_dir)


def remove_sealed(run_dir: Path) -> None:
    """Remove what is left of the files that a run was sealed from: sealing may have been killed before its end."""
    if (run_dir / SEALED_FOLDER).exists():
        (run_dir / JOURNAL_NAME).unlink(missing_ok=True)
        shutil.rmtree(run_dir / SEALED_FOLDER)


def refuse_while_recording(run_dir: Path, run: dict[str, Any]) -> None:
    """Refuse a run that is still being recorded. Processes that the master gave up do not count: they hang."""
    given_up = run.get("given_up", ())
    for name, process in still_recording(run_dir).items():
        if name in given_up:
            continue
        raise UsageError(f"{run_dir} is still being recorded by process {process}: stop that run, or wait for its end.")


def _write_parquet(path: Path, records: np.ndarray[Any, np.dtype[Any]], run: str) -> None:
    """Write a structured array, one column for each field. The file appears whole or not at all, and names its run."""
    names = [name for name in records.dtype.names or () if name != "widening_ns" or records[name].any()]
    columns = {
        name: pa.array(records[name], type=pa.string() if records.dtype[name].hasobject else None) for name in names
    }
    with whole_file(path, durable=True) as beside:
        pq.write_table(named(pa.table(columns), run, path.name), beside, compression="zstd")
