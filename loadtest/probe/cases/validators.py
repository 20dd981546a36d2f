"""Is there a validator, and is it worth anything? RFC 9110, section 8.8."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from typing import Final

from loadtest.probe.judging import DEVIATES, FAIL, INCONCLUSIVE, PASS, describe, not_applicable
from loadtest.probe.model import Ask, Case, Finding, ProbeAnswer, Script, Seen, an_etag
from loadtest.run.documents.made_up import identify
from loadtest.run.records import ReadOutcome

_MORE_LOOKS: Final = 6
_NAMED_RUN = re.compile(rb'"run"\s*:\s*"([0-9a-f]{12})"')
_MD5 = re.compile(r"[0-9a-f]{32}")
_MULTIPART = re.compile(r"[0-9a-f]{32}-\d+")


def _present(seen: Seen) -> Script:
    answer = yield Ask()
    sent = answer.header("ETag")
    if answer.status != 200:
        return Finding(INCONCLUSIVE, describe(answer))
    if sent is None:
        return Finding(FAIL, "200 without ETag: readers have nothing to validate with")
    if answer.etag is None:
        return Finding(FAIL, "200 with an empty ETag: readers have nothing to validate with")
    if answer.etag.spelled:
        return Finding(DEVIATES, f"ETag: {sent}, which is not an entity tag (quotes missing?): strict readers drop it")
    return Finding(PASS, f"ETag: {sent}")


def _strong(seen: Seen) -> Script:
    answer = yield Ask()
    if answer.etag is None:
        return Finding(FAIL if answer.status == 200 else INCONCLUSIVE, f"{describe(answer)} without ETag")
    if answer.etag.weak:
        return Finding(DEVIATES, f"ETag: {answer.etag}: weak: it validates, and does not promise the same bytes")
    return Finding(PASS, f"ETag: {answer.etag}")


def _is_md5(seen: Seen) -> Script:
    answer = yield Ask()
    tag = answer.etag
    if tag is None or answer.status != 200:
        return Finding(INCONCLUSIVE, f"{describe(answer)} without ETag")
    if _MULTIPART.fullmatch(tag.opaque):
        return not_applicable("a multipart upload: its ETag is not the MD5 of the whole")
    if not _MD5.fullmatch(tag.opaque):
        return not_applicable(f"ETag: {tag} has not the form of an S3 ETag")
    if hashlib.md5(answer.body, usedforsecurity=False).hexdigest() == tag.opaque:
        return Finding(PASS, "equal")
    return _not_its_md5(seen, answer)


def _not_its_md5(seen: Seen, answer: ProbeAnswer) -> Finding:
    """The document may be another one than S3 holds, or its ETag may be no MD5 at all."""
    named = _NAMED_RUN.search(answer.body)  # a document of this project says of which run it is, and proves itself
    came = identify(answer.body, named[1].decode() if named else seen.run, len(answer.body)).outcome
    if came is ReadOutcome.WHOLE:
        return not_applicable("not equal, but the document proves itself whole: S3 encrypts, or the ETag is not S3's")
    if came is not ReadOutcome.UNRECOGNISED:
        return Finding(FAIL, "not equal, and the document does not prove itself: the bytes were altered on the way")
    if seen.kind == "other":
        return not_applicable("not equal, but nothing says that this target is S3")
    return Finding(
        INCONCLUSIVE,
        "not equal: the bytes were altered on the way, or S3 encrypts (SSE-KMS, SSE-C: then it is not an MD5)",
    )


def _stable(seen: Seen) -> Script:
    answers = [seen.plain]
    for fresh in (False, True, False, True):
        answers.append((yield Ask(fresh=fresh)))
    if _changes([answer.header("ETag") for answer in answers]):  # once, or by turns?
        for _ in range(_MORE_LOOKS):
            answers.append((yield Ask(fresh=True)))
    odd = next((answer for answer in answers if answer.status != 200), None)
    if odd is not None:
        return Finding(INCONCLUSIVE, describe(odd))
    tags_of: dict[bytes, set[str | None]] = {}
    bodies_of: dict[str | None, set[bytes]] = {}
    for answer in answers:
        tags_of.setdefault(answer.body, set()).add(answer.header("ETag"))
        bodies_of.setdefault(answer.header("ETag"), set()).add(answer.body)
    if any(len(bodies) > 1 for bodies in bodies_of.values()):
        return Finding(FAIL, "different bytes came with the same ETag: readers keep the wrong ones")
    in_turn = [[answer.header("ETag") for answer in answers if answer.body == body] for body in tags_of]
    if any(_changes(tags) > 1 for tags in in_turn):
        names = ", ".join(sorted(str(tag) for tag in max(tags_of.values(), key=len)))
        return Finding(FAIL, f"the same bytes came with {names} by turns: every reader's copy is thrown away")
    if any(_changes(tags) for tags in in_turn):
        return Finding(DEVIATES, "the same bytes got another ETag once: every reader downloads them again")
    if len(tags_of) > 1:
        return Finding(INCONCLUSIVE, "the document was replaced meanwhile; probe again in peace")
    return Finding(PASS, f"the same in {len(answers)} answers over 3 connections")


def _changes(tags: list[str | None]) -> int:
    """How often an ETag follows another one."""
    return sum(one != other for one, other in pairwise(tags))


def _dated(seen: Seen) -> Script:
    answer = yield Ask()
    sent = answer.header("Last-Modified")
    if answer.status != 200:
        return Finding(INCONCLUSIVE, describe(answer))
    return Finding(PASS, f"Last-Modified: {sent}") if sent else Finding(DEVIATES, "200 without Last-Modified")


CASES: Final = (
    Case("etag-present", "RFC 9110 §8.8.3, §8.8.3.1", "The document comes with a well-formed ETag", _present),
    Case("etag-strong", "RFC 9110 §8.8.1", "The ETag is strong: other bytes, another ETag", _strong, (an_etag,)),
    Case(
        "etag-md5",
        "S3 API, common response headers",
        "The ETag is the MD5 of the bytes, as S3 promises",
        _is_md5,
        (an_etag,),
    ),
    Case(
        "etag-stable", "RFC 9110 §8.8.1", "The same bytes keep the same ETag, on every connection", _stable, (an_etag,)
    ),
    Case("last-modified", "RFC 9110 §8.8.2.1", "The document comes with Last-Modified (SHOULD)", _dated),
)
