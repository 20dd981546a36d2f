"""Puts together what a run has recorded, from its spools and the writer's journal: one array for each Parquet file.

This is done when a run is sealed, and for a look while it goes on. Only then is it known which version an ETag names:
the journal has the ETag that the store gave to each document.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from loadtest.errors import UsageError
from loadtest.run.addresses import name_versions_apart, object_numbers
from loadtest.run.clocks.clock_bounds import ClockBounds
from loadtest.run.clocks.clocks import on_masters_clock, widened
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.kinds import are_observed, description_in, documents_of
from loadtest.run.duel_schedule import schedule_of
from loadtest.run.etags.etag_digests import md5_of
from loadtest.run.etags.versions_named import SpooledReads
from loadtest.run.files import (
    BODIES_SUFFIX,
    ETAGS_SUFFIX,
    GENERATOR_FILE,
    JOURNAL_NAME,
    READS_FILE,
    READS_SUFFIX,
    REQUESTS_FILE,
    REQUESTS_SUFFIX,
    SAMPLES_SUFFIX,
    SPOOL_FOLDER,
    WRITES_FILE,
)
from loadtest.run.history.looks import windows_until_ns
from loadtest.run.journal import load_journal, writes_of
from loadtest.run.observed.naming import name_observed
from loadtest.run.observed.watcher_journal import WATCH, Watched, watched_from
from loadtest.run.observed.without_a_store import name_alone
from loadtest.run.records import (
    GENERATOR_DTYPE,
    NO_VERSION,
    REQUEST_DTYPE,
    WINDOW_DTYPE,
    WRITER_SESSION,
    ReadOutcome,
    opaque,
)
from loadtest.run.schedule import Rests
from loadtest.run.settings import NO_WRITER
from loadtest.run.spool.spool_format import (
    SPOOLED_READ_DTYPE,
    SPOOLED_SAMPLE_DTYPE,
    load_etags,
    load_lines,
    load_records,
    spooled_fields,
)

Array = np.ndarray[Any, np.dtype[Any]]


def gathered(run_dir: Path, run: dict[str, Any], clocks: dict[int, ClockBounds]) -> dict[str, Array]:
    """What was recorded so far, by the name of its Parquet file. The run may still go on."""
    events, notes = load_journal(run_dir / JOURNAL_NAME)
    try:
        writes = writes_of(events)
    except (KeyError, ValueError, TypeError, OverflowError):
        raise UsageError(
            f"{run_dir / JOURNAL_NAME} lacks a line of a PUT, or has one that was altered: restore it from a copy, or "
            "measure again."
        ) from None
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
        told = {"unseen": observed.unseen, "vouched": observed.vouched, "same_bytes": observed.same_bytes}
        run[WATCH] = {**said, **told}
        reads = observed.reads
    else:
        put = _versions_by_etag(writes, run, run_dir)
        reads = name_versions_apart(recorded, put, settled, object_numbers(run.get("target", {})))
    samples = [_samples(path.with_suffix(SAMPLES_SUFFIX), clocks) for path in spools]
    return {
        READS_FILE: reads,
        WRITES_FILE: writes,
        GENERATOR_FILE: _concatenate(samples, GENERATOR_DTYPE),
        REQUESTS_FILE: _requests(spools, events, clocks),
    }


def _versions_by_etag(writes: Array, run: dict[str, Any], run_dir: Path) -> dict[str, list[int]]:
    """The versions whose PUT returned an ETag, by the opaque part of that.

    Where these are MD5s of the documents (no KMS, no multipart: Amazon S3 API, "Object", ETag), the ETags of writes
    that were not acknowledged are computed.
    """
    versions: dict[str, list[int]] = {}
    for write in writes:
        if write["etag"]:
            versions.setdefault(opaque(str(write["etag"])), []).append(int(write["version"]))
    unnamed = writes["version"][writes["etag"] == ""]
    documents = _documents(run, run_dir) if versions and len(unnamed) else None
    if documents is None:
        return versions

    def digest_of(version: int) -> str:
        body = documents.render(version)
        return "" if body is None else md5_of(body)

    tag, own = next(iter(versions.items()))
    if digest_of(own[0]) == tag:
        for version in map(int, unnamed):
            versions.setdefault(digest_of(version), []).append(version)
    versions.pop("", None)  # of documents whose bytes are not known
    return versions


def _documents(run: dict[str, Any], run_dir: Path) -> Documents | None:
    """The documents of the run; None when they are not there any more."""
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
    # the last records of a killed run may name lines that were never written
    return SpooledReads(int(path.name.split("-")[0]), spooled[known], etags)


def _add_late_bodies(spooled: Array, lines: list[Any]) -> None:
    """Correct the 304s whose body came after they were recorded. A killed run may not have flushed all of them."""
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
        requests = load_lines(spool.with_suffix(REQUESTS_SUFFIX))
        called = on_masters_clock(np.array([called for _, called, _ in requests], dtype=np.int64), worker, clocks)
        rows += [(worker, session, int(at), name) for (session, _, name), at in zip(requests, called, strict=True)]
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
