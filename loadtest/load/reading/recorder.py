"""The recording side of a run in one Locust process: its spool, its sessions, and the counts shown while it runs."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from dataclasses import dataclass, fields, replace
from http import HTTPStatus
from pathlib import Path
from typing import Final

from loadtest.cleaned import hide, holds_hidden, shown
from loadtest.http1.answer import Answer
from loadtest.load.reading.due_reads import DueReads
from loadtest.load.reading.health import HealthMonitor
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.kinds import documents_of, objects_in
from loadtest.run.documents.observed import ObservedVerifier
from loadtest.run.plan import Plan
from loadtest.run.records import ERROR_OUTCOMES, NO_VERSION, ReadOutcome
from loadtest.run.spool.spool import Spool
from loadtest.run.spool.spool_format import NO_ETAG

NO_SESSION: Final = 2**32 - 1
"""Session number of reads that were never sent."""


_ERRORS: Final = frozenset((*ERROR_OUTCOMES, ReadOutcome.NOT_SENT))
MOST_MESSAGES: Final = 100
"""Locust keeps a row for each error text for ever, and a target may have a new text in each answer."""
MOST_TIMES_KEPT: Final = 100_000
MOST_REQUESTS_KEPT: Final = 100
"""Request ids kept for each outcome in each process."""


def name_of(outcome: ReadOutcome) -> str:
    """An outcome in words, as Locust shows it."""
    return outcome.name.lower().replace("_", " ")


@dataclass
class Counts:
    """Live counts. They are lower bounds: the report counts exactly."""

    reads: int = 0
    not_modified: int = 0
    stale: int = 0
    broken: int = 0
    errors: int = 0
    longest_staleness_ns: int = 0
    loop_delay_ns: int = 0

    def plus(self, other: Counts) -> Counts:
        """The counts of two processes together: sums of counts, and the larger of two durations."""
        return Counts(
            **{
                field.name: (max if field.name.endswith("_ns") else sum)(
                    (getattr(self, field.name), getattr(other, field.name))
                )
                for field in fields(Counts)
            }
        )


class Recorder:
    """Records the reads of one process at one address from the moment the plan is known until the test stops.

    ``beside`` is the recorder of another address in the same process; the two share a spool.
    """

    def __init__(self, plan: Plan, share: int = 0, *, address: int = 0, beside: Recorder | None = None) -> None:
        self.plan = plan
        hide(*(value for _, value in plan.headers))
        self.spool: Spool = Spool(Path(plan.run_dir), share, plan.run) if beside is None else beside.spool
        self._address = address
        shared = beside is not None and beside.plan.documents == plan.documents  # of another object they are not
        self.documents: Documents = (
            beside.documents if beside and shared else documents_of(plan.documents, plan.run, Path(plan.run_dir))
        )
        self.verifier = self.documents.verifier()
        if isinstance(self.verifier, ObservedVerifier):
            self.verifier.tell = self.spool.body
            if beside is not None:  # one spool, one numbering of bodies
                self.verifier = beside.verifier
        arrivals = plan.arrivals(share, address)
        self.due_reads = None if arrivals is None else DueReads(arrivals, plan.rate_at(address))
        self.counts = Counts()
        self._ended_ns: int | None = None
        self._requests_kept: dict[ReadOutcome, int] = {}
        self._messages: set[str] = set()
        self._modified: set[tuple[int, str]] = set()
        self._acknowledged: deque[tuple[int, int]] = deque(maxlen=8)
        self._health: HealthMonitor = HealthMonitor(self.spool) if beside is None else beside._health

    def next_session(self) -> int:
        """The number of a new session, unique in this process."""
        self.spool.sessions += 1
        return self.spool.sessions - 1

    def etag_line(self, etag: str | None) -> int:
        """The line of an ETag in the spool's table. Of an ETag that quotes a secret only a digest is kept."""
        if etag is not None and holds_hidden(etag):
            etag = hashlib.sha256(etag.encode(errors="surrogatepass")).hexdigest()
        return self.spool.etag_line(etag)

    def note_modified(self, etag_line: int, received: Answer) -> None:
        """Record the Last-Modified of documents that somebody else publishes, once for each ETag and time."""
        if not isinstance(self.verifier, ObservedVerifier) or not etag_line:
            return
        modified = (received.field(b"last-modified") or "")[:64]
        if not modified and received.status != HTTPStatus.OK:  # a 304 need not repeat it
            return
        if (etag_line, modified) not in self._modified and len(self._modified) >= MOST_TIMES_KEPT:
            modified = ""  # a second time for the ETag is enough: its document has no place in the order then
        if (etag_line, modified) not in self._modified:
            self._modified.add((etag_line, modified))
            self.spool.body({"etag": etag_line, "modified": modified})

    def record(  # noqa: PLR0917 - one parameter a field
        self,
        session: int,
        scheduled_ns: int,
        called_ns: int,
        returned_ns: int,
        status: int,
        version: int,
        etag_line: int,
        sent_line: int,
        body_bytes: int,
        outcome: ReadOutcome,
        request_id: str | None = None,
    ) -> int:
        """Record one read that was answered or failed. Returns the number of its record.

        ``request_id`` is kept for the first few reads of each kind that look wrong already.
        """
        record = self.spool.read(
            session,
            scheduled_ns,
            called_ns,
            returned_ns,
            status,
            version,
            etag_line,
            sent_line,
            body_bytes,
            outcome,
            self._address,
        )
        counts = self.counts
        stale_before = counts.stale
        counts.reads += 1
        if outcome <= ReadOutcome.NOT_MODIFIED:
            counts.not_modified += outcome
            if self._acknowledged and version < self._acknowledged[-1][0]:
                self._count_if_stale(version, called_ns)
        elif outcome in _ERRORS:
            counts.errors += 1
        else:
            counts.broken += 1
        if request_id and (outcome > ReadOutcome.NOT_MODIFIED or counts.stale > stale_before):
            self._keep_request(session, called_ns, outcome, request_id)
        return record

    def _keep_request(self, session: int, called_ns: int, outcome: ReadOutcome, request_id: str) -> None:
        kept = self._requests_kept.get(outcome, 0)
        if kept < MOST_REQUESTS_KEPT:
            self._requests_kept[outcome] = kept + 1
            self.spool.request(session, called_ns, shown(request_id, self.plan.url))

    def message(self, text: str, outcome: ReadOutcome) -> str:
        """The error text for Locust: ``text``, or the outcome's name when there have been many texts."""
        if text not in self._messages and len(self._messages) >= MOST_MESSAGES:
            return name_of(outcome)
        self._messages.add(text)
        return text

    def body_after_304(self, record: int, length: int) -> None:
        """Correct a 304 that was recorded as right: ``length`` bytes of a body followed it."""
        self.spool.body_after_304(record, length)
        self.counts.not_modified -= 1
        self.counts.broken += 1

    def unanswered(self, session: int, scheduled_ns: int, called_ns: int, sent_line: int) -> None:
        """Record a read that was given up in flight, as when the run had to end."""
        now, outcome = time.monotonic_ns(), ReadOutcome.ABANDONED
        self.record(session, scheduled_ns, called_ns, now, 0, NO_VERSION, NO_ETAG, sent_line, 0, outcome)

    def stop_sending(self) -> None:
        """End the run: record the reads that were due and that no reader was free to send.

        Locust itself blocks the event loop for some milliseconds when it stops. So reads that became due after the loop
        was last seen awake are no part of the run.
        """
        if self._ended_ns is not None:
            return
        self._ended_ns = self._health.last_awake_ns
        for due in self.due_reads.end(self._ended_ns) if self.due_reads is not None else ():
            self._not_sent(due, self._ended_ns)

    def may_send(self, due_ns: int | None) -> bool:
        """Whether a read may still be sent. One that was due before the end, and is not sent, is recorded as that."""
        if self._ended_ns is None:
            return True
        if due_ns is not None and due_ns <= self._ended_ns:
            self._not_sent(due_ns, self._ended_ns)
        return False

    def give_back(self, due_ns: int) -> None:
        """Pass a read that is due, and that its reader will not begin, on to another reader."""
        if self.due_reads is not None and self.may_send(due_ns):
            self.due_reads.give_back(due_ns)

    def _not_sent(self, due_ns: int, ended_ns: int) -> None:
        outcome = ReadOutcome.NOT_SENT
        self.record(NO_SESSION, due_ns, ended_ns, ended_ns, 0, NO_VERSION, NO_ETAG, NO_ETAG, 0, outcome)

    def acknowledge(self, version: int, returned_ns: int) -> None:
        """The writer says that ``version`` was acknowledged; used for the live count of stale reads only."""
        documents = self.plan.documents
        if "object" in documents and version % objects_in(documents) != documents["object"]:
            return
        self._acknowledged.append((version, returned_ns))

    def _count_if_stale(self, version: int, called_ns: int) -> None:
        for newer, returned_ns in self._acknowledged:
            if newer > version and returned_ns < called_ns:
                self.counts.stale += 1
                self.counts.longest_staleness_ns = max(self.counts.longest_staleness_ns, called_ns - returned_ns)
                return

    def counted(self) -> Counts:
        """The counts so far, with the longest delay of the event loop since the last call."""
        return replace(self.counts, loop_delay_ns=self._health.longest_delay_ns())

    def close(self) -> None:
        """Flush everything and mark this process as done. Closing twice is fine."""
        self._health.stop()
        self.spool.close(self._ended_ns)
