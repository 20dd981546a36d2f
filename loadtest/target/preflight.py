"""What is checked before any load is sent: the target answers, and what is written comes out there."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from typing import Final
from urllib.parse import urljoin

import gevent

from loadtest.cleaned import holds_hidden, shown
from loadtest.errors import UsageError
from loadtest.http1.address import Address
from loadtest.http1.answer import Answer, Limits
from loadtest.http1.connection import Connection
from loadtest.http1.errors import BodyTooLargeError, TooLargeError
from loadtest.http1.limits import EXCHANGE_TIME_LIMIT_S, is_coded, most_body_bytes
from loadtest.http1.trust import tls_context, unused_proxy
from loadtest.run.documents.kind import MAXIMUM_BYTES, Documents
from loadtest.run.records import ReadOutcome
from loadtest.target.finding import Target
from loadtest.target.read_request import read_request
from loadtest.target.what_to_keep import Seen

logger = logging.getLogger(__name__)

VISIBLE_TIME_LIMIT_S: Final = 30
_PAUSE_S: Final = 0.2
_NEVER: Final = frozenset({401, 405, 407, 410, 421, 426, 451, 501, 505})
"""Statuses that neither waiting nor a PUT changes."""
_REFUSED: Final = frozenset({400, 403, 406, 411, 414, 431})
"""Statuses that waiting does not change once S3 has acknowledged the object: they come from the gateway."""


def check_answers(target: Target) -> None:
    """Check that the target answers HTTP, and without a redirect.

    Raises:
        UsageError: nothing listens there, the name does not resolve, TLS fails, or the target is elsewhere.
    """
    if sentence := unused_proxy(target.url):
        logger.warning("%s", sentence)
    answer = get(target, 2 * MAXIMUM_BYTES)
    _refuse_if_final(target, answer)
    if answer.status in _NEVER:
        raise UsageError(
            f"{target.shown_url} answered {answer.status} {_said(target, answer)!r}, which waiting does not change; "
            "check the address, the stage, and who may read there."
        )
    if answer.failure is not None and not isinstance(answer.failure, BodyTooLargeError):
        raise UsageError(_does_not_answer(target, answer))


def read_address(target: Target) -> Seen:
    """The current answer of the readers' address, byte for byte."""
    answer = get(target, MAXIMUM_BYTES + 1)
    if answer.failure is not None and not isinstance(answer.failure, BodyTooLargeError):
        raise UsageError(_does_not_answer(target, answer))
    headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in answer.fields.items()}
    if answer.status == 200 and holds_hidden(f"{bytes(answer.body).decode('utf-8', 'replace')} {headers}"):
        raise UsageError(
            f"{target.shown_url} quotes the value of a header that was sent to it (--header), so its answer cannot be "
            "kept without keeping a secret; have it leave that out, or send a value that is good for nothing else."
        )
    too_much = b" " * (MAXIMUM_BYTES + 1)  # all callers refuse a body of this size
    return Seen(answer.status, headers, bytes(answer.body) if answer.failure is None else too_much)


def wait_for_version_0(target: Target, documents: Documents, before: bytes | None = None, version: int = 0) -> None:
    """Wait until a read returns version 0, which has been acknowledged; ``before`` is what was there before it.

    ``version`` is another one where the run has several objects: the first of this one.

    Raises:
        UsageError: it does not come out within ``VISIBLE_TIME_LIMIT_S`` seconds.
    """
    until = time.monotonic() + VISIBLE_TIME_LIMIT_S
    verifier = documents.verifier()
    largest = max(documents.largest, len(before or b""))
    while True:
        answer = get(target, most_body_bytes(largest), max(1.0, until - time.monotonic()))
        _refuse_if_final(target, answer)
        identity = verifier.identify(bytes(answer.body), answer.field(b"etag"))
        if answer.failure is None and answer.status == 200 and identity == (ReadOutcome.WHOLE, version):
            return
        outcome = ReadOutcome.FOREIGN if bytes(answer.body) == before else identity.outcome
        rewritten = answer.status == 200 and outcome is ReadOutcome.REWRITTEN
        crossed = answer.status == 200 and outcome is ReadOutcome.OTHER_OBJECT
        if rewritten or crossed or time.monotonic() > until - _PAUSE_S or answer.status in _NEVER | _REFUSED:
            how = verifier.how_rewritten(bytes(answer.body)) if outcome is ReadOutcome.REWRITTEN else ""
            raise UsageError(_why_not(target, answer, outcome, how))
        gevent.sleep(_PAUSE_S)


