"""What a 304 may and must hold, and what it leaves of the connection. RFC 9110, section 15.4.5."""

from __future__ import annotations

from typing import Final

from loadtest.probe.judging import DEVIATES, FAIL, INCONCLUSIVE, PASS, describe, no_not_modified, not_applicable, whole
from loadtest.probe.model import Ask, Case, Finding, ProbeAnswer, Script, Seen, an_etag

_MUST_REPEAT: Final = ("Cache-Control", "Content-Location", "Expires", "Vary")
"""Besides ETag and Date; RFC 9110, section 15.4.5."""
_DESCRIBES_THE_BYTES: Final = ("Content-Type", "Content-Encoding", "Content-Language", "Content-Range", "Last-Modified")


def _condition(seen: Seen, linger: bool = False) -> Ask:
    return Ask((("If-None-Match", seen.validator()),), linger=linger)


def _no_body(seen: Seen) -> Script:
    answer = yield _condition(seen, linger=True)
    if answer.status != 304:
        return no_not_modified(answer)
    surplus = len(answer.body) + len(answer.excess)
    if surplus:
        return Finding(FAIL, f"{surplus:,} bytes after the header section")
    return Finding(PASS, "nothing after the header section")


def _length(seen: Seen) -> Script:
    answer = yield _condition(seen)
    if answer.status != 304:
        return no_not_modified(answer)
    length, true_length = answer.header("Content-Length"), len(seen.plain.body)
    if answer.header("Transfer-Encoding") is not None:
        return Finding(FAIL, f"Transfer-Encoding: {answer.header('Transfer-Encoding')} announces a body")
    if length is None:
        return Finding(PASS, "no Content-Length")
    if length == str(true_length):
        return Finding(PASS, f"Content-Length: {length}, the document's")
    if length == "0":
        return Finding(DEVIATES, f"Content-Length: 0, but the document has {true_length:,} bytes")
    return Finding(FAIL, f"Content-Length: {length}, but the document has {true_length:,} bytes")


def _etag(seen: Seen) -> Script:
    answer = yield _condition(seen)
    if answer.status != 304:
        return no_not_modified(answer)
    etag = answer.header("ETag")
    if etag is None:
        return Finding(FAIL, "304 without ETag: a cache cannot tell which of its copies it is about")
    tag = answer.etag
    if etag != seen.plain.header("ETag") and tag is not None and tag.matches(seen.etag):
        return Finding(DEVIATES, f"ETag: {etag}, weak or strong other than the document's {seen.plain.header('ETag')}")
    if etag != seen.plain.header("ETag"):
        return Finding(FAIL, f"ETag: {etag}, but the document has {seen.plain.header('ETag')}")
    return Finding(PASS, f"ETag: {etag}")


def _repeats(seen: Seen) -> Script:
    plain = yield Ask()
    answer = yield _condition(seen)
    if answer.status != 304:
        return no_not_modified(answer)
    due = {name: plain.header(name) for name in _MUST_REPEAT if plain.header(name) is not None}
    missing = [name for name in ("Date", *due) if plain.header(name) is not None and answer.header(name) is None]
    if missing:
        return Finding(DEVIATES, f"304 without {', '.join(missing)}, which the 200 carries: caches keep what they have")
    other = _differences(plain, answer, list(due))
    if other:
        return Finding(FAIL, "; ".join(other))
    return Finding(PASS, ", ".join(due) or "Date; the 200 carries none of the others")


def _differences(plain: ProbeAnswer, answer: ProbeAnswer, names: list[str]) -> list[str]:
    return [
        f"{name}: {answer.header(name)} instead of {plain.header(name)}"
        for name in names
        if answer.header(name) != plain.header(name)
    ]


def _describes(seen: Seen) -> Script:
    plain = yield Ask()
    answer = yield _condition(seen)
    if answer.status != 304:
        return no_not_modified(answer)
    repeated = [name for name in _DESCRIBES_THE_BYTES if answer.header(name) is not None]
    wrong = _differences(plain, answer, repeated)
    if wrong:
        return Finding(FAIL, "; ".join(wrong))
    return Finding(PASS, f"as the 200: {', '.join(repeated)}" if repeated else "it says nothing of the bytes")


def _connection(seen: Seen) -> Script:
    yield Ask(fresh=True)
    before = yield Ask()
    if not before.reused:
        return not_applicable("the target closes the connection after a 200, too")
    answer = yield _condition(seen)
    if answer.status != 304:
        return no_not_modified(answer)
    after = yield Ask()
    if answer.excess or answer.body:
        return Finding(FAIL, f"{len(answer.body) + len(answer.excess):,} bytes after the 304 spoil the next answer")
    if not after.reused:
        how = "announced" if answer.closes else "unannounced"
        return Finding(DEVIATES, f"the connection is closed after the 304 ({how})")
    finding = whole(seen, after)
    return (
        finding if finding.verdict is not PASS else Finding(PASS, f"304, then {describe(after)} on the same connection")
    )


def _unasked(seen: Seen) -> Script:
    for headers in ((), (("Cache-Control", "max-age=0"),)):
        answer = yield Ask(headers)
        if answer.status == 304:
            return Finding(FAIL, "304 to a request without a condition: the reader is left with nothing")
        if answer.status != 200:
            return Finding(INCONCLUSIVE, describe(answer))
    return Finding(PASS, "200")


_304: Final = "RFC 9110 §15.4.5"

CASES: Final = (
    Case("304-unasked", _304, "Without a condition there is no 304", _unasked),
    Case("304-no-body", _304, "A 304 ends with its header section", _no_body, (an_etag,)),
    Case("304-length", "RFC 9110 §8.6", "Content-Length of a 304: none, or the document's (MUST)", _length, (an_etag,)),
    Case("304-etag", _304, "A 304 carries the ETag (MUST)", _etag, (an_etag,)),
    Case("304-headers", _304,
         "A 304 carries Date, Cache-Control, Content-Location, Expires and Vary as the 200 does (MUST)",
         _repeats, (an_etag,)),
    Case("304-metadata", "RFC 9111 §3.2, §4.3.4",
         "What a 304 says of the bytes is what the 200 says: caches overwrite it", _describes, (an_etag,)),
    Case("304-keep-alive", "RFC 9112 §6.3, §9.3", "The connection stays usable after a 304", _connection, (an_etag,)),
)  # fmt: skip
