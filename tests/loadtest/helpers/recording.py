"""What readers record of a target that answers whatever it likes: sessions, verifier and sealing are the real ones."""

from copy import copy
from dataclasses import dataclass, field

import numpy as np
from history_language import ZERO_NS, build, run_info

from loadtest.load.reading.session import ReadAnswer, Session
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import Verifier
from loadtest.run.etags.versions_named import SpooledReads, name_versions
from loadtest.run.history.history import History
from loadtest.run.records import NO_VERSION, WRITE_DTYPE, ReadOutcome, WriteOutcome, empty, opaque
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE

RUN, SIZE = "0123456789ab", 400
STEP_NS = 1_000_000


def document(version: int, run: str = RUN) -> bytes:
    """A document of the run, or of another."""
    return render(run, version, SIZE)


@dataclass
class Recording:
    """One process with a few readers, of which one asks at a time; each step takes a millisecond."""

    share: float = 1.0
    clock: int = 0
    etags: list[str] = field(default_factory=lambda: [""])
    rows: list[tuple[int, ...]] = field(default_factory=list)
    puts: list[tuple[int, int, WriteOutcome, str]] = field(default_factory=list)
    verifier: Verifier = field(default_factory=lambda: Verifier(RUN, SIZE))
    sessions: dict[int, Session] = field(default_factory=dict)

    def put(self, etag: str = "", outcome: WriteOutcome = WriteOutcome.ACKED) -> int:
        """A PUT of the next version, which is told ``etag``."""
        self.clock += 1
        self.puts.append((self.clock, self.clock + 1, outcome, etag if outcome is WriteOutcome.ACKED else ""))
        self.clock += 2
        return len(self.puts) - 1

    def asks(self, session: int) -> str | None:
        """The validator that a reader sends with its next read."""
        return copy(self._reader(session)).ask().etag

    def _reader(self, session: int) -> Session:
        return self.sessions.setdefault(session, Session(session, self.verifier, self.share))

    def read(
        self, session: int, status: int, etag: str | None = None, body: bytes = b"", failure: Exception | None = None
    ) -> ReadOutcome:
        """One read and its answer, as ``SamplesReader`` takes it."""
        reader = self._reader(session)
        question = reader.ask()
        outcome, version = reader.identify(question, ReadAnswer(status, etag, body, failure))
        line = self._line(etag)
        if outcome is ReadOutcome.WHOLE:
            reader.keep(etag, line, version)
        called = self.clock + 1
        self.clock += 2
        times = (called, called, self.clock)
        self.rows.append((session, *times, status, version, line, question.etag_line, len(body), outcome, 0))
        return outcome

    def body_after_304(self) -> None:
        """Bytes that came after the last read was recorded."""
        if self.rows and self.rows[-1][9] == ReadOutcome.NOT_MODIFIED:
            row = list(self.rows[-1])
            row[5], row[8], row[9] = NO_VERSION, 7, ReadOutcome.NOT_MODIFIED_WITH_BODY
            self.rows[-1] = tuple(row)

    def _line(self, etag: str | None) -> int:
        if etag is None:
            return 0
        if etag not in self.etags[1:]:
            self.etags.append(etag)
        return self.etags.index(etag, 1)

    def history(self) -> History:
        records = np.array(self.rows, dtype=SPOOLED_READ_DTYPE) if self.rows else empty(SPOOLED_READ_DTYPE)
        told: dict[str, list[int]] = {}
        for version, (_, _, _, etag) in enumerate(self.puts):
            if etag:
                told.setdefault(opaque(etag), []).append(version)
        reads = name_versions([SpooledReads(0, records, self.etags)], told)
        for name in ("scheduled_ns", "called_ns", "returned_ns"):
            reads[name] = ZERO_NS + reads[name] * STEP_NS
        return build(reads, self._writes(), info=run_info())

    def _writes(self) -> np.ndarray:
        writes = empty(WRITE_DTYPE, len(self.puts))
        for version, (write, (called, returned, outcome, etag)) in enumerate(zip(writes, self.puts, strict=True)):
            write["version"], write["outcome"], write["etag"], write["error"] = version, outcome, etag, ""
            write["called_ns"] = write["scheduled_ns"] = ZERO_NS + called * STEP_NS
            unknown = outcome is WriteOutcome.UNKNOWN
            write["returned_ns"] = np.iinfo(np.int64).max if unknown else ZERO_NS + returned * STEP_NS
            write["gave_up_ns"] = ZERO_NS + returned * STEP_NS if unknown else 0
            write["bytes"] = SIZE
        return writes
