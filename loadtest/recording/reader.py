"""Who reads: the Locust user that sends a session's requests, and records what came back.

A read is timed from before the client's call (``called``) to when the last byte of its answer was taken in
(``returned``), or to the client's giving up.
"""

from __future__ import annotations

import time
from typing import Any, Final

import gevent
import gevent.ssl
from locust import task
from locust.contrib.fasthttp import FastHttpUser
from locust.exception import CatchResponseError, StopUser

from loadtest.answer_limits import EXCHANGE_TIME_LIMIT_S, UnaskedCodingError, is_coded, most_body_bytes
from loadtest.cleaned import in_words, printable
from loadtest.recording.punctual import seconds_to_sleep, yield_until
from loadtest.recording.recorder import Recorder, name_of
from loadtest.recording.session import Answer, Question, Session
from loadtest.recording.turns import FEW, MANY
from loadtest.recording.watchful_response import PlainResponse, WatchfulResponse, install, turns
from loadtest.records import ReadOutcome
from loadtest.trust import tls_context

REQUEST_NAME: Final = "samples"
CONNECT_TIME_LIMIT_S: Final = 10

install()

_WHOLE = ReadOutcome.WHOLE
_NOT_MODIFIED = ReadOutcome.NOT_MODIFIED
_WITH_BODY = ReadOutcome.NOT_MODIFIED_WITH_BODY
REQUEST_ID_HEADER: Final = "x-amzn-requestid"
_ANY_STATUS = frozenset(range(1000))
"""No status surprises the client: for one that does, it would decode the body, and raise when that is no UTF-8."""


class SamplesReader(FastHttpUser):
    """Reads ``/v1/samples`` again and again, as a browser or a proxy would, and records every read."""

    network_timeout = EXCHANGE_TIME_LIMIT_S
    connection_timeout = CONNECT_TIME_LIMIT_S
    insecure = False
    ssl_context_factory = staticmethod(lambda **_: tls_context(gevent.ssl.create_default_context))

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
        WatchfulResponse.most_body = most_body_bytes(self._recorder.plan.payload_bytes)
        self.client.client.response_type = PlainResponse
        self.client.client.valid_response_codes = _ANY_STATUS
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
            with gevent.Timeout(EXCHANGE_TIME_LIMIT_S):  # the client's own limits are for a piece, which may be a byte
                response = self.client.request(
                    "GET", self._recorder.plan.url, name=REQUEST_NAME, headers=headers, allow_redirects=False
                )
        except gevent.GreenletExit:
            self._recorder.unanswered(self._session.number, due, called, question.etag_line)
            raise
        except (Exception, gevent.Timeout) as failure:
            self.fire(**_meta_of(self._recorder.plan.url, called, failure))
            self._finish(question, due, called, Answer(0, None, b"", failure))
            return
        watched: WatchfulResponse | None = response._response
        if watched is not None and watched.message_complete:
            self._returned = watched.received_ns
        if watched is not None and watched.before and self._confirmed is not None:
            self._recorder.body_after_304(self._confirmed, watched.before)
            self.environment.stats.log_error("GET", REQUEST_NAME, CatchResponseError(name_of(_WITH_BODY)))
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
        failure = answer.failure if meta["exception"] is None else meta["exception"]
        if failure is not None:
            said = recorder.message(in_words(failure, recorder.plan.url), outcome)
            meta["exception"] = CatchResponseError(said)
        if outcome not in (_WHOLE, _NOT_MODIFIED) and meta["exception"] is None:
            named = name_of(outcome)
            if outcome is ReadOutcome.REWRITTEN:
                named = recorder.message(f"{named}: {recorder.verifier.how_rewritten(answer.body)}", outcome)
            meta["exception"] = CatchResponseError(f"{named} ({answer.status})" if answer.status >= 400 else named)
        self.environment.events.request.fire(**meta)


def _meta_of(url: str, called: int, failure: Exception) -> dict[str, Any]:
    """What Locust's client would report, had it not been surprised by an answer itself."""
    took_ms = (time.monotonic_ns() - called) / 1e6
    return {
        "request_type": "GET",
        "name": REQUEST_NAME,
        "response_time": took_ms,
        "response_length": 0,
        "response": None,
        "context": {},
        "exception": failure,
        "start_time": time.time() - took_ms / 1e3,
        "url": url,
    }


def _only(header: str | list[str] | None) -> str | None:
    """The value of a header that should come once; of several, all together, which name no version."""
    return ", ".join(header) if isinstance(header, list) else header


def _answer_from(response: Any, failure: BaseException | None) -> Answer:
    """The client's response in this module's terms."""
    status = response.status_code or 0
    if status == 0:
        return Answer(0, None, b"", failure)
    broken = failure if failure is not None and not hasattr(failure, "response") else None
    came = response._response._body_buffer if broken is not None else response.content
    body = bytes(came) if broken is not None else came or response._response.after_304
    headers = response.headers
    coding = _only(headers.get("content-encoding"))
    if status == 200 and broken is None and is_coded(coding):
        broken = UnaskedCodingError(f"a body in a coding that was not asked for: {printable(coding or '', 40)}")
    return Answer(status, _only(headers.get("etag")), body, broken, _only(headers.get(REQUEST_ID_HEADER)))
