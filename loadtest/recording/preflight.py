"""What is tried before any load is sent: does the target answer, and does what is written come out there?"""

from __future__ import annotations

import logging
import time
from typing import Final

import gevent
import requests

from loadtest.options import UsageError
from loadtest.payload import how_rewritten, identify
from loadtest.records import ReadOutcome
from loadtest.target import Target

VISIBLE_TIME_LIMIT_S: Final = 30
_PAUSE_S: Final = 0.2
logging.getLogger("urllib3").setLevel(logging.INFO)  # what it says to debug shows whole addresses, with their secrets


def check_answers(target: Target) -> None:
    """The target must answer HTTP at all.

    Raises:
        UsageError: nothing listens there, the name does not resolve, or TLS fails.
    """
    _get(target)


def wait_for_version_0(target: Target, run: str, payload_bytes: int) -> None:
    """Wait until a read returns version 0, which has been acknowledged.

    Raises:
        UsageError: it does not come out within ``VISIBLE_TIME_LIMIT_S`` seconds; says what came instead.
    """
    until = time.monotonic() + VISIBLE_TIME_LIMIT_S
    while True:
        response = _get(target)
        found = identify(response.content, run, payload_bytes)
        if response.status_code == 200 and found.outcome is ReadOutcome.WHOLE:
            return
        if time.monotonic() > until or _is_final(response.status_code, found.outcome):
            how = how_rewritten(response.content, run, payload_bytes)
            raise UsageError(_why_not(target, response, found.outcome, how))
        gevent.sleep(_PAUSE_S)


def _is_final(status: int, outcome: ReadOutcome) -> bool:
    """Answers that waiting does not change: S3 has acknowledged the object, so these are about the gateway."""
    return status in (400, 401, 403, 405) or (status == 200 and outcome is ReadOutcome.REWRITTEN)


def _why_not(target: Target, response: requests.Response, outcome: ReadOutcome, how: str) -> str:
    shown, place = target.shown_url, f"s3://{target.bucket}/{target.object_key}"
    if response.status_code != 200:
        body = " ".join(response.text.split())[:120]
        return (
            f"{shown} answered {response.status_code} {body!r} although {place} was just written; check the "
            "address, the stage, and that this API reads that bucket."
        )
    if how:
        return (
            f"{shown} passes what was written to {place} on changed: {how}; readers must get the document byte for "
            "byte, so leave out what rewrites it on the way."
        )
    if outcome in (ReadOutcome.FOREIGN, ReadOutcome.UNRECOGNISED):
        return (
            f"{shown} still answers another document {VISIBLE_TIME_LIMIT_S} s after {place} was written; is that "
            "the bucket behind this address, does somebody else write to it, or does a cache hold the old one longer?"
        )
    return (
        f"{shown} does not answer what was written to {place}, but something {outcome.name.lower()} of "
        f"{len(response.content):,} bytes; check that this API reads that object and passes it on unchanged."
    )


def _get(target: Target) -> requests.Response:
    shown = target.shown_url
    try:
        headers = {"Accept-Encoding": "identity"}
        return requests.get(target.url, timeout=(10, 30), headers=headers, allow_redirects=False)
    except requests.exceptions.SSLError as error:
        raise UsageError(
            f"{shown} cannot be trusted: {_reason(error)}; check the address and the certificates."
        ) from None
    except requests.exceptions.Timeout:
        raise UsageError(f"{shown} did not answer in time; check the address and the network.") from None
    except requests.exceptions.InvalidURL:  # what it says of itself would show the whole address
        raise UsageError(f"{shown} is no address that can be asked; mend --host or the outputs file.") from None
    except requests.exceptions.RequestException as error:
        raise UsageError(
            f"{shown} does not answer: {_reason(error)}; is it deployed, or the sandbox running? "
            "Mend --host or the outputs file."
        ) from None


def _reason(error: BaseException) -> str:
    """The innermost cause, in a few words: what the operating system said."""
    while True:
        inner = error.__cause__ or error.__context__
        if inner is None:
            return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
        error = inner
