"""Every case of the probe: silent on a server that does everything right, and set off by the fault that it is about."""

from __future__ import annotations

import base64
import gzip
from dataclasses import replace

import pytest
from reply_faults import (
    always_closes,
    bare_304,
    closes_after_304,
    conditions_before_errors,
    document,
    etag_of_each_put,
    flapping_body,
    flapping_etag,
    frozen_etag,
    garbled,
    half_mapping,
    has,
    head_says,
    head_with_body,
    no_head,
    not_found_as_200,
    old_is_current,
    on,
    says_close_with_304,
    spelled,
    weak_etag,
    when,
    without,
)
from scripted_server import DOCUMENT, PATH, Reply, ScriptedServer

from loadtest.probe.cases import ALL
from loadtest.probe.model import CaseVerdict
from loadtest.probe.runner import Probe, ProbePlan
from loadtest.run.documents.made_up import render

BY_NAME = {case.name: case for case in ALL}
FAIL, DEVIATES = CaseVerdict.FAIL, CaseVerdict.DEVIATES
INCONCLUSIVE, NOT_APPLICABLE = CaseVerdict.INCONCLUSIVE, CaseVerdict.NOT_APPLICABLE
RUN = "0123456789ab"


def compressed(**headers: str):
    return on(200, body=gzip.compress(DOCUMENT), headers={"Content-Encoding": "gzip", **headers})


