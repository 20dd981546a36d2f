"""Recording while running: fixed-width records, appended in the readers' loop and flushed at least once a second.

No compression, no JSON and no Parquet here: a read costs one ``struct.pack`` and one list append. ETags and their like
are text, so each distinct one is written once to a table beside the records, which then hold its line number. What is
flushed survives a SIGKILL; what a full disk does not take is kept and tried again. ``loadtest.run.sealing`` turns
the spool into Parquet when the run is over.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtest.errors import UsageError
from loadtest.run.files import (
    CLOSED_SUFFIX,
    INCOMPLETE_SUFFIX,
    READS_SUFFIX,
    REGISTRATION_SUFFIX,
    SPOOL_FOLDER,
    SPOOL_SUFFIXES,
)
from loadtest.run.plan import boot_id
from loadtest.run.presence import WORKER, Presence, Pulse, Written, is_alive, registration_of
from loadtest.run.records import GENERATOR_DTYPE, LONGEST_ETAG, READ_DTYPE, opaque

logger = logging.getLogger(__name__)

NO_ETAG: Final = 0
"""Line number that stands for no ETag; real ones count from 1."""
_PROCESSES: Final = Path("/proc")

_LINE_OF: Final = {"etag_version": "etag", "sent_version": "sent_etag"}
"""What is a version in the end is a line in the table of ETags while the run goes on."""
SPOOLED_READ_DTYPE: Final = np.dtype(
    [
        (_LINE_OF[name], "<u4") if name in _LINE_OF else (name, READ_DTYPE[name])
        for name in READ_DTYPE.names or ()
        if name not in ("worker", "widening_ns")  # the name of the file says the one; the other comes with the bounds
    ]
)
_FIELDS_AT_FIRST: Final = 10
"""So many of them had the spools of runs that do not say which they have."""


def spooled_fields(run: dict[str, Any]) -> np.dtype[Any]:
    """What a record is in the spools of a run, which says in ``run.json`` how many fields there are: they only grow.

    Raises:
        UsageError: no program up to this one had so many.
    """
    names = SPOOLED_READ_DTYPE.names or ()
    count = run.get("spooled_fields", _FIELDS_AT_FIRST)
    if not isinstance(count, int) or not _FIELDS_AT_FIRST <= count <= len(names):
        raise UsageError(
            f"run.json tells of spools with {str(count)[:20]} fields a read, which this program does not know: seal "
            "the run with the version that recorded it, or restore that file."
        )
    return np.dtype([(name, SPOOLED_READ_DTYPE[name]) for name in names[:count]])


SPOOLED_SAMPLE_DTYPE: Final = np.dtype(
    [(name, GENERATOR_DTYPE[name]) for name in GENERATOR_DTYPE.names or () if name != "worker"]
)
_CODES: Final = {"u1": "B", "u2": "H", "u4": "I", "i4": "i", "i8": "q"}


def _struct_of(dtype: np.dtype[Any]) -> struct.Struct:
    """Packs a record of ``dtype`` without NumPy, which takes longer for a single one."""
    return struct.Struct("<" + "".join(_CODES[dtype[name].str[1:]] for name in dtype.names or ()))


_PACK_READ: Final = _struct_of(SPOOLED_READ_DTYPE).pack
_PACK_SAMPLE: Final = _struct_of(SPOOLED_SAMPLE_DTYPE).pack


class _SpoolFile:
    """A file that only grows. What the system does not take of it is kept, and comes first the next time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting: list[bytes] = []
        self.written = Written()
        """What was handed over; on disk, when it is not ``is_short``."""
        self._unwritten = bytearray()
        self._file = path.open("xb", buffering=0)

    def write(self) -> None:
        """Hand all that waits to the operating system.

        Raises:
            OSError: it did not take all of it.
        """
        if self.waiting:
            new = b"".join(self.waiting)
            self.waiting.clear()
            self._unwritten += new
            self.written = self.written.and_then(new)
        while self._unwritten:
            del self._unwritten[: self._file.write(self._unwritten)]

    @property
    def behind(self) -> bool:
        """Whether some of it has not been written."""
        return bool(self._unwritten or self.waiting)

    @property
    def is_short(self) -> bool:
        """Whether some of what was handed over has not been taken."""
        return bool(self._unwritten)

    def close(self) -> OSError | None:
        """Write a last time and close; returns why not all could be written, if so."""
        failure = None
        for step in (self.write, self._file.close):
            try:
                step()
            except OSError as error:
                failure = failure or error
        return failure


