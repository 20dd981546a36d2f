"""Compares who was to record with what each left in the run directory: the attendance that a sealed run keeps.

``run.json`` names from the start who is to record (its ``manifest``). Each process marks in the spool folder that it
began, up to when everything is on disk, and that it is done (:mod:`loadtest.run.spool.presence`). What is missing is
worked out from the attendance (:mod:`loadtest.run.history.attendance`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtest import units
from loadtest.errors import UsageError
from loadtest.run.clocks.clock_bounds import ClockBounds
from loadtest.run.clocks.clock_exchange import ACCEPTED_AT_END_NS, LAST_EXCHANGES_NS, OffsetBound, why_not_one_clock
from loadtest.run.clocks.clock_steps import longest_step_back_ns
from loadtest.run.clocks.clocks import clocks_of, jumped, of_clock_that_went_back
from loadtest.run.files import (
    CLOSED_SUFFIX,
    HEARTBEAT_SUFFIX,
    INCOMPLETE_SUFFIX,
    JOURNAL_NAME,
    READS_SUFFIX,
    RUN_FILE,
    SAMPLES_SUFFIX,
    SPOOL_FOLDER,
    SPOOL_SUFFIXES,
)
from loadtest.run.spool.presence import WORKER, Pulse, Written, pulse_of
from loadtest.run.spool.recording_processes import registrations
from loadtest.run.spool.spool_format import SPOOLED_SAMPLE_DTYPE, load_records, spooled_fields

FORMAT_WITH_MANIFEST: Final = 2
_BLOCK: Final = 2**20
_OWN_DIRECTORY: Final = "keep the spools of each run in its own directory"


def call_roll(run_dir: Path, run: dict[str, Any]) -> dict[str, Any]:
    """The attendance of a recorded run, for ``run.json``.

    Raises:
        UsageError: a spool is of another run, or ``run.json`` names nobody.
    """
    try:
        return _roll(run_dir, run)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(
            f"{run_dir / RUN_FILE} does not list the processes that were to record this run, or not in the form of "
            "this program: it is damaged; restore it from a copy, or measure again."
        ) from None


def _roll(run_dir: Path, run: dict[str, Any]) -> dict[str, Any]:
    if run["format"] < FORMAT_WITH_MANIFEST or "of_format" in run["manifest"]:
        return _attendance_without_manifest(run_dir, run)
    manifest = run["manifest"]
    recorders: dict[tuple[str, int], Path] = {}
    for path, content in registrations(run_dir):
        if content is not None:
            if content.get("run") != run["run"]:
                raise UsageError(f"{path} is of another run: {_OWN_DIRECTORY}.")
            if (content["role"], content["share"]) in recorders:
                raise UsageError(f"{path} is a second record of the same process: {_OWN_DIRECTORY}.")
            recorders[content["role"], content["share"]] = path
    promised = {(expected["role"], expected["share"]) for expected in manifest["processes"]}
    known = {path.stem for who, path in recorders.items() if who in promised}
    for spool in sorted((run_dir / SPOOL_FOLDER).glob(f"*{READS_SUFFIX}")):
        if spool.stem not in known:
            raise UsageError(f"{spool} is not of a process that was to record this run: {_OWN_DIRECTORY}.")
    clocks = clocks_of(run_dir, run)
    processes = [_attendant(expected, recorders, run, clocks) for expected in manifest["processes"]]
    pulses = [pulse_of(path) for (role, _), path in recorders.items() if role == WORKER]
    return {
        "processes": processes,
        "planned_end_ns": manifest.get("planned_end_ns"),
        "readers": manifest.get("readers"),
        "began": sum(pulse.sessions for pulse in pulses if pulse is not None),
    }


def _attendant(
    expected: dict[str, Any],
    recorders: dict[tuple[str, int], Path],
    run: dict[str, Any],
    clocks: dict[int, ClockBounds],
) -> dict[str, Any]:
    process = {name: expected[name] for name in ("role", "share", "shares", "refused")}
    process["place"] = expected.get("place", "")
    registration = recorders.get((expected["role"], expected["share"]))
    if registration is None:
        return process
    pulse = pulse_of(registration)
    unwritten = registration.with_suffix(INCOMPLETE_SUFFIX).exists()
    closed = registration.with_suffix(CLOSED_SUFFIX).exists()
    damage = "" if unwritten else _damage(registration, expected["role"], pulse, closed=closed)
    until_ns = _last_on_disk(registration, run) if unwritten else pulse.until_ns if pulse is not None else None
    bounds = clocks.get(expected["share"]) if expected["role"] == WORKER else None
    if expected["role"] == WORKER and not damage and (step_ns := longest_step_back_ns(registration, run)):
        process["went_back_ns"] = step_ns
        bounds = of_clock_that_went_back(registration.parents[1], expected["share"], step_ns, until_ns)
    clock = _clock(expected, run) or jumped(bounds) or _not_compared_since(bounds, until_ns)
    if until_ns is not None and bounds is not None:
        until_ns = max(0, int(bounds.about(np.array([until_ns]))[0]))
    return process | {
        "began": True,
        "until_ns": until_ns,
        "closed": closed,
        "unwritten": unwritten,
        "damage": damage,
        "clock": clock,
    }


def _not_compared_since(bounds: ClockBounds | None, until_ns: int | None) -> str:
    """That a worker read on for long after its clock was last compared, as it may where the master was killed."""
    silent_ns = 0 if bounds is None or until_ns is None else bounds.silent_before_ns(until_ns)
    if silent_ns <= LAST_EXCHANGES_NS:
        return ""
    return f"its clock was not compared with the master's in the last {units.seconds(silent_ns)} that it recorded"


def _damage(registration: Path, role: str, pulse: Pulse | None, *, closed: bool) -> str:
    """What is missing of a process's files, or has changed since it was written; "" when nothing is wrong."""
    heartbeat = registration.with_suffix(HEARTBEAT_SUFFIX)
    if not heartbeat.exists():
        return f"its file {heartbeat.name} is gone"
    if pulse is None and heartbeat.stat().st_size:
        return f"its file {heartbeat.name} is damaged"
    if role == WORKER:
        files = {suffix: registration.with_suffix(suffix) for suffix in SPOOL_SUFFIXES}
    else:
        files = {JOURNAL_NAME: registration.parents[1] / JOURNAL_NAME}
    for name, path in files.items():
        if not path.exists():
            return f"its file {path.name} is gone"
        written = pulse.files.get(name, Written()) if pulse is not None else Written()
        size = path.stat().st_size
        if size < written.size:
            return f"{units.size(written.size - size)} of its file {path.name} are gone"
        if (closed and size > written.size) or _beginning_of(path, written.size) != written:
            return f"its file {path.name} has changed since it was written"
    return ""


