"""Turns what a run has spooled into its Parquet files, after the run, or after it was killed.

Only now can an ETag be told as a version: the writer's journal says which ETag S3 gave to which document.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loadtest.errors import UsageError
from loadtest.run.addresses import name_versions_apart
from loadtest.run.checksums import write_checksums
from loadtest.run.clock_bounds import ClockBounds
from loadtest.run.clocks import (
    all_exchanges,
    clocks_of,
    clocks_that_went_back,
    how_uncertain,
    on_masters_clock,
    widened,
)
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.kinds import are_observed, description_in, documents_of
from loadtest.run.duel import schedule_of
from loadtest.run.entity_tags import SpooledReads
from loadtest.run.files import (
    BODIES_SUFFIX,
    CLOCKS_FILE,
    ETAGS_SUFFIX,
    GENERATOR_FILE,
    JOURNAL_NAME,
    READS_FILE,
    READS_SUFFIX,
    REQUESTS_FILE,
    REQUESTS_SUFFIX,
    RUN_FILE,
    SAMPLES_SUFFIX,
    SEALED_FOLDER,
    SPOOL_FOLDER,
    WINDOWS_FILE,
    WRITES_FILE,
)
from loadtest.run.looks import windows_until_ns
from loadtest.run.observed.journal import WATCH, Watched, watched_from
from loadtest.run.observed.naming import name_alone, name_observed
from loadtest.run.records import (
    FORMAT_VERSION,
    GENERATOR_DTYPE,
    NEVER_RETURNED,
    NO_VERSION,
    REQUEST_DTYPE,
    WINDOW_DTYPE,
    WRITE_DTYPE,
    WRITER_SESSION,
    ReadOutcome,
    WriteOutcome,
    opaque,
)
from loadtest.run.roll_call import call_roll
from loadtest.run.run_directory import alone_in, load_run, write_run
from loadtest.run.schedule import Rests
from loadtest.run.seal import agrees_with_seal, named, says_what_was_sealed, with_seal
from loadtest.run.settings import NO_WRITER
from loadtest.run.spool import (
    SPOOLED_READ_DTYPE,
    SPOOLED_SAMPLE_DTYPE,
    load_etags,
    load_lines,
    load_records,
    spooled_fields,
    still_recording,
)
from loadtest.whole_files import whole_file

Array = np.ndarray[Any, np.dtype[Any]]


def is_sealed(run_dir: Path) -> bool:
    """Whether the Parquet files are there and no spool is left to be turned into them."""
    return not (run_dir / SPOOL_FOLDER).exists()


def pack(run_dir: Path, tell: Callable[[], None] = lambda: None) -> None:
    """Seal a run if that is still to be done, and tell before it is; whoever comes meanwhile waits, and finds it done.

    Raises:
        UsageError: as :func:`seal`.
    """
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
    if "seal" in run:  # who did it was killed before the last step
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
    if run["format"] < FORMAT_VERSION:  # it stays one of its own format, should this be killed before its end
        run |= {"format": FORMAT_VERSION, "manifest": {"of_format": run["format"]}}
    run["attendance"] = attendance
    if clocks:
        run["clock_uncertainty_ns"] = {str(worker): ns for worker, ns in how_uncertain(clocks, reads).items()}
    exchanges = all_exchanges(run_dir, run)
    heard = {CLOCKS_FILE: exchanges} if len(exchanges) else {}
    for name, records in {**recorded, WINDOWS_FILE: planned_windows(run), **heard}.items():
        _write_parquet(run_dir / name, records, run["run"])
    write_run(run_dir, with_seal(run_dir, run))
    _finish(run_dir)


def gathered(run_dir: Path, run: dict[str, Any], clocks: dict[int, ClockBounds]) -> dict[str, Array]:
    """What was recorded so far, by the name of the Parquet file that it is for; it may still be recorded.

    Raises:
        UsageError: the journal cannot be read.
    """
    events, notes = _journal(run_dir / JOURNAL_NAME)
    writes = _writes(events)
    spools = sorted((run_dir / SPOOL_FOLDER).glob(f"*{READS_SUFFIX}"))
    began_ns = int(writes["returned_ns"][0]) if len(writes) else 0
    recorded = [_spooled(path, run) for path in spools]

    def settled(reads: Array) -> Array:
        return widened(reads, clocks, began_ns)

    lines = [load_lines(path.with_suffix(BODIES_SUFFIX)) for path in spools]
    if run["settings"].get("writer") == NO_WRITER:
        alone = name_alone(recorded, lines, writes, settled)
        reads, writes = alone.reads, alone.writes
        run[WATCH] = {"documents": alone.documents, "in_order": alone.in_order, "came_back": alone.came_back}
    elif are_observed(description_in(run, run_dir)):
        said = watched_from(notes)
        observed = name_observed(recorded, lines, writes, Watched.model_validate(said), settled)
        run[WATCH] = {**said, "unseen": observed.unseen, "vouched": observed.vouched}
        reads = observed.reads
    else:
        reads = name_versions_apart(recorded, _told_by_puts(writes, run, run_dir), settled)
    samples = [_samples(path.with_suffix(SAMPLES_SUFFIX), clocks) for path in spools]
    return {
        READS_FILE: reads,
        WRITES_FILE: writes,
        GENERATOR_FILE: _concatenate(samples, GENERATOR_DTYPE),
        REQUESTS_FILE: _requests(spools, events, clocks),
    }


def _finish(run_dir: Path) -> None:
    write_checksums(run_dir)
    (run_dir / SPOOL_FOLDER).rename(run_dir / SEALED_FOLDER)
    remove_sealed(run_dir)


def remove_sealed(run_dir: Path) -> None:
    """Remove what a run was sealed from, if any of it is left: sealing may have been killed before its end."""
    if (run_dir / SEALED_FOLDER).exists():
        (run_dir / JOURNAL_NAME).unlink(missing_ok=True)
        shutil.rmtree(run_dir / SEALED_FOLDER)


def refuse_while_recording(run_dir: Path, run: dict[str, Any]) -> None:
    """Whom the master gave up is not waited for: it hangs, and the run ended without it."""
    given_up = run.get("given_up", ())
    for name, process in still_recording(run_dir).items():
        if name in given_up:
            continue
        raise UsageError(f"{run_dir} is still being recorded by process {process}: stop that run, or wait for its end.")


def _journal(journal: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The events of each PUT put together, in order of version; and what a watcher noted beside them.

    Raises:
        UsageError: the journal is missing or damaged, other than cut short.
    """
    try:
        lines = journal.read_bytes().split(b"\n")
    except OSError:
        raise UsageError(f"{journal} is missing: without the writes nothing can be said of the reads.") from None
    events: dict[int, dict[str, Any]] = {}
    notes: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            event = json.loads(line)
            if WATCH in event:
                notes.append(dict(event[WATCH]))
            else:
                events.setdefault(event["version"], {}).update(event)
        except (ValueError, KeyError, TypeError, AttributeError):
            if number < len(lines):
                raise UsageError(f"{journal}, line {number}, is damaged: the run cannot be judged.") from None
    return sorted(events.values(), key=lambda event: int(event["version"])), notes


def _writes(rows: list[dict[str, Any]]) -> Array:
    """The PUTs as records; one that was sent and not heard of again is of unknown outcome."""
    records = np.zeros(len(rows), dtype=WRITE_DTYPE)
    for record, event in zip(records, rows, strict=True):
        outcome = WriteOutcome(event.get("outcome", WriteOutcome.UNKNOWN))
        unknown = outcome is WriteOutcome.UNKNOWN
        record["version"] = event["version"]
        record["scheduled_ns"] = event["scheduled_ns"]
        record["called_ns"] = event["called_ns"]
        record["returned_ns"] = NEVER_RETURNED if unknown else event["returned_ns"]
        record["gave_up_ns"] = event.get("returned_ns", 0) if unknown else 0
        record["outcome"] = outcome
        record["etag"] = event.get("etag", "")
        record["bytes"] = event["bytes"]
        record["error"] = event.get("error", "no answer recorded" if unknown else "")
    return records


def _told_by_puts(writes: Array, run: dict[str, Any], run_dir: Path) -> dict[str, list[int]]:
    """The versions for which a PUT was told an ETag, by its opaque part.

    Where these are MD5s of the documents (no KMS, no multipart: Amazon S3 API, "Object", ETag), those of writes that
    were not acknowledged are computed.
    """
    told: dict[str, list[int]] = {}
    for write in writes:
        if write["etag"]:
            told.setdefault(opaque(str(write["etag"])), []).append(int(write["version"]))
    unnamed = writes["version"][writes["etag"] == ""]
    documents = _documents(run, run_dir) if told and len(unnamed) else None
    if documents is None:
        return told

    def md5(version: int) -> str:
        body = documents.render(version)
        return "" if body is None else hashlib.md5(body, usedforsecurity=False).hexdigest()

    tag, own = next(iter(told.items()))
    if md5(own[0]) == tag:
        for version in map(int, unnamed):
            told.setdefault(md5(version), []).append(version)
    told.pop("", None)  # of what is not known beforehand
    return told


