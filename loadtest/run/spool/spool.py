"""Recording while running: fixed-width records, appended in the readers' loop and flushed ten times a second.

There is no compression, no JSON and no Parquet here: a read costs one ``struct.pack`` and one list append. Text such as
ETags is written once to a table beside the records, which then hold its line number. What is flushed survives a
SIGKILL, and what a full disk does not take is kept and tried again. ``loadtest.run.sealing.sealing`` turns the spool
into Parquet when the run is over.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

from loadtest.run.files import CLOSED_SUFFIX, SPOOL_FOLDER, SPOOL_SUFFIXES
from loadtest.run.records import LONGEST_ETAG, opaque
from loadtest.run.spool.presence import WORKER, Presence, Pulse, Written
from loadtest.run.spool.recording_processes import process_identity
from loadtest.run.spool.spool_format import NO_ETAG, PACK_READ, PACK_SAMPLE

logger = logging.getLogger(__name__)


class _SpoolFile:
    """A file that only grows. What the system does not take is kept, and is written first the next time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting: list[bytes] = []
        self.written = Written()
        """What was handed over. It is on disk unless the file ``is_short``."""
        self._unwritten = bytearray()
        self._file = path.open("xb", buffering=0)

    def write(self) -> None:
        """Hand everything that waits to the operating system.

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
        """Whether some of the content has not been written."""
        return bool(self._unwritten or self.waiting)

    @property
    def is_short(self) -> bool:
        """Whether some of what was handed over has not been taken."""
        return bool(self._unwritten)

    def close(self) -> OSError | None:
        """Write a last time and close. Returns the error if not everything could be written."""
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
        parts = (str(worker), str(os.getpid()), process_identity(os.getpid()))
        self.name = folder / "-".join(part for part in parts if part)
        """The path of the spool's files, without their suffixes."""
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
        """The line number of ``etag``. A new one is on disk before a record can name it, unless the disk is full."""
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
        """Record one read, and return the number of the record, from 0. ``etag`` and ``sent_etag`` are line numbers."""
        self._reads.append(
            PACK_READ(
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
        """Record the target's own name for the request of a read that may become a witness."""
        self._write(self._requests_file, [session, called_ns, request_id])

    def body_after_304(self, record: int, length: int) -> None:
        """Record that ``length`` bytes of a body followed a read that is already recorded as 304."""
        self._write(self._bodies_file, [record, length])

    def body(self, facts: dict[str, Any]) -> None:
        """Record what is known of a new body, by its number, before any read names it."""
        self._write(self._bodies_file, facts)

    def sample(self, at_ns: int, loop_delay_ns: int, cpu_ns: int, gc_ns: int) -> None:
        """Record one sample of the generator's own health."""
        self._samples.append(PACK_SAMPLE(at_ns, loop_delay_ns, cpu_ns, gc_ns, self.flush_ns))

    def flush(self) -> None:
        """Hand all records to the operating system, and say up to when. What it does not take waits for the next."""
        until_ns = time.monotonic_ns()
        for file in self._files:
            if file.behind:
                self._write(file)
        if not any(file.is_short for file in self._files):
            with contextlib.suppress(OSError):  # the heartbeat stands still, and the run is judged by that
                self._presence.beat(self._pulse(until_ns))
        self.flush_ns += time.monotonic_ns() - until_ns

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
        """Flush, and leave the closing mark of this process. Closing twice is fine.

        ``until_ns`` is when this process stopped reading, if that was before now.
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