class Spool:
    """The spool of one Locust process. Not for use by several threads; greenlets are fine."""

    def __init__(self, run_dir: Path, worker: int, run: str = "") -> None:
        folder = run_dir / SPOOL_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        parts = (str(worker), str(os.getpid()), _identity(os.getpid()))
        self.name = folder / "-".join(part for part in parts if part)
        """The path of its files, without their suffixes."""
        self._presence = Presence(self.name, WORKER, worker, run)
        self._etags: dict[str, int] = {}
        self._files = [_SpoolFile(self._path(suffix)) for suffix in SPOOL_SUFFIXES]
        self._etags_file, self._requests_file, self._bodies_file, reads_file, samples_file = self._files
        self._reads = reads_file.waiting
        self._samples = samples_file.waiting
        self._warned = False
        self._closed = False
        self.flush_ns = 0
        self.recorded = 0
        self.sessions = 0
        self._presence.beat(self._pulse(time.monotonic_ns()))

    def _pulse(self, until_ns: int) -> Pulse:
        written = (file.written for file in self._files)
        return Pulse(until_ns, self.sessions, dict(zip(SPOOL_SUFFIXES, written, strict=True)))

    def _path(self, suffix: str) -> Path:
        return self.name.with_name(self.name.name + suffix)

    def etag_line(self, etag: str | None) -> int:
        """The line number of ``etag``; a new one is on disk before any record can name it, unless the disk is full."""
        if etag is None:
            return NO_ETAG
        etag = etag if len(etag) <= LONGEST_ETAG else opaque(etag)
        line = self._etags.get(etag)
        if line is None:
            line = self._etags[etag] = len(self._etags) + 1
            self._write(self._etags_file, etag)
        return line

    def read(  # noqa: PLR0917 - one parameter a field
        self,
        session: int,
        scheduled_ns: int,
        called_ns: int,
        returned_ns: int,
        status: int,
        version: int,
        etag: int,
        sent_etag: int,
        body_bytes: int,
        outcome: int,
        address: int = 0,
    ) -> int:
        """Record one read; ``etag`` and ``sent_etag`` are line numbers. Returns the number of the record, from 0."""
        self._reads.append(
            _PACK_READ(
                session,
                scheduled_ns,
                called_ns,
                returned_ns,
                status,
                version,
                etag,
                sent_etag,
                body_bytes,
                outcome,
                address,
            )
        )
        self.recorded += 1
        return self.recorded - 1

    def request(self, session: int, called_ns: int, request_id: str) -> None:
        """Record how the target itself names the request of a read that may become a witness."""
        self._write(self._requests_file, [session, called_ns, request_id])

    def body_after_304(self, record: int, length: int) -> None:
        """Record that a read, already recorded as 304, was followed by so many bytes of a body."""
        self._write(self._bodies_file, [record, length])

    def body(self, said: dict[str, Any]) -> None:
        """Record what is known of a body that was not seen before, by its number; before any read names it."""
        self._write(self._bodies_file, said)

    def sample(self, at_ns: int, loop_delay_ns: int, cpu_ns: int, gc_ns: int) -> None:
        """Record one sample of the generator's own health."""
        self._samples.append(_PACK_SAMPLE(at_ns, loop_delay_ns, cpu_ns, gc_ns, self.flush_ns))

    def flush(self) -> None:
        """Hand all records to the operating system; what it does not take is kept until the next flush."""
        for _ in self.flushing():
            pass

    def flushing(self) -> Iterator[None]:
        """The same in pieces, between which readers may go on: what they record meanwhile is for the next flush."""
        until_ns = started = time.monotonic_ns()
        for file in [file for file in self._files if file.behind]:
            self._write(file)
            self.flush_ns += time.monotonic_ns() - started
            yield
            started = time.monotonic_ns()
        if not any(file.is_short for file in self._files):
            with contextlib.suppress(OSError):  # it stands still, and will be judged by that
                self._presence.beat(self._pulse(until_ns))
        self.flush_ns += time.monotonic_ns() - started

    def _write(self, file: _SpoolFile, *lines: Any) -> None:
        file.waiting += [json.dumps(line).encode() + b"\n" for line in lines]
        try:
            file.write()
        except OSError as error:
            if not self._warned:
                self._warned = True
                logger.warning(
                    "%s cannot be written: %s; what is recorded is kept in memory and tried again, so make room there "
                    "before the run ends.",
                    file.path,
                    error.strerror,
                )

    def close(self, until_ns: int | None = None) -> None:
        """Flush, and leave a mark that says that this process records no more. Closing twice is fine.

        ``until_ns`` is when this process stopped to read, if that was before now.
        """
        if self._closed:
            return
        self._closed = True
        failures = [(file.path, failure) for file in self._files if (failure := file.close()) is not None]
        try:
            pulse = self._pulse(time.monotonic_ns() if until_ns is None else until_ns)
            self._presence.close(pulse, complete=not failures)
        except OSError as error:
            failures.append((self._path(CLOSED_SUFFIX), error))
        if failures:
            path, failure = failures[0]
            logger.error(
                "The run could not be recorded to its end: %s cannot be written: %s; the report will rest on what was "
                "written before, so make room there and measure again.",
                path,
                failure.strerror,
            )


