"""Judgements of answers that most cases share. Pure functions."""

from __future__ import annotations

import re
from typing import Final

from loadtest.probe.model import CaseVerdict, Finding, ProbeAnswer, Seen

PASS: Final = CaseVerdict.PASS
FAIL: Final = CaseVerdict.FAIL
DEVIATES: Final = CaseVerdict.DEVIATES
INCONCLUSIVE: Final = CaseVerdict.INCONCLUSIVE
NOT_APPLICABLE: Final = CaseVerdict.NOT_APPLICABLE

_TRY_LATER: Final = {429: "throttled", 503: "unavailable", 504: "timed out behind the gateway"}
_SHOWN_OF_AN_ERROR: Final = 60
_S3_ERROR = re.compile(rb"\s*(<\?xml[^>]*\?>)?\s*<Error>\s*<Code>")


def describe(answer: ProbeAnswer) -> str:
    """An answer in a few words: its status, and its body by size or, for an error, by its first words."""
    if answer.status == 304:
        extra = len(answer.body) + len(answer.excess)
        return f"304 with {extra:,} bytes after it" if extra else "304"
    if not answer.body:
        return f"{answer.status} with an empty body"
    if answer.status < 400:
        return f"{answer.status}, {len(answer.body):,} bytes"
    text = " ".join(answer.body.decode("utf-8", "replace").split())
    return f"{answer.status} {text if len(text) <= _SHOWN_OF_AN_ERROR else text[:_SHOWN_OF_AN_ERROR] + '…'}"


def looks_absent(answer: ProbeAnswer) -> bool:
    """Whether this is what a gateway says while the object is missing: 404, or S3's error passed on as 200."""
    return answer.status == 404 or (answer.status == 200 and _S3_ERROR.match(answer.body) is not None)


def not_modified(seen: Seen, answer: ProbeAnswer, otherwise: CaseVerdict = FAIL) -> Finding:
    """304 is due; ``otherwise`` is the verdict if the whole current document came instead."""
    if answer.status == 304:
        return Finding(PASS, "304")
    if answer.status == 200 and answer.body == seen.plain.body:
        cost = f"200 and all {len(answer.body):,} bytes again"
        return Finding(otherwise, cost)
    return _unexpected(seen, answer)


def whole(seen: Seen, answer: ProbeAnswer) -> Finding:
    if answer.status == 200 and answer.body == seen.plain.body and answer.body:
        return Finding(PASS, describe(answer))
    if answer.status == 304:
        return Finding(FAIL, "304, although the validator names no current document: a reader would keep what it has")
    return _unexpected(seen, answer)


def _unexpected(seen: Seen, answer: ProbeAnswer) -> Finding:
    """An answer that is neither the document nor a 304."""
    if answer.status in _TRY_LATER:
        return Finding(INCONCLUSIVE, f"{describe(answer)} ({_TRY_LATER[answer.status]})")
    if answer.status == 200 and not answer.body:
        return Finding(FAIL, "200 with an empty body: a reader would take that for the document")
    if answer.status == 200 and answer.etag and not answer.etag.matches(seen.etag):
        return Finding(INCONCLUSIVE, f"{describe(answer)}: the document was replaced meanwhile; probe again in peace")
    if answer.status == 200:
        return Finding(FAIL, f"{describe(answer)}, which are not the document's")
    return Finding(FAIL, describe(answer))


def not_applicable(reason: str) -> Finding:
    return Finding(NOT_APPLICABLE, reason)


def no_not_modified(answer: ProbeAnswer) -> Finding:
    """A case about the 304 itself, and none came."""
    return not_applicable(f"no 304 came to look at ({describe(answer)})")


def worst(findings: list[Finding]) -> Finding:
    """The worst of several findings, with the words of all that are as bad."""
    order = list(CaseVerdict)
    verdict = min((finding.verdict for finding in findings), key=order.index)
    texts = dict.fromkeys(finding.came_back for finding in findings if finding.verdict is verdict)
    return Finding(verdict, "; ".join(texts))
