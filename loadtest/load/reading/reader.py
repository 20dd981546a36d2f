"""The reader: a Locust user that sends a session's requests and records the answers.

A read is timed from before anything is done for it, opening a connection included (``called``), until the last byte of
its answer has been taken in, or until it is given up (``returned``).
"""

from __future__ import annotations

import ssl
import time
from functools import cache
from typing import Any, Final

from locust import User, task
from locust.exception import CatchResponseError, StopUser

from loadtest.cleaned import in_words, printable, public_url
from loadtest.http1.access import NO_ACCESS, Access
from loadtest.http1.address import Address
from loadtest.http1.answer import Answer as Received
from loadtest.http1.answer import Limits
from loadtest.http1.known_heads import KnownHeads
from loadtest.http1.limits import EXCHANGE_TIME_LIMIT_S, MOST_HEAD_BYTES, UnaskedCodingError, is_coded, most_body_bytes
from loadtest.http1.trust import tls_context
from loadtest.load.reading.due_reads import DueReads
from loadtest.load.reading.locust_response import LocustResponse
from loadtest.load.reading.locust_statistics import METHOD, REQUEST_NAME, statistics_of
from loadtest.load.reading.message_heads import CODING, Heads, ReaderRequests
from loadtest.load.reading.punctual import sleep_until
from loadtest.load.reading.reader_connection import ReaderConnection
from loadtest.load.reading.recorder import Recorder, name_of
from loadtest.load.reading.session import ReadAnswer, Session, Validator
from loadtest.load.reading.turns import FEW, MANY, Turns
from loadtest.run.records import ReadOutcome

SHORTEST_STRETCH_NS: Final = 200_000_000
"""How long a reader reads before it gives control back to Locust, which may then stop it. Locust's own loop costs
time once a stretch, so short stretches make each read dearer."""
_STRETCHES_NS: Final = 100_000_000
"""By how much stretches of readers differ: where all ended together, the reads due then would wait for all of them."""
_GOLDEN_RATIO: Final = 0.618034

turns: Final = Turns()
"""The turns of all readers of this process, whose connections belong to one event loop."""
known_heads: Final = KnownHeads()
"""The heads of their answers: a new one, as when the second of Date changes, is parsed once and not by each reader."""

_WHOLE = ReadOutcome.WHOLE
_NOT_MODIFIED = ReadOutcome.NOT_MODIFIED
_WITH_BODY = ReadOutcome.NOT_MODIFIED_WITH_BODY
_UNASKED: Final = "bytes that nobody asked for"


class SamplesReader(User):
    """Reads ``/v1/samples`` again and again, as a browser or a proxy would, and records every read."""

    def on_start(self) -> None:
        """Wait for the run to begin: users that start early must not read before version 0 is there."""
        self._recorder: Recorder = self.environment.read_model.recorder()
        plan = self._recorder.plan
        self._session = Session(self._recorder.next_session(), self._recorder.verifier, plan.conditional_share)
        turns.at_once = MANY if self._recorder.due_reads is None else FEW
        self._url, self._shown_url = plan.url, public_url(plan.url)
        self._fire = self.environment.events.request.fire
        statistics_of(self.environment)
        address = Address.of(plan.url, plan.headers)
        self._requests = ReaderRequests(address)
        self._connection = ReaderConnection(
            address,
            _tls_context(Access.of(plan)) if address.scheme == "https" else None,
            Limits(MOST_HEAD_BYTES, most_body_bytes(plan.most_document_bytes)),
            plan.payload_bytes,
            turns,
            known_heads,
        )
        self._heads = Heads(self._recorder)
        self._confirmed: int | None = None
        self._due: int | None = None
        self._stretch_ns = SHORTEST_STRETCH_NS + int(_STRETCHES_NS * (self._session.number * _GOLDEN_RATIO % 1))
        self._only_reads = len(self.tasks) == 1
        if time.monotonic_ns() < plan.start_ns:  # a hundred connections opened at the start would make its reads late
            self._connection.open_ahead(plan.start_ns)
        self.wait_time()  # Locust reads first and waits afterwards, but the first read is due later

    def on_stop(self) -> None:
        """Give back a read that is due, and close the connection. A user stopped before the run began has neither."""
        if hasattr(self, "_connection"):
            if self._due is not None:
                self._recorder.give_back(self._due)
            self._connection.close()

    def wait_time(self) -> float:
        """Wait until the next read is due, and return 0: Locust, which asks how long to wait, need not wait then.

        In a closed loop there is no waiting. The task itself waits where the next read is near, because Locust lets
        others run once more before the task, and where the next task may be one of a subclass.
        """
        due_reads = self._recorder.due_reads
        if due_reads is None:
            sleep_until(self._recorder.plan.start_ns)
        elif self._only_reads and self._due is None and not due_reads.is_near:
            self._due = due_reads.wait()  # None when the run has ended: the task then stops the user
        return 0

    def _wait_for_due(self, due_reads: DueReads) -> int:
        due = due_reads.wait()
        if due is None:
            raise StopUser
        return due

    @task
    def reads(self) -> None:
        """Read again and again for one stretch, without Locust's own loop."""
        until_ns = time.monotonic_ns() + self._stretch_ns
        due_reads = self._recorder.due_reads
        if due_reads is None:
            self.read()
            while time.monotonic_ns() < until_ns:
                self.read()
            return
        if self._due is None:
            self._due = self._wait_for_due(due_reads)
        while True:
            self.read()
            now_ns = time.monotonic_ns()
            if now_ns >= until_ns:
                return
            self._due = due_reads.take_if_due(now_ns)
            if self._due is None:
                if not due_reads.is_near:
                    return
                self._due = self._wait_for_due(due_reads)

    def read(self) -> None:
        """One read: ask, send, judge, record, report to Locust."""
        recorder = self._recorder
        due, self._due = self._due, None
        if not recorder.may_send(due):
            raise StopUser
        question = self._session.ask()
        sent = self._requests.asking(question.etag)
        started = time.time()
        called = time.monotonic_ns()
        if due is None:
            due = called
        try:
            received = self._connection.exchange(sent, EXCHANGE_TIME_LIMIT_S)
        except BaseException:  # stopped, by Locust or by a gevent.Timeout of a subclass
            recorder.unanswered(self._session.number, due, called, question.etag_line)
            raise
        finally:
            if self._connection.unasked:
                self._tell_of_unasked(len(self._connection.unasked))
        self._finish(question, due, called, started, received)

    def _tell_of_unasked(self, count: int) -> None:
        """Record bytes that came over the idle connection: they belong to the answer before."""
        if self._confirmed is not None:
            self._recorder.body_after_304(self._confirmed, count)
        what = _UNASKED if self._confirmed is None else name_of(_WITH_BODY)
        self.environment.stats.log_error(METHOD, REQUEST_NAME, CatchResponseError(what))

    def _finish(self, question: Validator, due: int, called: int, started: float, received: Received) -> None:
        recorder, session, head = self._recorder, self._session, self._heads.of(received)
        status, returned_ns, body_bytes = received.status, received.returned_ns, received.body_bytes
        failure: BaseException | None = received.failure
        verifier = recorder.verifier
        if status == 200 and failure is None and not head.has_coding and received.body_is(verifier.latest_body):
            outcome, version = verifier.latest_identity  # the same as before: one comparison, in the receive buffer
        elif status == 304 and failure is None and question.etag is not None and not received.excess:
            outcome, version = _NOT_MODIFIED, question.version
        else:
            answer = _answer_from(received, head.etag, head.request_id)
            failure = answer.failure
            body_bytes = max(body_bytes, len(answer.body))
            outcome, version = session.identify(question, answer)
        if outcome is _WHOLE:
            session.keep(head.etag, head.etag_line, version)
        record = recorder.record(
            session.number,
            due,
            called,
            returned_ns,
            status,
            version,
            head.etag_line,
            question.etag_line,
            body_bytes,
            outcome,
            head.request_id,
        )
        self._confirmed = record if outcome is _NOT_MODIFIED else None
        is_fine = (outcome is _WHOLE or outcome is _NOT_MODIFIED) and not received.excess
        self._fire(
            request_type=METHOD,
            name=REQUEST_NAME,
            response_time=(returned_ns - called) / 1e6,
            response_length=body_bytes,
            response=LocustResponse(received, self._shown_url) if status else None,
            context={},
            exception=None if is_fine else self._complaint(outcome, received, failure),
            start_time=started,
            url=self._shown_url,
        )

    def _complaint(self, outcome: ReadOutcome, received: Received, failure: BaseException | None) -> Any:
        """The error in Locust's table of failures for a read that is not as it should be."""
        recorder = self._recorder
        if failure is not None:
            return CatchResponseError(recorder.message(in_words(failure, self._url), outcome))
        if outcome is _WHOLE or outcome is _NOT_MODIFIED:
            return CatchResponseError(_UNASKED)
        named = name_of(outcome)
        if outcome is ReadOutcome.REWRITTEN:
            how = recorder.verifier.how_rewritten(bytes(received.body))
            named = recorder.message(f"{named}: {how}", outcome)
        return CatchResponseError(f"{named} ({received.status})" if received.status >= 400 else named)


def _answer_from(received: Received, etag: str | None, request_id: str | None) -> ReadAnswer:
    """What was received, as a session takes it. Bytes after a 304 are the body that it must not have."""
    failure = received.failure
    coding = received.field(CODING)
    if received.status == 200 and is_coded(coding):
        failure = UnaskedCodingError(f"a body in a coding that was not asked for: {printable(coding or '', 40)}")
    body = received.excess if received.status == 304 else bytes(received.body)
    return ReadAnswer(received.status, etag, body, failure, request_id)


@cache
def _tls_context(access: Access = NO_ACCESS) -> ssl.SSLContext:
    """One context for all readers of this process, because it takes long to make."""
    context: ssl.SSLContext = tls_context(access=access)
    return context
