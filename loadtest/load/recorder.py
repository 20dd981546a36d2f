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
from loadtest.load.due_reads import DueReads
from loadtest.load.health import HealthMonitor
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.kinds import documents_of, objects_in
from loadtest.run.documents.observed import ObservedVerifier
from loadtest.run.plan import Plan
from loadtest.run.records import ERROR_OUTCOMES, NO_VERSION, ReadOutcome
from loadtest.run.spool import Spool
from loadtest.run.spool_format import NO_ETAG

NO_SESSION: Final = 2**32 - 1
"""Session number of reads that were never sent."""


_ERRORS: Final = frozenset((*ERROR_OUTCOMES, ReadOutcome.NOT_SENT))
MOST_MESSAGES: Final = 100
"""Locust keeps a row for each text of an error, for ever; a target may have a new one with each answer."""
MOST_TIMES_KEPT: Final = 100_000
MOST_REQUESTS_KEPT: Final = 100
"""Request ids are kept for so many reads of each outcome in each process."""


def name_of(outcome: ReadOutcome) -> str:
    """An outcome in words, as Locust shows it."""
    return outcome.name.lower().replace("_", " ")


@dataclass
class Counts:
    """What is known while the run goes on. Lower bounds: the report counts exactly."""

    reads: int = 0
    not_modified: int = 0
    stale: int = 0
    broken: int = 0
    errors: int = 0
    longest_staleness_ns: int = 0
    loop_delay_ns: int = 0

    def plus(self, other: Counts) -> Counts:
        """The counts of two processes together: sums, and the larger of what is a duration."""
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

    ``beside`` is that of another address of the same process, whose spool is this one's, too.
    """

    def __init__(self, plan: Plan, share: int = 0, *, address: int = 0, beside: Recorder | None = None) -> None:
        self.plan = plan
        hide(*(value for _, value in plan.headers))
        self.spool: Spool = Spool(Path(plan.run_dir), share, plan.run) if beside is None else beside.spool
        self._address = address
        self.documents: Documents = (
            documents_of(plan.documents, plan.run, Path(plan.run_dir)) if beside is None else beside.documents
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
        """The line of an ETag in the spool's table; of one that quotes a secret only a digest is kept."""
        if etag is not None and holds_hidden(etag):
            etag = hashlib.sha256(etag.encode(errors="surrogatepass")).hexdigest()
        return self.spool.etag_line(etag)

    def note_modified(self, etag_line: int, received: Answer) -> None:
        """Record when documents of somebody else were last modified, as answers say it; once for each ETag and time."""
        if not isinstance(self.verifier, ObservedVerifier) or not etag_line:
            return
        said = (etag_line, (received.field(b"last-modified") or "")[:64])
        if not said[1] and received.status != HTTPStatus.OK:  # a 304 need not say it again
            return
        if said not in self._modified and len(self._modified) >= MOST_TIMES_KEPT:
            said = (etag_line, "")  # that there was another time is what counts: it has no place in an order then
        if said not in self._modified:
            self._modified.add(said)
            self.spool.body({"etag": etag_line, "modified": said[1]})

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
        """Record one read that was answered, or failed; returns the number of its record.

        ``request_id`` is kept for reads that look wrong already while running, the first few of each kind.
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
        suspicious = counts.stale
        counts.reads += 1
        if outcome <= ReadOutcome.NOT_MODIFIED:
            counts.not_modified += outcome
            if self._acknowledged and version < self._acknowledged[-1][0]:
                self._count_if_stale(version, called_ns)
        elif outcome in _ERRORS:
            counts.errors += 1
        else:
            counts.broken += 1
        if request_id and (outcome > ReadOutcome.NOT_MODIFIED or counts.stale > suspicious):
            self._keep_request(session, called_ns, outcome, request_id)
        return record

    def _keep_request(self, session: int, called_ns: int, outcome: ReadOutcome, request_id: str) -> None:
        kept = self._requests_kept.get(outcome, 0)
        if kept < MOST_REQUESTS_KEPT:
            self._requests_kept[outcome] = kept + 1
            self.spool.request(session, called_ns, shown(request_id, self.plan.url))

    def message(self, text: str, outcome: ReadOutcome) -> str:
        """What Locust is told of an answer: ``text``, or the outcome's name when there have been many texts."""
        if text not in self._messages and len(self._messages) >= MOST_MESSAGES:
            return name_of(outcome)
        self._messages.add(text)
        return text

    def body_after_304(self, record: int, length: int) -> None:
        """Take back that a 304 was as it should be: ``length`` bytes followed it after it had been recorded."""
        self.spool.body_after_304(record, length)
        self.counts.not_modified -= 1
        self.counts.broken += 1

    def unanswered(self, session: int, scheduled_ns: int, called_ns: int, sent_line: int) -> None:
        """Record a read that was still in flight when the run had to end."""
        now, outcome = time.monotonic_ns(), ReadOutcome.ABANDONED
        self.record(session, scheduled_ns, called_ns, now, 0, NO_VERSION, NO_ETAG, sent_line, 0, outcome)

    def stop_sending(self) -> None:
        """The run ends now: record the reads that were due and that no reader was free to send.

        Locust itself blocks the event loop for some milliseconds when it stops; what was due since the loop was last
        seen awake is no part of the run.
        """
        if self._ended_ns is not None:
            return
        self._ended_ns = self._health.last_awake_ns
        for due in self.due_reads.end(self._ended_ns) if self.due_reads is not None else ():
            self._not_sent(due, self._ended_ns)

    def may_send(self, due_ns: int | None) -> bool:
        """Whether a read may still be sent; one that was due and comes too late is recorded as not sent."""
        if self._ended_ns is None:
            return True
        if due_ns is not None and due_ns <= self._ended_ns:
            self._not_sent(due_ns, self._ended_ns)
        return False

    def give_back(self, due_ns: int) -> None:
        """A read that is due will not be made by who was to make it, and had not begun to: it is another's."""
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
        """Flush everything and say that this process is done. Closing twice is fine."""
        self._health.stop()
        self.spool.close(self._ended_ns)