CURRENT = has("If-None-Match")
FAULTS = (
    ("etag-present", without("ETag"), FAIL),
    ("etag-present", on(200, headers={"ETag": "unquoted"}), DEVIATES),
    ("etag-present", on(200, headers={"ETag": ""}), FAIL),
    ("etag-strong", weak_etag, DEVIATES),
    ("etag-md5", on(200, headers={"ETag": '"00000000000000000000000000000000"'}), NOT_APPLICABLE),
    ("etag-md5", on(200, body=render(RUN, 1, 512)), NOT_APPLICABLE),
    ("etag-md5", on(200, body=render(RUN, 1, 512)[:-9]), FAIL),
    ("etag-md5", on(200, body=render(RUN, 1, 512).replace(b":", b": ", 2)), FAIL),
    ("etag-md5", on(200, body=base64.b64encode(render(RUN, 1, 512))), FAIL),
    ("etag-md5", on(200, headers={"ETag": '"00000000000000000000000000000000-2"'}), NOT_APPLICABLE),
    ("etag-md5", on(200, headers={"ETag": '"v7"'}), NOT_APPLICABLE),
    ("etag-stable", flapping_etag, FAIL),
    ("etag-stable", flapping_body, FAIL),
    ("last-modified", without("Last-Modified"), DEVIATES),
    ("if-none-match-current", when(CURRENT, document), FAIL),
    ("if-none-match-current", half_mapping, FAIL),
    ("if-none-match-current", when(CURRENT, lambda *_: Reply(412)), FAIL),
    ("if-none-match-current", when(CURRENT, lambda *_: Reply(429)), INCONCLUSIVE),
    ("if-none-match-current", when(CURRENT, lambda *_: None), INCONCLUSIVE),
    ("if-none-match-current", garbled, FAIL),
    ("if-none-match-current", without("ETag"), NOT_APPLICABLE),
    ("if-none-match-other", when(CURRENT, bare_304), FAIL),
    ("if-none-match-other", when(CURRENT, on(200, body=b"")), FAIL),
    ("if-none-match-other", when(CURRENT, on(200, cut=5)), FAIL),
    ("if-none-match-other", when(CURRENT, on(200, body=b"other bytes")), FAIL),
    ("if-none-match-other", when(CURRENT, on(200, body=b"other", headers={"ETag": '"other"'})), INCONCLUSIVE),
    ("if-none-match-weak", when(CURRENT, document), DEVIATES),
    ("if-none-match-list", when(CURRENT, document), DEVIATES),
    ("if-none-match-list", when(CURRENT, lambda *_: Reply(400)), FAIL),
    ("if-none-match-list-without", when(CURRENT, bare_304), FAIL),
    ("if-none-match-any", when(CURRENT, document), DEVIATES),
    ("if-none-match-unquoted", when(CURRENT, lambda *_: Reply(500)), FAIL),
    ("if-none-match-garbage", when(CURRENT, lambda *_: Reply(500)), FAIL),
    ("if-none-match-garbage", when(CURRENT, bare_304), FAIL),
    ("if-modified-since-before", when(has("If-Modified-Since"), bare_304), FAIL),
    ("if-modified-since-at", when(has("If-Modified-Since"), document), DEVIATES),
    ("if-modified-since-after", when(has("If-Modified-Since"), document), DEVIATES),
    ("if-modified-since-garbage", when(has("If-Modified-Since"), bare_304), FAIL),
    ("if-modified-since-garbage", when(has("If-Modified-Since"), lambda *_: Reply(500)), FAIL),
    ("both-etag-other", when(has("If-Modified-Since"), bare_304), FAIL),
    ("both-etag-current", when(has("If-Modified-Since"), document), DEVIATES),
    ("304-unasked", bare_304, FAIL),
    ("304-no-body", on(304, after=b"a body"), FAIL),
    ("304-no-body", when(CURRENT, document), NOT_APPLICABLE),
    ("304-length", on(304, headers={"Content-Length": "7"}), FAIL),
    ("304-length", on(304, headers={"Transfer-Encoding": "chunked"}), FAIL),
    ("304-length", on(304, headers={"Content-Length": "0"}), DEVIATES),
    ("304-etag", on(304, headers={"ETag": None}), FAIL),
    ("304-etag", on(304, headers={"ETag": '"another"'}), FAIL),
    ("304-headers", on(304, headers={"Cache-Control": None}), DEVIATES),
    ("304-headers", on(304, headers={"Cache-Control": "max-age=9"}), FAIL),
    ("304-headers", on(304, headers={"Date": None}), DEVIATES),
    ("304-metadata", on(304, headers={"Content-Type": "text/plain"}), FAIL),
    ("304-keep-alive", on(304, after=b"a body"), FAIL),
    ("304-keep-alive", closes_after_304, DEVIATES),
    ("304-keep-alive", says_close_with_304, DEVIATES),
    ("304-keep-alive", always_closes, NOT_APPLICABLE),
    ("head", head_with_body, FAIL),
    ("head", head_says("ETag", '"another"'), FAIL),
    ("head", head_says("Content-Length", "3"), FAIL),
    ("head", head_says("Cache-Control", None), DEVIATES),
    ("head", no_head, DEVIATES),
    ("head-conditional", when(lambda request: request.method == "HEAD", lambda *_: Reply(500)), NOT_APPLICABLE),
    ("head-conditional", on(304, after=b"a body"), FAIL),
    ("head-conditional", when(lambda request: request.method == "HEAD", document), DEVIATES),
    ("name-lower-case", when(spelled("if-none-match"), document), FAIL),
    ("name-canonical", when(spelled("If-None-Match"), document), FAIL),
    ("name-upper-case", when(spelled("IF-NONE-MATCH"), document), DEVIATES),
    ("gzip", when(has("Accept-Encoding", "gzip"), flapping_etag), FAIL),
    ("gzip", when(has("Accept-Encoding", "gzip"), compressed(Vary="Accept-Encoding")), FAIL),
    ("gzip", when(has("Accept-Encoding", "gzip"), compressed(ETag='W/"weak"')), DEVIATES),
    ("gzip", when(has("Accept-Encoding", "gzip"), on(200, headers={"Content-Encoding": "gzip"})), FAIL),
    ("gzip-conditional", when(CURRENT, document), FAIL),
    ("browser", when(CURRENT, document), FAIL),
    ("browser", half_mapping, FAIL),
    ("browser", when(has("Cache-Control"), lambda *_: Reply(403)), FAIL),
    ("query-string", when(lambda request: bool(request.query) and CURRENT(request), document), FAIL),
    ("query-string", when(lambda request: bool(request.query), lambda *_: Reply(400)), NOT_APPLICABLE),
    ("unknown-path", when(lambda request: request.path != PATH, document), NOT_APPLICABLE),
    ("unknown-path", conditions_before_errors, FAIL),
)


READING = ProbePlan(time_limit_s=5)
WRITING = ProbePlan(write=True, time_limit_s=5)


def verdict_of(name, server, target_of, plan=READING):
    report = Probe(target_of(server), plan, cases=[BY_NAME[name]]).run()
    (result,) = report.results
    return result.finding


def _after_the_first_answer(fault):
    """The first answer, from which the probe learns what there is, is spared, so that every case gets its turn."""

    def later(server, request, reply):
        return fault(server, request, reply) if len(server.requests) > 1 else reply

    return later


