"""What the probe looks at before the first case: whether there is a document, and what its plain answer gives away."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin

from loadtest.cleaned import shown
from loadtest.errors import UsageError
from loadtest.probe.http1 import Http1, TransportError
from loadtest.probe.judging import looks_absent
from loadtest.probe.model import Ask, ProbeAnswer
from loadtest.target.finding import Target

ANY_ORIGIN: Final = "https://example.com"


def first_answer(target: Target, http1: Http1) -> ProbeAnswer:
    """The answer to a plain GET: the document, or that there is none yet.

    Raises:
        UsageError: nothing answers, or what answers is no deployment of a document.
    """
    try:
        plain = http1.exchange(Ask())
    except TransportError as error:
        raise UsageError(
            f"{target.shown_url} does not answer: {error}; is it deployed, or the sandbox running? "
            "Correct the address or the outputs file."
        ) from None
    if plain.fault:
        raise UsageError(
            f"{target.shown_url} does not answer proper HTTP ({shown(plain.fault, target.url)}); check the address."
        )
    if plain.status != 200 and not looks_absent(plain):
        if 300 <= plain.status < 400 and (location := plain.header("Location")):
            raise UsageError(
                f"{target.shown_url} redirects to {shown(urljoin(target.url, location), target.url)} (status "
                f"{plain.status}): probe the address that answers itself."
            )
        beginning = shown(plain.body[:2000].decode("utf-8", "replace"), target.url, 120)
        raise UsageError(
            f"{target.shown_url} answered {plain.status} {beginning!r}: there is no document to probe; check the "
            "address and the deployment."
        )
    return plain


def named_origin(plain: ProbeAnswer) -> str:
    """The origin that the target allows even when it is not asked, as API Gateway does when there is only one."""
    allowed = plain.header("Access-Control-Allow-Origin") or ""
    return allowed if allowed.startswith(("http://", "https://")) else ANY_ORIGIN


def wait_out_the_second(plain: ProbeAnswer) -> None:
    """Wait until the second after the document's date is over at the server: HTTP dates have whole seconds."""
    try:
        now = parsedate_to_datetime(plain.header("Date") or "")
        modified = parsedate_to_datetime(plain.header("Last-Modified") or "")
        passed_s = (now - modified).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no dates, or one of them without a time zone
        return
    time.sleep(max(0.0, min(2.0, 2.0 - passed_s)))
