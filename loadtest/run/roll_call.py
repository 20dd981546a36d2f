"""Who left what in the run directory, against who was to: the attendance that a sealed run keeps.

``run.json`` names from the start who is to record (its ``manifest``); each process says in the spool folder that it
began, up to when everything is on disk, and that it is done (:mod:`loadtest.run.presence`). What that comes to is
judged elsewhere (:mod:`loadtest.run.attendance`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from loadtest import units
from loadtest.errors import UsageError
from loadtest.run.clock_exchange import (
    ACCEPTED_AT_END_NS,
    LAST_EXCHANGES_NS,
    OffsetBound,
    why_not_one_clock,
)
from loadtest.run.files import SPOOL_FOLDER
from loadtest.run.presence import CLOSED_SUFFIX, INCOMPLETE_SUFFIX, KINDS, WORKER, Pulse, pulse_of
from loadtest.run.spool import SPOOLED_READ_DTYPE, SPOOLED_SAMPLE_DTYPE, load_lines, load_records, registrations

FORMAT_WITH_MANIFEST: Final = 2
JOURNAL_NAME: Final = "writes.jsonl"
_WORDS: Final = {
    "etags": "ETags",
    "requests": "request ids",
    "bodies": "late bodies",
    "samples": "samples of its health",
}


def call_roll(run_dir: Path, run: dict[str, Any]) -> dict[str, Any]:
    """The attendance of a run that was recorded, as it goes into ``run.json``.

    Raises:
        UsageError: a spool is of another run, or ``run.json`` names nobody.
    """
    try:
        return _roll(run_dir, run)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(
            f"{run_dir / 'run.json'} does not say who was to record this run, or in another way than this program "
            "does: it is damaged; restore it from a copy, or measure again."
        ) from None


def _roll(run_dir: Path, run: dict[str, Any]) -> dict[str, Any]:
    if run["format"] < FORMAT_WITH_MANIFEST or "of_format" in run["manifest"]:
        return _attendance_without_manifest(run_dir, run)
    manifest = run["manifest"]
    left: dict[tuple[str, int], Path] = {}
    for path, said in registrations(run_dir):
        if said is not None:
            if said.get("run") != run["run"]:
                raise UsageError(f"{path} is of another run: keep the spools of each run in its own directory.")
            left[said["role"], said["share"]] = path
    processes = [_attendant(expected, left, run) for expected in manifest["processes"]]
    pulses = [pulse_of(path) for (role, _), path in left.items() if role == WORKER]
    return {
        "processes": processes,
        "planned_end_ns": manifest.get("planned_end_ns"),
        "readers": manifest.get("readers"),
        "began": sum(pulse.sessions for pulse in pulses if pulse is not None),
    }


def _attendant(expected: dict[str, Any], left: dict[tuple[str, int], Path], run: dict[str, Any]) -> dict[str, Any]:
    process = {name: expected[name] for name in ("role", "share", "shares", "refused")}
    registration = left.get((expected["role"], expected["share"]))
    if registration is None:
        return process
    pulse = pulse_of(registration)
    unwritten = registration.with_suffix(INCOMPLETE_SUFFIX).exists()
    damage = "" if unwritten else (_damage if expected["role"] == WORKER else _journal_damage)(registration, pulse)
    until_ns = pulse.until_ns if pulse is not None else None
    return process | {
        "began": True,
        "until_ns": _last_on_disk(registration) if unwritten else until_ns,
        "closed": registration.with_suffix(CLOSED_SUFFIX).exists(),
        "unwritten": unwritten,
        "damage": damage,
        "clock": _clock(expected, run),
    }


def _damage(registration: Path, pulse: Pulse | None) -> str:
    """What is not there of the spool, though its process had written it."""
    counts = {
        "etags": len(load_lines(registration.with_suffix(".etags"))),
        "requests": len(load_lines(registration.with_suffix(".requests"))),
        "bodies": len(load_lines(registration.with_suffix(".bodies"))),
        "reads": len(load_records(registration.with_suffix(".reads"), SPOOLED_READ_DTYPE)),
        "samples": len(load_records(registration.with_suffix(".samples"), SPOOLED_SAMPLE_DTYPE)),
    }
    for kind in KINDS:
        if not registration.with_suffix(f".{kind}").exists():
            return f"its file {registration.stem}.{kind} is gone"
        written = pulse.records.get(kind, 0) if pulse is not None else 0
        if counts[kind] < written:
            what = _WORDS.get(kind, kind)
            return f"of {written:,} {what} that it wrote, {written - counts[kind]:,} are gone"
    return ""


def _journal_damage(registration: Path, pulse: Pulse | None) -> str:
    journal = registration.parents[1] / JOURNAL_NAME
    size = journal.stat().st_size if journal.exists() else 0
    written = pulse.records.get("journal", 0) if pulse is not None else 0
    return f"{units.size(written - size)} of its journal are gone" if size < written else ""


def _clock(expected: dict[str, Any], run: dict[str, Any]) -> str:
    """Why the clock of a worker was not the master's to the end. In a run that was killed nobody asked at the end."""
    clock = expected.get("clock")
    ended = run.get("ended")
    if clock is None or ended is None or ended.get("recovered"):
        return ""
    if clock.get("jumped"):
        return str(clock["jumped"])
    end, asked_ns = clock.get("end"), clock.get("asked_ns")
    if end is None or asked_ns is None or ended["at_ns"] - asked_ns > LAST_EXCHANGES_NS:
        return "its clock was not compared with the master's at the end of the run"
    return why_not_one_clock(OffsetBound(*end), ACCEPTED_AT_END_NS)


def _last_on_disk(registration: Path) -> int | None:
    reads = load_records(registration.with_suffix(".reads"), SPOOLED_READ_DTYPE)
    samples = load_records(registration.with_suffix(".samples"), SPOOLED_SAMPLE_DTYPE)
    ends = [int(column.max()) for column in (reads["returned_ns"], samples["at_ns"]) if len(column)]
    return max(ends, default=None)


def _attendance_without_manifest(run_dir: Path, run: dict[str, Any]) -> dict[str, Any]:
    """For runs of format 1: how many workers there were is in the settings, and their numbers in the spools' names."""
    spools = {path.stem: path for path in sorted((run_dir / SPOOL_FOLDER).glob("*.reads"))}
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
                "until_ns": _last_on_disk(path),
                "closed": closed,
                "unwritten": path.with_suffix(INCOMPLETE_SUFFIX).exists(),
                "damage": next(
                    (
                        f"its file {path.stem}.{kind} is gone"
                        for kind in KINDS
                        if not path.with_suffix(f".{kind}").exists()
                    ),
                    "",
                ),
            }
            if closed and "ended" in run and not run["ended"].get("recovered"):
                process["until_ns"] = max(process["until_ns"] or 0, run["ended"]["at_ns"])  # as was taken for whole
        processes.append(process)
    return {"processes": processes}
