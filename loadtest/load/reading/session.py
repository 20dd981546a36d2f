"""A session behaves like a browser's cache: it decides what to ask and what an answer means; it is no HTTP client."""

from __future__ import annotations

from typing import Final, NamedTuple

from loadtest.http1.errors import BodyTooLargeError
from loadtest.http1.limits import UnaskedCodingError
from loadtest.run.documents.kind import BodyVerifier
from loadtest.run.records import NO_VERSION, ReadOutcome
from loadtest.run.spool.spool_format import NO_ETAG

_STATUS_OUTCOMES: Final = {
    401: ReadOutcome.FORBIDDEN,
    403: ReadOutcome.FORBIDDEN,
    404: ReadOutcome.NOT_FOUND,
    429: ReadOutcome.THROTTLED,
}


class Validator(NamedTuple):
    """The validator that one read sends, if any, its line in the spool's table, and the version that is held."""

    etag: str | None
    etag_line: int
    version: int


class ReadAnswer(NamedTuple):
    """An answer. ``status`` is 0 when there was none; ``failure`` is what the HTTP client raised."""

    status: int
    etag: str | None
    body: bytes
    failure: BaseException | None
    request_id: str | None = None


class Session:
    """One reader with one request in flight. It validates what it holds, keeps it on 304 and replaces it on 200."""

    def __init__(self, number: int, verifier: BodyVerifier, conditional_share: float) -> None:
        self.number = number
        self._verifier = verifier
        self._share = conditional_share
        self._owed = 0.0
        self._held = _UNCONDITIONAL

    def ask(self) -> Validator:
        """The next request: conditional in the share that was set, once there is something to validate."""
        self._owed = min(1.0, self._owed + self._share) if self._held.etag is None else self._owed + self._share
        if self._owed < 1.0 or self._held.etag is None:
            return _UNCONDITIONAL
        self._owed -= 1.0
        return self._held

    def identify(self, question: Validator, answer: ReadAnswer) -> tuple[ReadOutcome, int]:  # noqa: PLR0911 - one a case
        """What the answer is, and the version that it brings or confirms (``NO_VERSION`` if it does neither)."""
        if answer.status == 200:
            if answer.failure is not None:
                return _of_broken_body(answer.failure), NO_VERSION
            return self._verifier.identify(answer.body, answer.etag)
        if answer.status == 304:
            if question.etag is None:
                return ReadOutcome.UNASKED_NOT_MODIFIED, NO_VERSION
            if answer.body:
                return ReadOutcome.NOT_MODIFIED_WITH_BODY, NO_VERSION
            return ReadOutcome.NOT_MODIFIED, question.version
        if answer.status == 0:
            return _of_transport_failure(answer.failure), NO_VERSION
        if answer.status >= 500:
            return ReadOutcome.SERVER_ERROR, NO_VERSION
        return _STATUS_OUTCOMES.get(answer.status, ReadOutcome.CLIENT_ERROR), NO_VERSION

    def keep(self, etag: str | None, line: int, version: int) -> None:
        """Hold the document that came with ``etag``. Without an ETag there is nothing to validate later."""
        if line != self._held.etag_line or version != self._held.version:
            self._held = Validator(etag, line, version)


_UNCONDITIONAL = Validator(None, NO_ETAG, NO_VERSION)


def _of_transport_failure(failure: BaseException | None) -> ReadOutcome:
    if isinstance(failure, TimeoutError):
        return ReadOutcome.TIMED_OUT
    if isinstance(failure, ConnectionRefusedError):
        return ReadOutcome.REFUSED
    if isinstance(failure, ConnectionResetError | BrokenPipeError):
        return ReadOutcome.RESET
    return ReadOutcome.TRANSPORT_ERROR


def _of_broken_body(failure: BaseException) -> ReadOutcome:
    """The outcome of an answer whose body is not whole: fewer bytes than Content-Length, unless time ran out.

    A body in a coding that nobody asked for is not decoded: to a client that asked for none it is not a document.
    """
    if isinstance(failure, BodyTooLargeError):
        return ReadOutcome.OVERSIZED
    if isinstance(failure, UnaskedCodingError):
        return ReadOutcome.UNRECOGNISED
    outcome = _of_transport_failure(failure)
    return ReadOutcome.TRUNCATED if outcome in (ReadOutcome.RESET, ReadOutcome.TRANSPORT_ERROR) else outcome
