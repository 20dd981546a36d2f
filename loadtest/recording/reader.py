"""Who reads: a session that behaves like a browser's cache, and the Locust user that sends its requests.

``Session`` decides what is asked and what an answer means, and knows no HTTP client; ``SamplesReader`` sends. A read is
timed from before the client's call (``called``) to when the last byte of its answer was taken in (``returned``), or to
the client's giving up.
"""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple

import gevent
from locust import task
from locust.contrib.fasthttp import FastHttpUser
from locust.exception import CatchResponseError, StopUser

from loadtest.payload import Verifier
from loadtest.recording.punctual import seconds_to_sleep, yield_until
from loadtest.recording.recorder import Recorder
from loadtest.recording.spool import NO_ETAG
from loadtest.recording.turns import FEW, MANY
from loadtest.recording.watchful_response import WatchfulResponse, install, turns
from loadtest.records import NO_VERSION, ReadOutcome

REQUEST_NAME: Final = "samples"
CONNECT_TIME_LIMIT_S: Final = 10
ANSWER_TIME_LIMIT_S: Final = 30
"""API Gateway itself gives up after 29 s (Amazon API Gateway quotas, "Integration timeout")."""

install()

_WHOLE = ReadOutcome.WHOLE
_NOT_MODIFIED = ReadOutcome.NOT_MODIFIED
_WITH_BODY = ReadOutcome.NOT_MODIFIED_WITH_BODY
REQUEST_ID_HEADER: Final = "x-amzn-requestid"
_STATUS_OUTCOMES = {
    401: ReadOutcome.FORBIDDEN,
    403: ReadOutcome.FORBIDDEN,
    404: ReadOutcome.NOT_FOUND,
    429: ReadOutcome.THROTTLED,
}


class Question(NamedTuple):
    """What one read asks: the validator it sends, if any, its line in the spool's table, and the version held."""

    etag: str | None
    etag_line: int
    version: int


class Answer(NamedTuple):
    """What came back. ``status`` is 0 when nothing did; ``failure`` is what the HTTP client raised."""

    status: int
    etag: str | None
    body: bytes
    failure: BaseException | None
    request_id: str | None = None


class Session:
    """One reader with one request in flight, which validates what it holds, keeps it on 304 and replaces it on 200."""

    def __init__(self, number: int, verifier: Verifier, conditional_share: float) -> None:
        self.number = number
        self._verifier = verifier
        self._share = conditional_share
        self._owed = 0.0
        self._held = _UNCONDITIONAL

    def ask(self) -> Question:
        """The next request: conditional in the share asked for, once there is something to validate."""
        self._owed = min(1.0, self._owed + self._share) if self._held.etag is None else self._owed + self._share
        if self._owed < 1.0 or self._held.etag is None:
            return _UNCONDITIONAL
        self._owed -= 1.0
        return self._held

    def judge(self, question: Question, answer: Answer) -> tuple[ReadOutcome, int]:  # noqa: PLR0911 - one a case
        """What the answer is, and the version that it gives or confirms (``NO_VERSION`` if it does neither)."""
        if answer.status == 200:
            if answer.failure is not None:
                return _of_broken_body(answer.failure), NO_VERSION
            return self._verifier.identify(answer.body)
        if answer.status == 304:
            if question.etag is None:
                return ReadOutcome.UNASKED_NOT_MODIFIED, NO_VERSION
            if answer.body:
                return _WITH_BODY, NO_VERSION
            return _NOT_MODIFIED, question.version
        if answer.status == 0:
            return _of_transport_failure(answer.failure), NO_VERSION
        if answer.status >= 500:
            return ReadOutcome.SERVER_ERROR, NO_VERSION
        return _STATUS_OUTCOMES.get(answer.status, ReadOutcome.CLIENT_ERROR), NO_VERSION

    def keep(self, etag: str | None, line: int, version: int) -> None:
        """Hold the document that just came with ``etag``; without one there is nothing to validate later."""
        if line != self._held.etag_line or version != self._held.version:
            self._held = Question(etag, line, version)


_UNCONDITIONAL = Question(None, NO_ETAG, NO_VERSION)


def _of_transport_failure(failure: BaseException | None) -> ReadOutcome:
    if isinstance(failure, TimeoutError | gevent.Timeout):
        return ReadOutcome.TIMED_OUT
    if isinstance(failure, ConnectionRefusedError):
        return ReadOutcome.REFUSED
    if isinstance(failure, ConnectionResetError | BrokenPipeError) or _name(failure) == "HTTPConnectionClosed":
        return ReadOutcome.RESET
    return ReadOutcome.TRANSPORT_ERROR


def _of_broken_body(failure: BaseException) -> ReadOutcome:
    """The status came but the body did not come whole: fewer bytes than Content-Length, unless time ran out."""
    outcome = _of_transport_failure(failure)
    return ReadOutcome.TRUNCATED if outcome in (ReadOutcome.RESET, ReadOutcome.TRANSPORT_ERROR) else outcome


def _name(failure: BaseException | None) -> str:
    return type(failure).__name__


class SamplesReader(FastHttpUser):
    """Reads ``/v1/samples`` again and again, as a browser or a proxy would, and records every read."""

    network_timeout = ANSWER_TIME_LIMIT_S
    connection_timeout = CONNECT_TIME_LIMIT_S
    insecure = False

    def on_start(self) -> None:
        """Wait for the run to begin; users that come early must not read before version 0 is there."""
        self._recorder: Recorder = self.environment.read_model.recorder()
        self._session = Session(
            self._recorder.next_session(), self._recorder.verifier, self._recorder.plan.conditional_share
        )
        turns.at_once = MANY if self._recorder.arrivals is None else FEW
        self._meta: dict[str, Any] = {}
        self._returned = 0
        self._confirmed: int | None = None
        self.client.request_event = self
        self.client.client.cookiejar = None  # the document depends on no cookie, and a jar costs a tenth of each read
        gevent.sleep(self.wait_time())  # Locust reads first and waits then; the first read is due later

    def wait_time(self) -> float:
        """Seconds to sleep until the next read is due, or nearly so; 0 in a closed loop, and when it is overdue."""
        arrivals = self._recorder.arrivals
        now = time.monotonic_ns()
        self._due = max(now, self._recorder.plan.start_ns) if arrivals is None else arrivals.take()
        return seconds_to_sleep(self._due, now)

    def fire(self, **meta: Any) -> None:
        """Hold back the client's report until the body is judged; this is when the client is done, or has failed."""
        self._returned = time.monotonic_ns()
        self._meta = meta

    @task
    def read(self) -> None:
        """One read: ask, send, judge, record, report to Locust."""
        yield_until(self._due)
        if not self._recorder.may_send(self._due):
            raise StopUser
        question = self._session.ask()
        headers = {"Accept-Encoding": "identity"}
        if question.etag is not None:
            headers["If-None-Match"] = question.etag
        called = time.monotonic_ns()
        due = self._due if self._recorder.arrivals is not None else called
        try:
            response = self.client.request(
                "GET", self._recorder.plan.url, name=REQUEST_NAME, headers=headers, allow_redirects=False
            )
        except gevent.GreenletExit:
            self._recorder.unanswered(self._session.number, due, called, question.etag_line)
            raise
        watched: WatchfulResponse | None = response._response
        if watched is not None and watched.message_complete:
            self._returned = watched.received_ns
        if watched is not None and watched.before and self._confirmed is not None:
            self._recorder.body_after_304(self._confirmed, watched.before)
            self.environment.stats.log_error("GET", REQUEST_NAME, CatchResponseError(_name_of(_WITH_BODY)))
        self._finish(question, due, called, _answer_from(response, self._meta["exception"]))

    def _finish(self, question: Question, due: int, called: int, answer: Answer) -> None:
        recorder = self._recorder
        outcome, version = self._session.judge(question, answer)
        etag_line = recorder.spool.etag_line(answer.etag)
        if outcome is _WHOLE:
            self._session.keep(answer.etag, etag_line, version)
        record = recorder.record(
            self._session.number,
            due,
            called,
            self._returned,
            answer.status,
            version,
            etag_line,
            question.etag_line,
            len(answer.body),
            outcome,
            answer.request_id,
        )
        self._confirmed = record if outcome is _NOT_MODIFIED else None
        meta = self._meta
        if outcome not in (_WHOLE, _NOT_MODIFIED) and meta["exception"] is None:
            meta["exception"] = CatchResponseError(_name_of(outcome))
        self.environment.events.request.fire(**meta)


def _name_of(outcome: ReadOutcome) -> str:
    return outcome.name.lower().replace("_", " ")


def _answer_from(response: Any, failure: BaseException | None) -> Answer:
    """The client's response in this module's terms."""
    status = response.status_code or 0
    if status == 0:
        return Answer(0, None, b"", failure)
    broken = failure if failure is not None and not hasattr(failure, "response") else None
    body = b"" if broken is not None else (response.content or response._response.after_304)
    return Answer(status, response.headers.get("etag"), body, broken, response.headers.get(REQUEST_ID_HEADER))
