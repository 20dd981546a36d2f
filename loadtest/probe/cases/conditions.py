"""If-None-Match and If-Modified-Since in every form. RFC 9110, sections 13.1.2, 13.1.3 and 13.2.2."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

from loadtest.probe.entity_tags import EntityTag
from loadtest.probe.judging import DEVIATES, FAIL, PASS, describe, not_modified, whole
from loadtest.probe.model import (
    Ask,
    Case,
    CaseVerdict,
    Finding,
    Headers,
    ProbeAnswer,
    Script,
    Seen,
    a_modification_date,
    an_etag,
)

NOT_THIS: Final = '"0123456789abcdef0123456789abcdef"'
NOT_THAT: Final = '"fedcba9876543210fedcba9876543210"'
BARE_GARBAGE: Final = '"no closing quote'


def modified(seen: Seen, shift_s: int) -> str:
    """The document's modification date, shifted, as an HTTP date (RFC 9110, section 5.6.7)."""
    shift = timedelta(seconds=shift_s)
    try:
        when = parsedate_to_datetime(seen.plain.header("Last-Modified") or "").astimezone(UTC) + shift
    except (ValueError, TypeError, OverflowError):  # none, or at the end of all days
        when = datetime.now(UTC) + shift
    return format_datetime(when, usegmt=True)


def _asks(
    headers: Callable[[Seen], Headers], judge: Callable[[Seen, ProbeAnswer], Finding]
) -> Callable[[Seen], Script]:

    def script(seen: Seen) -> Script:
        answer = yield Ask(headers(seen))
        return judge(seen, answer)

    return script


def _none_match(value: Callable[[Seen], str]) -> Callable[[Seen], Headers]:
    return lambda seen: (("If-None-Match", value(seen)),)


def _since(shift_s: int) -> Callable[[Seen], Headers]:
    return lambda seen: (("If-Modified-Since", modified(seen, shift_s)),)


def _at_a_price(verdict: CaseVerdict) -> Callable[[Seen, ProbeAnswer], Finding]:
    return lambda seen, answer: not_modified(seen, answer, otherwise=verdict)


def _weak_form(seen: Seen) -> str:
    return str(EntityTag(seen.etag.opaque, weak=True)) if seen.etag else ""


def _any_but_a_fault(seen: Seen, answer: ProbeAnswer) -> Finding:
    """What is not an entity tag may be refused, ignored, or taken for what was meant."""
    if answer.status in (304, 400):
        return Finding(PASS, describe(answer))
    return whole(seen, answer)


def _ignored_or_refused(seen: Seen, answer: ProbeAnswer) -> Finding:
    """Garbage matches nothing: the document, or 400."""
    if answer.status == 304:
        return Finding(FAIL, "304, although nothing that was sent names the document")
    return _any_but_a_fault(seen, answer)


_NONE_MATCH: Final = "RFC 9110 §13.1.2"
_SINCE: Final = "RFC 9110 §13.1.3"

CASES: Final = (
    Case("if-none-match-current", _NONE_MATCH, "If-None-Match with the current ETag: 304 (MUST)",
         _asks(_none_match(Seen.validator), not_modified), (an_etag,)),
    Case("if-none-match-other", _NONE_MATCH, "If-None-Match with another ETag: 200 and the whole document",
         _asks(_none_match(lambda seen: NOT_THIS), whole)),
    Case("if-none-match-weak", _NONE_MATCH, "If-None-Match with W/ before the current ETag: 304 (MUST compare weakly)",
         _asks(_none_match(_weak_form), _at_a_price(DEVIATES)), (an_etag,)),
    Case("if-none-match-list", _NONE_MATCH, "If-None-Match with a list that holds the current ETag: 304 (MUST)",
         _asks(_none_match(lambda seen: f"{NOT_THIS}, {seen.validator()}"), _at_a_price(DEVIATES)), (an_etag,)),
    Case("if-none-match-list-without", _NONE_MATCH,
         "If-None-Match with a list of other ETags: 200 and the whole document",
         _asks(_none_match(lambda seen: f"{NOT_THIS}, {NOT_THAT}"), whole)),
    Case("if-none-match-any", _NONE_MATCH, "If-None-Match: * while there is a document: 304 (MUST)",
         _asks(_none_match(lambda seen: "*"), _at_a_price(DEVIATES))),
    Case("if-none-match-unquoted", "RFC 9110 §8.8.3",
         "If-None-Match with the current ETag but no quotes: 200, 304 or 400, and no fault",
         _asks(_none_match(lambda seen: seen.etag.opaque if seen.etag else ""), _any_but_a_fault), (an_etag,)),
    Case("if-none-match-garbage", "RFC 9110 §8.8.3", "If-None-Match with garbage: 200 and the document, or 400",
         _asks(_none_match(lambda seen: BARE_GARBAGE), _ignored_or_refused)),
    Case("if-modified-since-before", _SINCE,
         "If-Modified-Since an hour before Last-Modified: 200 and the whole document",
         _asks(_since(-3600), whole), (a_modification_date,)),
    Case("if-modified-since-at", _SINCE, "If-Modified-Since at Last-Modified: 304 (SHOULD)",
         _asks(_since(0), _at_a_price(DEVIATES)), (a_modification_date,)),
    Case("if-modified-since-after", _SINCE, "If-Modified-Since a second after Last-Modified: 304 (SHOULD)",
         _asks(_since(1), _at_a_price(DEVIATES)), (a_modification_date,)),
    Case("if-modified-since-garbage", _SINCE,
         "If-Modified-Since that is not a date: ignored (MUST), so 200 and the whole document",
         _asks(lambda seen: (("If-Modified-Since", "yesterday"),), whole)),
    Case("both-etag-other", _SINCE,
         "Another ETag, and If-Modified-Since at Last-Modified: the ETag decides (MUST), so 200",
         _asks(lambda seen: (("If-None-Match", NOT_THIS), *_since(0)(seen)), whole), (a_modification_date,)),
    Case("both-etag-current", _SINCE,
         "The current ETag, and If-Modified-Since an hour before: the ETag decides (MUST), so 304",
         _asks(lambda seen: (("If-None-Match", seen.validator()), *_since(-3600)(seen)), _at_a_price(DEVIATES)),
         (an_etag, a_modification_date)),
)  # fmt: skip