WRITING_FAULTS = (
    ("etag-changes", frozen_etag, FAIL),
    ("etag-same-bytes", etag_of_each_put, DEVIATES),
    ("if-none-match-replaced", old_is_current, FAIL),
    ("browser-replaced", old_is_current, FAIL),
    ("browser-replaced", when(lambda request: request.get("If-None-Match"), document), FAIL),
)
ABSENT_FAULTS = (
    ("missing-object", not_found_as_200, FAIL),
    ("missing-object", lambda s, q, r: Reply(403) if s.document is None and q.path == PATH else r, FAIL),
    ("missing-object-conditional", conditions_before_errors, FAIL),
)
CORS_FAULTS = (
    ("cors-200", on(200, headers={"Access-Control-Expose-Headers": "Date"}), FAIL),
    (
        "cors-200",
        when(has("Origin", "https://another-origin.invalid"), without("Access-Control-Allow-Origin")),
        DEVIATES,
    ),
    ("cors-304", on(304, headers={"Access-Control-Allow-Origin": None}), FAIL),
    ("cors-403", when(lambda q: q.path != PATH, lambda *_: Reply(403, {}, b"{}")), FAIL),
    ("cors-preflight", when(lambda q: q.method == "OPTIONS", lambda *_: Reply(403, {}, b"{}")), FAIL),
    (
        "cors-preflight",
        lambda s, q, r: replace(r, headers=r.headers | {"Access-Control-Allow-Headers": "X-Other"}),
        FAIL,
    ),
)
TRIED = (
    *((case, READING, "", case[2] is not NOT_APPLICABLE) for case in FAULTS),
    *((case, WRITING, "", True) for case in WRITING_FAULTS),
    *((case, replace(WRITING, remove=True), "", False) for case in ABSENT_FAULTS),
    *((case, READING, "https://example.com", False) for case in CORS_FAULTS),
)


@pytest.mark.parametrize(
    ("case", "plan", "origin", "spares_the_first"), TRIED, ids=[f"{case[0]}-{i}" for i, (case, *_) in enumerate(TRIED)]
)
def test_a_case_is_set_off_by_its_fault(case, plan, origin, spares_the_first, server, target_of):
    name, fault, expected = case
    server.fault = _after_the_first_answer(fault) if spares_the_first else fault
    server.cors_origin = origin
    finding = verdict_of(name, server, target_of, plan)
    assert server.document == DOCUMENT
    assert finding.verdict is expected, finding.came_back


def test_where_s3_is_another_digest_than_the_bytes_may_be_encryption_or_harm(server, target_of):
    server.fault = on(200, headers={"ETag": f'"{"0" * 32}"'})
    report = Probe(replace(target_of(server), is_sandbox=True), READING, cases=[BY_NAME["etag-md5"]]).run()
    assert [each.finding.verdict for each in report.results] == [INCONCLUSIVE]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("missing-object", not_found_as_200),
        ("cors-404", lambda s, q, r: Reply(404, {}, b"{}") if q.path == PATH else r),
    ],
)
def test_a_missing_object_is_judged_without_writing_when_there_is_none(name, fault, target_of):
    with ScriptedServer(None) as server:
        server.cors_origin = "https://example.com" if name == "cors-404" else ""
        assert verdict_of(name, server, target_of).verdict is CaseVerdict.PASS
        server.fault = fault
        assert verdict_of(name, server, target_of).verdict is FAIL


def test_the_wrong_origin_is_said_instead_of_judged(server, target_of):
    server.cors_origin = "https://shop.example"
    assert verdict_of("cors-200", server, target_of).verdict is CaseVerdict.PASS  # the target names it
    plan = ProbePlan(origin="https://other.example", time_limit_s=5)
    for name in ("cors-200", "cors-304", "cors-403", "cors-preflight"):
        finding = verdict_of(name, server, target_of, plan)
        assert finding.verdict is NOT_APPLICABLE
        assert "--origin https://shop.example" in finding.came_back
    server.document = None
    assert verdict_of("cors-404", server, target_of, plan).verdict is NOT_APPLICABLE
    assert verdict_of("cors-404", server, target_of).verdict is CaseVerdict.PASS


def test_a_right_server_passes_every_case(server, target_of):
    server.cors_origin = "https://example.com"
    report = Probe(target_of(server), replace(WRITING, remove=True)).run()
    assert server.document == DOCUMENT
    found = {result.case.name: result.finding for result in report.results}
    assert set(found) == set(BY_NAME)
    unlike_pass = {name: finding for name, finding in found.items() if finding.verdict is not CaseVerdict.PASS}
    assert set(unlike_pass) == {"http2"}
    assert unlike_pass["http2"].verdict is NOT_APPLICABLE


def test_a_server_that_compresses_rightly_passes(server, target_of):
    server.compresses = gzip.compress(DOCUMENT)
    for name in ("gzip", "gzip-conditional", "browser"):
        finding = verdict_of(name, server, target_of)
        assert finding.verdict is CaseVerdict.PASS, finding.came_back


def test_every_case_has_a_fault_that_sets_it_off():
    set_off = {
        name
        for name, _, verdict in (*FAULTS, *WRITING_FAULTS, *ABSENT_FAULTS, *CORS_FAULTS)
        if verdict in (FAIL, DEVIATES)
    }
    elsewhere = {"http2", "cors-404"}  # test_probe_peers.py, and above
    assert set(BY_NAME) - set_off == elsewhere