def _beginning_of(path: Path, size: int) -> Written:
    beginning = Written()
    with path.open("rb") as file:
        while block := file.read(min(_BLOCK, size - beginning.size)):
            beginning = beginning.and_then(block)
    return beginning


def _clock(expected: dict[str, Any], run: dict[str, Any]) -> str:
    """Why a worker's clock was not the master's to the end; "" also for a killed run, where nobody asked at the end."""
    clock = expected.get("clock")
    ended = run.get("ended")
    if clock is None or ended is None or ended.get("recovered"):
        return ""
    if clock.get("jumped"):
        return str(clock["jumped"])
    end, asked_ns = clock.get("end"), clock.get("asked_ns")
    if end is None or asked_ns is None or ended["at_ns"] - asked_ns > LAST_EXCHANGES_NS:
        return "its clock was not compared with the master's at the end of the run"
    return why_not_one_clock(OffsetBound(*end), ACCEPTED_AT_END_NS) if clock.get("one", True) else ""


def _last_on_disk(registration: Path, run: dict[str, Any]) -> int | None:
    reads = load_records(registration.with_suffix(READS_SUFFIX), spooled_fields(run))
    samples = load_records(registration.with_suffix(SAMPLES_SUFFIX), SPOOLED_SAMPLE_DTYPE)
    ends = [int(column.max()) for column in (reads["returned_ns"], samples["at_ns"]) if len(column)]
    return max(ends, default=None)


def _attendance_without_manifest(run_dir: Path, run: dict[str, Any]) -> dict[str, Any]:
    """The attendance of a run of format 1: the settings have the number of workers, the spools' names their shares."""
    spools = {path.stem: path for path in sorted((run_dir / SPOOL_FOLDER).glob(f"*{READS_SUFFIX}"))}
    count = max(int(run["settings"].get("workers") or 1), len(spools), 1)
    named = {int(stem.split("-")[0]): path for stem, path in spools.items()}
    numbers = sorted(named)
    gone = [number for number in range(count + len(numbers)) if number not in named]
    shares = sorted([*numbers, *gone[: count - len(numbers)]])
    processes = []
    for share in shares:
        process: dict[str, Any] = {"role": WORKER, "share": share, "shares": max(shares) + 1 if count > 1 else 0}
        path = named.get(share)
        if path is not None:
            closed = path.with_suffix(CLOSED_SUFFIX).exists()
            process |= {
                "began": True,
                "until_ns": _last_on_disk(path, run),
                "closed": closed,
                "unwritten": path.with_suffix(INCOMPLETE_SUFFIX).exists(),
                "damage": next(
                    (
                        f"its file {path.stem}{suffix} is gone"
                        for suffix in SPOOL_SUFFIXES
                        if not path.with_suffix(suffix).exists()
                    ),
                    "",
                ),
            }
            if closed and "ended" in run and not run["ended"].get("recovered"):
                process["until_ns"] = max(process["until_ns"] or 0, run["ended"]["at_ns"])  # it counted as whole then
        processes.append(process)
    return {"processes": processes}
