"""The processes that record a run: which of them began, which are done, and which still record."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from loadtest.run.files import CLOSED_SUFFIX, INCOMPLETE_SUFFIX, READS_SUFFIX, REGISTRATION_SUFFIX, SPOOL_FOLDER
from loadtest.run.plan import boot_id
from loadtest.run.spool.presence import is_alive, registration_of

_PROCESSES: Final = Path("/proc")


def registrations(run_dir: Path) -> list[tuple[Path, dict[str, Any] | None]]:
    """All recorders that began, in order of name, each with what it wrote about itself."""
    return [(path, registration_of(path)) for path in sorted((run_dir / SPOOL_FOLDER).glob(f"*{REGISTRATION_SUFFIX}"))]


def closed_spools(run_dir: Path) -> int:
    """How many processes have closed their spool with everything that they recorded."""
    closed = (run_dir / SPOOL_FOLDER).glob(f"*{CLOSED_SUFFIX}")
    return sum(path.with_suffix(READS_SUFFIX).exists() for path in closed)  # the writer has no spool of reads


def still_recording(run_dir: Path) -> dict[str, int]:
    """The names of recorders that are neither done nor dead, with their process ids."""
    recording = {}
    for path, content in registrations(run_dir):
        if is_alive(path):
            recording[path.stem] = content["process"] if content is not None else 0
    for reads in (run_dir / SPOOL_FOLDER).glob(f"*{READS_SUFFIX}"):
        if not reads.with_suffix(REGISTRATION_SUFFIX).exists() and _records_by_number(reads):
            recording[reads.stem] = int(reads.stem.split("-")[1])
    return recording


def _records_by_number(reads: Path) -> bool:
    """Whether the process that a spool of format 1 is named after is still recording."""
    _, process, *identity = (*reads.stem.split("-"), "")
    now = process_identity(int(process)) if process.isdecimal() else None
    identity = [part for part in identity if part]
    marks = (reads.with_suffix(suffix) for suffix in (CLOSED_SUFFIX, INCOMPLETE_SUFFIX))
    return now is not None and identity in ([], now.split("-")) and not any(mark.exists() for mark in marks)


def process_identity(process: int) -> str | None:
    """The boot and the start time of a live process; None when it has ended, "" where the system does not know them.

    A process id alone comes again: in containers every recorder may be process 1.
    """
    try:
        state, *fields = (_PROCESSES / str(process) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return "" if not (_PROCESSES / "self").exists() and _takes_signals(process) else None
    return None if state in (b"Z", b"X") else f"{boot_id()[:8]}-{int(fields[18])}"  # starttime, proc_pid_stat(5)


def _takes_signals(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)  # any other error means that it is there, and somebody else's
    return True