def _why_not(target: Target, answer: Answer, outcome: ReadOutcome, how: str) -> str:
    url, place = target.shown_url, target.object_name
    if answer.failure is not None:
        return _does_not_answer(target, answer)
    if answer.status != 200:
        return (
            f"{url} answered {answer.status} {_said(target, answer)!r} although {place} was just written; check the "
            "address, the stage, and that this API reads that bucket."
        )
    if how:
        return (
            f"{url} passes what was written to {place} on changed: {how}; readers must get the document byte for "
            "byte, so leave out what rewrites it on the way."
        )
    if outcome is ReadOutcome.OTHER_OBJECT:
        return (
            f"{url} answers what was written to another object of this run, and not to {place}: check which object "
            "this address reads, and the key that --samples-path gives it."
        )
    if outcome in (ReadOutcome.FOREIGN, ReadOutcome.UNRECOGNISED):
        return (
            f"{url} still answers another document {VISIBLE_TIME_LIMIT_S} s after {place} was written; is that "
            "the bucket behind this address, does somebody else write to it, or does a cache hold the old one longer?"
        )
    return (
        f"{url} does not answer what was written to {place}, but something {outcome.name.lower()} of "
        f"{answer.body_bytes:,} bytes; check that this API reads that object and passes it on unchanged."
    )


def get(target: Target, most_body: int, time_limit_s: float = EXCHANGE_TIME_LIMIT_S) -> Answer:
    """One read like the readers': the same bytes and certificates, no proxy, no .netrc. Any answer is returned."""
    try:
        address = Address.of(target.url, target.access.headers)
    except ValueError:
        raise UsageError(
            f"{target.shown_url} is not an address that can be read; fix --host or the outputs file."
        ) from None
    tls = tls_context(access=target.access) if address.scheme == "https" else None
    connection = Connection(address, tls, Limits(body_bytes=most_body))
    try:
        return connection.exchange(read_request(address), time_limit_s)
    finally:
        connection.close()


def _refuse_if_final(target: Target, answer: Answer) -> None:
    """Refuse at once what waiting cannot change."""
    shown_url, status = target.shown_url, answer.status
    if isinstance(answer.failure, ssl.SSLError):
        why = getattr(answer.failure, "verify_message", "") or answer.failure.reason or "TLS failed"
        verified = not isinstance(answer.failure, ssl.SSLCertVerificationError)
        if verified and (target.access.cert or any(alert in why.upper() for alert in _WANTS_CERTIFICATE)):
            raise UsageError(_wants_certificate(target, why))
        raise UsageError(f"{shown_url} cannot be trusted: {why}; check the address and the certificates.")
    if isinstance(answer.failure, socket.gaierror):
        raise UsageError(_does_not_answer(target, answer))
    if 300 <= status < 400:
        to = answer.field(b"location")
        where = f"to {shown(urljoin(target.url, to), target.url)}" if to else "without saying where"
        raise UsageError(
            f"{shown_url} redirects {where} (status {status}): readers do not follow it, so give the address that "
            "answers itself, with --host or in the outputs file."
        )
    coding = answer.field(b"content-encoding")
    if status == 200 and is_coded(coding):
        raise UsageError(
            f"{shown_url} answers with Content-Encoding {shown(coding or '', target.url, 40)!r} although identity was "
            "asked for: readers must get the document byte for byte, so leave out what compresses it on the way."
        )


_WANTS_CERTIFICATE: Final = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "UNKNOWN_CA")
"""Alerts (RFC 8446, section 6) of a target that does not take the client's certificate, or wants one."""


def _wants_certificate(target: Target, why: str) -> str:
    shown_url, alert = target.shown_url, why.lower().replace("_", " ")
    if target.access.cert:
        return f"{shown_url} refuses the client certificate ({alert}): check --cert, its chain, and who issued it."
    return (
        f"{shown_url} broke off the TLS handshake ({alert}): if it wants a client certificate, give --cert and --key."
    )


def _said(target: Target, answer: Answer) -> str:
    return shown(bytes(answer.body[:2000]).decode("utf-8", "replace"), target.url, 120)


def _does_not_answer(target: Target, answer: Answer) -> str:
    failure, shown_url = answer.failure, target.shown_url
    if isinstance(failure, TimeoutError):
        return f"{shown_url} did not answer in time; check the address and the network."
    if isinstance(failure, TooLargeError):
        return f"{shown_url} answers without end ({failure}), so it is not the document; check the address."
    reason = getattr(failure, "strerror", None) or str(failure) or type(failure).__name__
    return (
        f"{shown_url} does not answer: {shown(str(reason), target.url).rstrip('.')}; is it deployed, or the sandbox "
        "running? Correct --host or the outputs file."
    )
