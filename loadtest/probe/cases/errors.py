"""What is not there: an unknown path, and a missing object. RFC 9110, sections 13.2.1 and 15.5.5."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from loadtest.probe.judging import FAIL, INCONCLUSIVE, PASS, describe, not_applicable, worst
from loadtest.probe.model import (
    Ask,
    Case,
    CaseVerdict,
    Finding,
    Phase,
    ProbeAnswer,
    Remove,
    Script,
    Seen,
    Step,
    a_missing_object,
)

NOWHERE: Final = "-no-such-path"


def _unknown_path(seen: Seen) -> Script:
    plain = yield Ask(path_suffix=NOWHERE)
    if 200 <= plain.status < 300:
        return not_applicable(f"a made-up path exists here too ({describe(plain)})")
    conditional = yield Ask((("If-None-Match", seen.validator() or "*"),), path_suffix=NOWHERE)
    return worst([_an_error(plain), _an_error(conditional)])


def _an_error(answer: ProbeAnswer) -> Finding:
    if answer.status == 304:
        return Finding(FAIL, "304 for what does not exist: preconditions MUST be ignored then")
    if 400 <= answer.status < 500 and answer.status != 429:
        return Finding(PASS, describe(answer))
    if answer.status in (429, 502, 503, 504):
        return Finding(INCONCLUSIVE, describe(answer))
    return Finding(FAIL, describe(answer))


def removed(seen: Seen) -> Generator[Step, ProbeAnswer, Finding | None]:
    """Remove the object if it is there; a finding where that is not allowed."""
    if not seen.removable:
        return None
    answer = yield Remove()
    return not_applicable(f"the key may not remove the object ({describe(answer)})") if answer.status >= 300 else None


def _missing(seen: Seen) -> Script:
    refused = yield from removed(seen)
    if refused is not None:
        return refused
    answer = yield Ask()
    if answer.status == 404:
        return Finding(PASS, describe(answer))
    if answer.status == 403:
        return Finding(FAIL, "403: the role lacks s3:ListBucket, so S3 does not say that the object is missing")
    return _no_document(answer, FAIL)


def _no_document(answer: ProbeAnswer, otherwise: CaseVerdict) -> Finding:
    """What comes for a missing object; ``otherwise`` is the verdict on an error that says nothing of later."""
    if answer.status == 200:
        return Finding(FAIL, f"{describe(answer)}: an error that looks like a document")
    return Finding(INCONCLUSIVE if answer.status in (429, 503, 504) else otherwise, describe(answer))


def _missing_conditional(seen: Seen) -> Script:
    refused = yield from removed(seen)
    if refused is not None:
        return refused
    findings = []
    for value in (seen.validator() or '"0123456789abcdef0123456789abcdef"', "*"):
        answer = yield Ask((("If-None-Match", value),))
        if answer.status == 304:
            findings.append(Finding(FAIL, f"304 to If-None-Match: {value}, although there is nothing"))
        else:
            findings.append(_no_document(answer, PASS))
    return worst(findings)


CASES: Final = (
    Case("unknown-path", "RFC 9110 §13.2.1", "An unknown path is an error, with a condition too", _unknown_path),
    Case("missing-object", "RFC 9110 §15.5.5", "While the object is missing: 404, not 200 with an error in it",
         _missing, (a_missing_object,), Phase.ABSENT),
    Case("missing-object-conditional", "RFC 9110 §13.2.1",
         "While the object is missing, a condition changes nothing: no 304 (MUST)",
         _missing_conditional, (a_missing_object,), Phase.ABSENT),
)  # fmt: skip
