"""Other ways to ask: HEAD, spellings of header names, HTTP/2, gzip, a query string, and what a browser does."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from loadtest.probe.http1 import MOST_BYTES
from loadtest.probe.judging import (
    DEVIATES,
    FAIL,
    INCONCLUSIVE,
    PASS,
    describe,
    not_applicable,
    not_modified,
    whole,
    worst,
)
from loadtest.probe.model import Ask, Case, CaseVerdict, Finding, Headers, ProbeAnswer, Script, Seen, an_etag, http2

_MIRRORED: Final = ("ETag", "Last-Modified", "Cache-Control", "Content-Type", "Content-Encoding", "Vary")
BROWSER: Final = (
    ("User-Agent", "Mozilla/5.0 (read-model-probe)"),
    ("Accept", "application/json, */*;q=0.8"),
    ("Accept-Language", "en"),
    ("Accept-Encoding", "gzip, deflate, br"),
)


def _head(seen: Seen) -> Script:
    plain = yield Ask()
    answer = yield Ask(method="HEAD", linger=True)
    if answer.status >= 400:
        return Finding(DEVIATES, f"HEAD is not served: {answer.status} (a server MUST support it, §9.1)")
    if answer.status != plain.status:
        return Finding(FAIL, f"{answer.status} where GET gives {plain.status}")
    if answer.body or answer.excess:
        return Finding(FAIL, f"{len(answer.body) + len(answer.excess):,} bytes of a body")
    length = answer.header("Content-Length")
    wrong = [
        f"{name}: {answer.header(name)} where GET gives {plain.header(name)}"
        for name in _MIRRORED
        if answer.header(name) is not None and answer.header(name) != plain.header(name)
    ]
    if length is not None and length != str(len(plain.body)):
        wrong.append(f"Content-Length: {length} where GET gives {len(plain.body):,} bytes")
    if wrong:
        return Finding(FAIL, "; ".join(wrong))
    lacking = [name for name in _MIRRORED if plain.header(name) is not None and answer.header(name) is None]
    if lacking:
        return Finding(DEVIATES, f"HEAD lacks {', '.join(lacking)} (SHOULD be the same)")
    return Finding(PASS, "the same header fields, no body")


def _head_condition(seen: Seen) -> Script:
    answer = yield Ask((("If-None-Match", seen.validator()),), method="HEAD", linger=True)
    if answer.status == 304 and not answer.excess:
        return Finding(PASS, "304")
    if answer.status == 200 and not answer.excess:
        return Finding(DEVIATES, "200: nothing is transferred either way")
    if answer.status >= 400:
        return not_applicable(f"HEAD is not served: {answer.status}")
    return Finding(FAIL, describe(answer))


def _spelled(name: str, otherwise: CaseVerdict) -> Callable[[Seen], Script]:
    def script(seen: Seen) -> Script:
        answer = yield Ask(((name, seen.validator()),))
        return not_modified(seen, answer, otherwise)

    return script


def _over_http2(seen: Seen) -> Script:
    plain = yield Ask(http2=True)
    validator = plain.header("ETag")
    if validator is None:
        return Finding(FAIL if plain.status == 200 else INCONCLUSIVE, f"{describe(plain)}, without ETag")
    answer = yield Ask((("if-none-match", validator),), http2=True)
    findings = [whole(seen, plain), not_modified(seen, answer)]
    if validator != seen.plain.header("ETag"):
        findings.append(Finding(FAIL, f"ETag: {validator} over HTTP/2, {seen.plain.header('ETag')} over HTTP/1.1"))
    if answer.status == 304 and answer.excess:
        findings.append(Finding(FAIL, f"304 with {len(answer.excess):,} bytes of data"))
    finding = worst(findings)
    return finding if finding.verdict is not PASS else Finding(PASS, "200, then 304")


def _gzip(seen: Seen) -> Script:
    plain = yield Ask()
    answer = yield Ask((("Accept-Encoding", "gzip"),))
    if answer.status != 200:
        return Finding(INCONCLUSIVE, describe(answer))
    coding = answer.header("Content-Encoding")
    if coding is None or coding.lower() == "identity":
        finding = whole(seen, answer)
        if finding.verdict is PASS and answer.header("ETag") != plain.header("ETag"):
            return Finding(FAIL, f"not compressed, but ETag: {answer.header('ETag')}, not {plain.header('ETag')}")
        return finding if finding.verdict is not PASS else Finding(PASS, "not compressed; the ETag is the same")
    return _compressed(plain, answer, coding)


def _compressed(plain: ProbeAnswer, answer: ProbeAnswer, coding: str) -> Finding:
    unpacked = _unpacked(answer) if coding.lower() == "gzip" else None
    if unpacked is None:
        return Finding(FAIL, f"Content-Encoding: {coding}, which cannot be unpacked as gzip")
    if unpacked != plain.body:
        return Finding(FAIL, "compressed, and not the document when unpacked")
    if answer.etag and not answer.etag.weak and answer.header("ETag") == plain.header("ETag"):
        return Finding(FAIL, f"compressed under the same strong ETag: {answer.etag}")
    if "accept-encoding" not in (answer.header("Vary") or "").lower():
        return Finding(DEVIATES, "compressed without Vary: Accept-Encoding (SHOULD, §12.5.5)")
    return Finding(PASS, f"compressed; ETag: {answer.header('ETag')}")


def _unpacked(answer: ProbeAnswer) -> bytes | None:
    try:
        packed = zlib.decompressobj(wbits=31)
        body = packed.decompress(answer.body, MOST_BYTES)
        return body if packed.eof and not packed.unused_data else None
    except zlib.error:
        return None


def _gzip_condition(seen: Seen) -> Script:
    first = yield Ask((("Accept-Encoding", "gzip"),))
    validator = first.header("ETag")
    if first.status != 200 or validator is None:
        return not_applicable(f"{describe(first)} without ETag for Accept-Encoding: gzip")
    answer = yield Ask((("Accept-Encoding", "gzip"), ("If-None-Match", validator)))
    if answer.status == 200 and answer.body == first.body:
        return Finding(FAIL, f"200 and all {len(answer.body):,} bytes again")
    return not_modified(seen, answer)


def _browser(seen: Seen) -> Script:
    first = yield Ask(BROWSER, fresh=True)
    if first.status != 200:
        return Finding(INCONCLUSIVE, describe(first))
    conditions: Headers = tuple(
        (condition, value)
        for condition, value in (
            ("If-None-Match", first.header("ETag")),
            ("If-Modified-Since", first.header("Last-Modified")),
        )
        if value is not None
    )
    if not conditions:
        return not_applicable("the document comes without a validator, so a browser has none to send")
    validated = yield Ask((*BROWSER, *conditions))
    reloaded = yield Ask((*BROWSER, ("Cache-Control", "max-age=0"), *conditions))
    for what, answer in (("revalidation", validated), ("reload", reloaded)):
        if answer.status == 200 and answer.body == first.body:
            return Finding(FAIL, f"{what}: 200 and all {len(answer.body):,} bytes again")
        finding = not_modified(seen, answer)
        if finding.verdict is not PASS:
            return Finding(finding.verdict, f"{what}: {finding.came_back}")
    return Finding(PASS, f"{len(first.body):,} bytes once, then 304 and 304")


def _query(seen: Seen) -> Script:
    answer = yield Ask(query="probe=1")
    if answer.status != 200 or answer.body != seen.plain.body:
        return not_applicable(f"an address with a query is another resource here ({describe(answer)})")
    validator = answer.header("ETag")
    if validator is None:
        return not_applicable("the document comes without an ETag, so there is none to send back")
    if validator != seen.plain.header("ETag"):
        return Finding(DEVIATES, f"the same bytes, but ETag: {validator}")
    conditional = yield Ask((("If-None-Match", validator),), query="probe=1")
    return not_modified(seen, conditional)


CASES: Final = (
    Case("head", "RFC 9110 §9.3.2", "HEAD gives what GET gives, without a body", _head),
    Case("head-conditional", "RFC 9110 §13.1.2", "HEAD with the current ETag: 304 (MUST)", _head_condition, (an_etag,)),
    Case("name-lower-case", "RFC 9110 §5.1", "if-none-match, as HTTP/2 clients spell it: 304",
         _spelled("if-none-match", FAIL), (an_etag,)),
    Case("name-canonical", "RFC 9110 §5.1", "If-None-Match, as most clients spell it: 304",
         _spelled("If-None-Match", FAIL), (an_etag,)),
    Case("name-upper-case", "RFC 9110 §5.1", "IF-NONE-MATCH, which means the same: 304",
         _spelled("IF-NONE-MATCH", DEVIATES), (an_etag,)),
    Case("http2", "RFC 9113 §8.2, RFC 9110 §13.1.2", "Over HTTP/2: the same ETag, and 304", _over_http2,
         (http2, an_etag)),
    Case("gzip", "RFC 9110 §8.8.3.3", "Accept-Encoding: gzip: a compressed body has an ETag of its own", _gzip),
    Case("gzip-conditional", "RFC 9110 §13.1.2", "Accept-Encoding: gzip, and the ETag that came with it: 304",
         _gzip_condition, (an_etag,)),
    Case("browser", "RFC 9111 §4.3", "A browser loads, revalidates and reloads: one transfer", _browser),
    Case("query-string", "RFC 9110 §13.1.2", "The address with ?probe=1: the same ETag, and 304", _query),
)  # fmt: skip