def registrations(run_dir: Path) -> list[tuple[Path, dict[str, Any] | None]]:
    """The recorders that ever began, each with what it said of itself, in order of name."""
    return [(path, registration_of(path)) for path in sorted((run_dir / SPOOL_FOLDER).glob(f"*{REGISTRATION_SUFFIX}"))]


def closed_spools(run_dir: Path) -> int:
    """How many processes have closed their spool, with all that they had recorded."""
    closed = (run_dir / SPOOL_FOLDER).glob(f"*{CLOSED_SUFFIX}")
    return sum(path.with_suffix(READS_SUFFIX).exists() for path in closed)  # the writer is none of them


def still_recording(run_dir: Path) -> dict[str, int]:
    """Recorders that are neither done nor dead: the name of each, and its process id."""
    recording = {}
    for path, said in registrations(run_dir):
        if is_alive(path):
            recording[path.stem] = said["process"] if said is not None else 0
    for reads in (run_dir / SPOOL_FOLDER).glob(f"*{READS_SUFFIX}"):
        if not reads.with_suffix(REGISTRATION_SUFFIX).exists() and _records_by_number(reads):
            recording[reads.stem] = int(reads.stem.split("-")[1])
    return recording


def _records_by_number(reads: Path) -> bool:
    """Whether the process that a spool of format 1 is named after has it open."""
    _, process, *identity = (*reads.stem.split("-"), "")
    now = _identity(int(process)) if process.isdecimal() else None
    identity = [part for part in identity if part]
    marks = (reads.with_suffix(suffix) for suffix in (CLOSED_SUFFIX, INCOMPLETE_SUFFIX))
    return now is not None and identity in ([], now.split("-")) and not any(mark.exists() for mark in marks)


def _identity(process: int) -> str | None:
    """Tells a live process from others that have its number at other times; None when it has ended.

    It is the boot and when the process started; empty where the system does not say. A process id alone comes again:
    in containers every recorder may be process 1.
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
        return not isinstance(error, ProcessLookupError)  # any other says that it is there, and somebody else's
    return True


def load_records(path: Path, dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """The whole records of a spool file; half a record at the end (a killed run) is left out, a missing file is empty.

    What ought to be there is asked elsewhere (:mod:`loadtest.run.roll_call`).
    """
    if not path.exists():
        return np.zeros(0, dtype=dtype)
    size = path.stat().st_size // dtype.itemsize
    return np.fromfile(path, dtype=dtype, count=size)


def load_etags(path: Path) -> list[str]:
    """The table of ETags, by line number; the first entry stands for no ETag."""
    return ["", *(str(etag) for etag in load_lines(path))]


def load_lines(path: Path) -> list[Any]:
    """The whole JSON lines of a file; one cut short at the end (a killed run) is left out, no record names it yet."""
    lines: list[Any] = []
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines
