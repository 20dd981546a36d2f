"""Whether a page of another origin may read every answer. Fetch Standard, "CORS protocol"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from loadtest.probe.cases.errors import NOWHERE, removed
from loadtest.probe.judging import DEVIATES, FAIL, PASS, describe, no_not_modified, not_applicable
from loadtest.probe.model import Ask, Case, Finding, Phase, ProbeAnswer, Script, Seen, a_missing_object, an_etag

ALLOW: Final = "Access-Control-Allow-Origin"
EXPOSE: Final = "Access-Control-Expose-Headers"
ANOTHER_ORIGIN: Final = "https://another-origin.invalid"


def _origin(seen: Seen) -> tuple[str, str]:
    return ("Origin", seen.origin)


def _may_read(seen: Seen, answer: ProbeAnswer) -> bool:
    return answer.header(ALLOW) in ("*", seen.origin)


def _not_configured(seen: Seen, answer: ProbeAnswer) -> str:
    """Why CORS is not judged, as far as the document itself shows; empty if it is."""
    allowed = answer.header(ALLOW)
    if allowed is None:
        return f"no {ALLOW} for Origin: {seen.origin}; give --origin if the stack sets cors_origins"
    if not _may_read(seen, answer):
        return f"{ALLOW}: {allowed}; give --origin {allowed}"
    return ""


def _where_configured(then: Callable[[Seen, ProbeAnswer], Script]) -> Callable[[Seen], Script]:
    """Go on with the document as a page of the origin gets it, where that shows that CORS is configured."""

    def script(seen: Seen) -> Script:
        answer = yield Ask((_origin(seen),))
        reason = _not_configured(seen, answer)
        return not_applicable(reason) if reason else (yield from then(seen, answer))

    return script


@_where_configured
def _document(seen: Seen, answer: ProbeAnswer) -> Script:
    exposed = [name.strip().lower() for name in (answer.header(EXPOSE) or "").split(",")]
    if "etag" not in exposed and "*" not in exposed:
        return Finding(FAIL, f"{EXPOSE} does not name ETag: a script cannot validate")
    other = yield Ask((("Origin", ANOTHER_ORIGIN),))
    varies = "origin" in (answer.header("Vary") or "").lower()
    if other.header(ALLOW) != answer.header(ALLOW) and not varies:
        return Finding(DEVIATES, "the answer depends on the origin, without Vary: Origin")
    return Finding(PASS, f"{ALLOW}: {answer.header(ALLOW)}")


@_where_configured
def _not_modified(seen: Seen, _: ProbeAnswer) -> Script:
    answer = yield Ask((_origin(seen), ("If-None-Match", seen.validator())))
    if answer.status != 304:
        return no_not_modified(answer)
    return _readable(seen, answer)


def _readable(seen: Seen, answer: ProbeAnswer) -> Finding:
    if _may_read(seen, answer):
        return Finding(PASS, f"{answer.status} with {ALLOW}: {answer.header(ALLOW)}")
    return Finding(FAIL, f"{answer.status} without {ALLOW}: the page sees a network error, not a {answer.status}")


@_where_configured
def _unknown_path(seen: Seen, _: ProbeAnswer) -> Script:
    answer = yield Ask((_origin(seen),), path_suffix=NOWHERE)
    return _readable(seen, answer)


def _missing(seen: Seen) -> Script:
    refused = yield from removed(seen)
    if refused is not None:
        return refused
    answer = yield Ask((_origin(seen),))
    if answer.header(ALLOW) is not None and not _may_read(seen, answer):
        return not_applicable(_not_configured(seen, answer))
    if answer.header(ALLOW) is None:
        elsewhere = yield Ask((_origin(seen),), path_suffix=NOWHERE)
        if not _may_read(seen, elsewhere):
            return not_applicable(_not_configured(seen, elsewhere))
    return _readable(seen, answer)


@_where_configured
def _preflight(seen: Seen, _: ProbeAnswer) -> Script:
    headers = (
        _origin(seen),
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "if-none-match"),
    )
    answer = yield Ask(headers, method="OPTIONS")
    if not 200 <= answer.status < 300:
        return Finding(FAIL, f"{describe(answer)}: a script cannot send If-None-Match")
    allowed = [name.strip().lower() for name in (answer.header("Access-Control-Allow-Headers") or "").split(",")]
    if "if-none-match" not in allowed and "*" not in allowed:
        return Finding(FAIL, "Access-Control-Allow-Headers does not name If-None-Match")
    return _readable(seen, answer)


_FETCH: Final = "Fetch, CORS protocol"

CASES: Final = (
    Case("cors-200", _FETCH, "A page of an allowed origin may read the document and its ETag", _document),
    Case("cors-304", _FETCH, "… and sees a 304 as a 304", _not_modified, (an_etag,)),
    Case("cors-403", _FETCH, "… and sees the gateway's own errors", _unknown_path),
    Case("cors-404", _FETCH, "… and sees that the object is missing", _missing, (a_missing_object,), Phase.ABSENT),
    Case("cors-preflight", _FETCH, "… and may send If-None-Match itself", _preflight),
)
