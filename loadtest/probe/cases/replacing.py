"""What happens when the document is replaced. These cases write, so they are only tried with --write."""

from __future__ import annotations

from typing import Final

from loadtest.probe.cases.requests import BROWSER
from loadtest.probe.etag_names import Named, names_of
from loadtest.probe.judging import DEVIATES, FAIL, INCONCLUSIVE, PASS, describe, not_applicable
from loadtest.probe.model import Ask, Case, Finding, Phase, ProbeAnswer, Publish, Script, Seen, an_etag

_FIRST, _SECOND, _THIRD = 1, 2, 3


def _refused(put: ProbeAnswer) -> Finding:
    return Finding(INCONCLUSIVE, f"the PUT did not succeed ({describe(put)})")


def _changes(seen: Seen) -> Script:
    before = yield Ask()
    documents = [Named(before.body, (before.header("ETag"),))]
    for number in (_FIRST, _SECOND):
        put = yield Publish(seen.document(number))
        if put.status != 200:
            return _refused(put)
        etags: list[str | None] = []
        for fresh in (False, True):
            after = yield Ask(fresh=fresh)
            if after.status != 200 or after.body != seen.document(number):
                return Finding(FAIL, f"{describe(after)}, which are not what was put")
            etags.append(after.header("ETag"))
        documents.append(Named(seen.document(number), tuple(etags), put.header("ETag")))
    return names_of(documents)


def _same_bytes(seen: Seen) -> Script:
    put = yield Publish(seen.document(_FIRST))
    first = yield Ask()
    again = yield Publish(seen.document(_FIRST))
    if put.status != 200 or again.status != 200:
        return _refused(put if put.status != 200 else again)
    second = yield Ask()
    if first.body != second.body:
        return Finding(INCONCLUSIVE, "somebody else replaced the document meanwhile")
    if first.header("ETag") != second.header("ETag"):
        return Finding(DEVIATES, "the same bytes got another ETag: every reader downloads them again")
    return Finding(PASS, "the same ETag")


def _old_validator(seen: Seen) -> Script:
    put = yield Publish(seen.document(_FIRST))
    held = yield Ask()
    again = yield Publish(seen.document(_SECOND))
    if put.status != 200 or again.status != 200:
        return _refused(put if put.status != 200 else again)
    if held.header("ETag") is None:
        return not_applicable("the document comes without an ETag")
    answer = yield Ask((("If-None-Match", held.header("ETag") or ""),))
    return _is_second(seen, answer)


def _is_second(seen: Seen, answer: ProbeAnswer) -> Finding:
    if answer.status == 304:
        return Finding(FAIL, "304 to the validator of a document that has been replaced: a stale read")
    if answer.status == 200 and answer.body == seen.document(_SECOND):
        return Finding(PASS, f"{describe(answer)}: the new document")
    if answer.status == 200:
        return Finding(FAIL, f"{describe(answer)}, which are not the new document's")
    return Finding(INCONCLUSIVE, describe(answer))


def _browser(seen: Seen) -> Script:
    put = yield Publish(seen.document(_SECOND))
    held = yield Ask(BROWSER)
    again = yield Publish(seen.document(_THIRD))
    if put.status != 200 or again.status != 200:
        return _refused(put if put.status != 200 else again)
    validator = held.header("ETag")
    if validator is None:
        return not_applicable("the document comes without an ETag")
    changed = yield Ask((*BROWSER, ("If-None-Match", validator)))
    if changed.status != 200 or not changed.body:
        stale = " to the validator of a document that has been replaced: a stale read"
        return Finding(FAIL, f"{describe(changed)}{stale if changed.status == 304 else ''}")
    if changed.body == held.body:  # it may be compressed, so that it is compared with what this browser had before
        return Finding(FAIL, f"{describe(changed)}: the document that has been replaced, a stale read")
    revalidated = yield Ask((*BROWSER, ("If-None-Match", changed.header("ETag") or "")))
    if revalidated.status != 304:
        return Finding(FAIL, f"the new document, then {describe(revalidated)} instead of 304")
    return Finding(PASS, "the new document, then 304")


CASES: Final = (
    Case("etag-changes", "RFC 9110 §8.8.1", "Other bytes, another ETag: the one that S3 acknowledged",
         _changes, (an_etag,), Phase.WRITE),
    Case("etag-same-bytes", "RFC 9110 §8.8.1", "The same bytes put again keep their ETag",
         _same_bytes, (an_etag,), Phase.WRITE),
    Case("if-none-match-replaced", "RFC 9110 §13.1.2",
         "If-None-Match with the ETag of a document that has been replaced: 200 and the new one",
         _old_validator, (an_etag,), Phase.WRITE),
    Case("browser-replaced", "RFC 9111 §4.3.3", "A browser gets the new document once, then 304",
         _browser, (an_etag,), Phase.WRITE),
)  # fmt: skip