def _documents(run: dict[str, Any], run_dir: Path) -> Documents | None:
    """The documents of the run; None when they are not there any more: what is known of them is then all there is."""
    try:
        return documents_of(description_in(run, run_dir), run["run"], run_dir)
    except (OSError, ValueError, KeyError):
        return None


def _spooled(path: Path, run: dict[str, Any]) -> SpooledReads:
    recorded = load_records(path, spooled_fields(run))
    spooled = np.zeros(len(recorded), dtype=SPOOLED_READ_DTYPE)  # fields that it lacks are zero
    for name in recorded.dtype.names or ():
        spooled[name] = recorded[name]
    _add_late_bodies(spooled, load_lines(path.with_suffix(BODIES_SUFFIX)))
    etags = load_etags(path.with_suffix(ETAGS_SUFFIX))
    known = (spooled["etag"] < len(etags)) & (spooled["sent_etag"] < len(etags))
    # the last records of a killed run may name lines that were not written any more
    return SpooledReads(int(path.name.split("-")[0]), spooled[known], etags)


def _add_late_bodies(spooled: Array, lines: list[Any]) -> None:
    """Correct the 304s whose body came after they were recorded; a killed run may not have flushed them all."""
    for record, length in (line for line in lines if isinstance(line, list)):
        if record < len(spooled):
            late = {"outcome": ReadOutcome.NOT_MODIFIED_WITH_BODY, "version": NO_VERSION, "body_bytes": length}
            spooled[list(late)][record] = tuple(late.values())


def _samples(path: Path, clocks: dict[int, ClockBounds]) -> Array:
    spooled = load_records(path, SPOOLED_SAMPLE_DTYPE)
    samples = np.zeros(len(spooled), dtype=GENERATOR_DTYPE)
    for name in SPOOLED_SAMPLE_DTYPE.names or ():
        samples[name] = spooled[name]
    samples["worker"] = worker = int(path.name.split("-")[0])
    samples["at_ns"] = on_masters_clock(samples["at_ns"], worker, clocks)
    return samples


def _requests(spools: list[Path], events: list[dict[str, Any]], clocks: dict[int, ClockBounds]) -> Array:
    rows = [(0, WRITER_SESSION, event["called_ns"], event["request_id"]) for event in events if event.get("request_id")]
    for spool in spools:
        worker = int(spool.name.split("-")[0])
        named = load_lines(spool.with_suffix(REQUESTS_SUFFIX))
        called = on_masters_clock(np.array([called for _, called, _ in named], dtype=np.int64), worker, clocks)
        rows += [(worker, session, int(at), name) for (session, _, name), at in zip(named, called, strict=True)]
    return np.array(rows, dtype=REQUEST_DTYPE)


def planned_windows(run: dict[str, Any]) -> Array:
    """The windows that were over when the run ended, or up to the look that ended it."""
    plan = run["plan"]
    rests = Rests(plan.get("rest_windows", 0), plan.get("rest_pairs", 0))  # runs of old versions had none
    seed = run["settings"]["seed"]
    windows = schedule_of(plan["start_ns"], plan["window_ns"], seed, rests, plan.get("side", ""))
    return np.array(
        [dataclasses.astuple(window) for window in windows.whole_until(windows_until_ns(run))], dtype=WINDOW_DTYPE
    )


def _concatenate(parts: list[Array], dtype: np.dtype[Any]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)


def _write_parquet(path: Path, records: Array, run: str) -> None:
    """Write a structured array, a column a field; the file appears whole or not at all, and names its run."""
    names = [name for name in records.dtype.names or () if name != "widening_ns" or records[name].any()]
    columns = {
        name: pa.array(records[name], type=pa.string() if records.dtype[name].hasobject else None) for name in names
    }
    with whole_file(path, durable=True) as beside:
        pq.write_table(named(pa.table(columns), run, path.name), beside, compression="zstd")
