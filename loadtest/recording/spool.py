"""Recording while running: fixed-width records, appended in the readers' loop and flushed at least once a second.

No compression, no JSON and no Parquet here: a read costs one ``struct.pack`` and one list append. ETags and their like
are text, so each distinct one is written once to a table beside the records, which then hold its line number. What is
flushed survives a SIGKILL; ``loadtest.seal`` turns the spool into Parquet when the run is over.
"""

from __future__ import annotations

import json
import os
import struct
import time
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

SPOOL_FOLDER: Final = "spool"
CLOSED_SUFFIX: Final = ".closed"
NO_ETAG: Final = 0
"""Line number that stands for no ETag; real ones count from 1."""

SPOOLED_READ_DTYPE: Final = np.dtype(
    [
        ("session", "<u4"),
        ("scheduled_ns", "<i8"),
        ("called_ns", "<i8"),
        ("returned_ns", "<i8"),
        ("status", "<u2"),
        ("version", "<i4"),  # of the document in the body; NO_VERSION for everything else
        ("etag", "<u4"),  # line in the table of ETags
        ("sent_etag", "<u4"),
        ("body_bytes", "<u4"),
        ("outcome", "u1"),
    ]
)
SPOOLED_SAMPLE_DTYPE: Final = np.dtype(
    [("at_ns", "<i8"), ("loop_delay_ns", "<i8"), ("cpu_ns", "<i8"), ("gc_ns", "<i8"), ("flush_ns", "<i8")]
)
_PACK_READ: Final = struct.Struct("<IqqqHiIIIB").pack
_PACK_SAMPLE: Final = struct.Struct("<5q").pack


class Spool:
    """The spool of one Locust process. Not for use by several threads; greenlets are fine."""

    def __init__(self, run_dir: Path, worker: int) -> None:
        folder = run_dir / SPOOL_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._name = folder / f"{worker}-{os.getpid()}"
        self._reads: list[bytes] = []
        self._samples: list[bytes] = []
        self._etags: dict[str, int] = {}
        self._reads_file = self._open("reads")
        self._samples_file = self._open("samples")
        self._etags_file = self._open("etags")
        self._requests_file = self._open("requests")
        self._bodies_file = self._open("bodies")
        self.flush_ns = 0
        self.recorded = 0

    def _open(self, kind: str) -> BinaryIO:
        return self._name.with_name(f"{self._name.name}.{kind}").open("xb", buffering=0)

    def etag_line(self, etag: str | None) -> int:
        """The line number of ``etag``; a new one is on disk before any record can name it."""
        if etag is None:
            return NO_ETAG
        line = self._etags.get(etag)
        if line is None:
            line = self._etags[etag] = len(self._etags) + 1
            self._etags_file.write(json.dumps(etag).encode() + b"\n")
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
    ) -> int:
        """Record one read; ``etag`` and ``sent_etag`` are line numbers. Returns the number of the record, from 0."""
        self._reads.append(
            _PACK_READ(
                session, scheduled_ns, called_ns, returned_ns, status, version, etag, sent_etag, body_bytes, outcome
            )
        )
        self.recorded += 1
        return self.recorded - 1

    def request(self, session: int, called_ns: int, request_id: str) -> None:
        """Record how the target itself names the request of a read that may become a witness."""
        self._requests_file.write(json.dumps([session, called_ns, request_id]).encode() + b"\n")

    def body_after_304(self, record: int, length: int) -> None:
        """Record that a read, already recorded as 304, was followed by so many bytes of a body."""
        self._bodies_file.write(json.dumps([record, length]).encode() + b"\n")

    def sample(self, at_ns: int, loop_delay_ns: int, cpu_ns: int, gc_ns: int) -> None:
        """Record one sample of the generator's own health."""
        self._samples.append(_PACK_SAMPLE(at_ns, loop_delay_ns, cpu_ns, gc_ns, self.flush_ns))

    def flush(self) -> None:
        """Hand all records to the operating system."""
        started = time.monotonic_ns()
        for records, file in ((self._reads, self._reads_file), (self._samples, self._samples_file)):
            if records:
                file.write(b"".join(records))
                records.clear()
        self.flush_ns += time.monotonic_ns() - started

    def close(self) -> None:
        """Flush, and leave a mark that says that this process records no more. Closing twice is fine."""
        if self._reads_file.closed:
            return
        self.flush()
        for file in (
            self._reads_file,
            self._samples_file,
            self._etags_file,
            self._requests_file,
            self._bodies_file,
        ):
            file.close()
        self._name.with_name(self._name.name + CLOSED_SUFFIX).touch()


def closed_spools(run_dir: Path) -> int:
    """How many processes have closed their spool."""
    return len(list((run_dir / SPOOL_FOLDER).glob(f"*{CLOSED_SUFFIX}")))


def still_recording(run_dir: Path) -> list[int]:
    """Process ids that have a spool open: not closed by themselves, and not dead."""
    recording = []
    for reads in (run_dir / SPOOL_FOLDER).glob("*.reads"):
        process = int(reads.stem.split("-")[1])
        if not reads.with_name(reads.stem + CLOSED_SUFFIX).exists() and Path(f"/proc/{process}").exists():
            recording.append(process)
    return recording


def load_records(path: Path, dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """The whole records of a spool file; half a record at the end (a killed run) is left out."""
    size = path.stat().st_size // dtype.itemsize
    return np.fromfile(path, dtype=dtype, count=size)


def load_etags(path: Path) -> list[str]:
    """The table of ETags, by line number; the first entry stands for no ETag."""
    return ["", *(str(etag) for etag in load_lines(path))]


def load_lines(path: Path) -> list[Any]:
    """The whole JSON lines of a file; one cut short at the end (a killed run) is left out, no record names it yet."""
    lines = []
    for line in path.read_bytes().split(b"\n"):
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines
