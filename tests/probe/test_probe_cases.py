"""Every case of the probe: silent on a server that does everything right, and set off by the fault that it is about."""

import gzip
from dataclasses import replace

import pytest
from reply_faults import (
    ABSENT_FAULTS,
    CORS_FAULTS,
    DEVIATES,
    FAIL,
    FAULTS,
    INCONCLUSIVE,
    NOT_APPLICABLE,
    WRITING_FAULTS,
    not_found_as_200,
    on,
)
from scripted_server import DOCUMENT, PATH, Reply, ScriptedServer

from loadtest.probe.cases import ALL
from loadtest.probe.model import CaseVerdict
from loadtest.probe.runner import Probe, ProbePlan

BY_NAME = {case.name: case for case in ALL}


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
