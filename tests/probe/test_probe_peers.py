"""The probe against things that nobody here wrote: nginx, over TLS and HTTP/2 too, and moto's S3.

What deviates is written down here and in docs/etag.md; a peer that changes its mind shows up as a failure.
"""

from __future__ import annotations

import pytest
from nginx_tls import nginx_with_tls
from peers import DOCUMENT, in_docs, moto_s3, reading, reports, table, verdicts

from benchmarks.nginx import installed, nginx_serving
from loadtest.options import UsageError
from loadtest.probe.cases.requests import CASES as REQUESTS
from loadtest.probe.model import Answer, CaseVerdict, Seen
from loadtest.probe.runner import Plan, Probe
from loadtest.records import Verdict

PLAN = Plan(time_limit_s=10)
needs_nginx = pytest.mark.skipif(not installed(), reason="nginx is not installed")


def unlike_pass(report) -> dict[str, str]:
    """Cases that neither passed nor do not apply."""
    silent = (CaseVerdict.PASS, CaseVerdict.NOT_APPLICABLE)
    return {
        result.case.name: str(result.finding.verdict)
        for result in report.results
        if result.finding.verdict not in silent
    }


@needs_nginx
def test_nginx_honours_etag_and_two_deviations_are_found():
    with nginx_serving(DOCUMENT) as url:
        report = Probe(reading(url), PLAN).run()
    assert report.verdict() is Verdict.PASS
    assert report.verdict(strict=True) is Verdict.FAIL
    assert unlike_pass(report) == {
        # By default nginx takes If-Modified-Since for a name of a version: only the exact date is "not modified".
        "if-modified-since-after": "DEVIATES",
        # … and asks both conditions to hold, where the RFC has the ETag decide.
        "both-etag-current": "DEVIATES",
    }


@needs_nginx
def test_nginx_over_tls_http2_and_gzip(tmp_path, monkeypatch):
    with nginx_with_tls(tmp_path, DOCUMENT) as (url, certificate):
        with pytest.raises(UsageError, match="certificate is not trusted"):
            Probe(reading(url), PLAN).run()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        report = Probe(reading(url), PLAN).run()
    found = {result.case.name: result.finding for result in report.results}
    assert found["http2"].verdict is CaseVerdict.PASS, found["http2"].came_back
    assert found["gzip"].verdict is CaseVerdict.PASS
    assert found["gzip"].came_back.startswith('compressed; ETag: W/"')
    assert found["gzip-conditional"].verdict is CaseVerdict.PASS
    assert found["browser"].verdict is CaseVerdict.PASS
    assert report.verdict() is Verdict.PASS
    assert unlike_pass(report) == {
        "if-modified-since-after": "DEVIATES",
        "both-etag-current": "DEVIATES",
        "304-headers": "DEVIATES",  # with gzip_vary the 200 has Vary, and the 304 has not
    }


@pytest.fixture(scope="module")
def moto():
    with moto_s3() as served:
        yield served


MOTO_DEVIATIONS = {
    "if-none-match-weak": "DEVIATES",
    "if-none-match-list": "DEVIATES",
    "if-none-match-any": "DEVIATES",
    "if-modified-since-garbage": "FAIL",  # answers 500
    "both-etag-other": "FAIL",  # If-Modified-Since decides: 304 for a document that the reader does not hold
    "304-headers": "DEVIATES",  # no Cache-Control on the 304
    "cors-200": "FAIL",  # moto's server allows every origin, and exposes nothing
}


def test_moto_s3_and_its_deviations(moto):
    report = Probe(reading(moto.url), PLAN).run()
    assert unlike_pass(report) == MOTO_DEVIATIONS
    found = {result.case.name: result.finding.verdict for result in report.results}
    assert found["if-none-match-current"] is found["etag-md5"] is CaseVerdict.PASS
    assert report.verdict() is Verdict.FAIL


def test_moto_s3_replaced_and_put_back(moto, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    report = Probe(moto.target, Plan(write=True, time_limit_s=10)).run()
    found = {result.case.name: result.finding.verdict for result in report.results}
    for name in ("etag-changes", "etag-same-bytes", "if-none-match-replaced", "browser-replaced"):
        assert found[name] is CaseVerdict.PASS, name
    kept = moto.client.get_object(Bucket="peer", Key="payload.json")
    assert kept["Body"].read() == DOCUMENT
    assert (kept["ContentType"], kept["CacheControl"]) == ("application/json", "no-cache")


@needs_nginx
def test_the_table_in_the_docs_is_what_is_found_now(monkeypatch):
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SSL_CERT_FILE"):
        monkeypatch.setenv(variable, "to be restored")
    assert verdicts(in_docs()) == verdicts(table(reports())), "run: python tests/probe/peers.py --update"


def drive(name: str, seen: Seen, *answers: Answer):
    """A case by hand: the finding for these answers, one a step."""
    script = next(case for case in REQUESTS if case.name == name).script(seen)
    next(script)
    for answer in answers:
        try:
            script.send(answer)
        except StopIteration as end:
            return end.value
    raise AssertionError("the script wants more answers")


def test_http2_is_set_off_by_its_faults():
    whole = Answer(200, (("etag", '"a"'),), b"document")
    seen = Seen(whole, "other")
    not_modified = Answer(304, (("etag", '"a"'),))
    assert drive("http2", seen, whole, not_modified).verdict is CaseVerdict.PASS
    faults = (
        (whole, whole),
        (whole, Answer(304, (("etag", '"a"'),), excess=b"data")),
        (Answer(200, (("etag", '"b"'),), b"document"), not_modified),
        (Answer(200, (), b"document"), not_modified),
        (Answer(200, (("etag", '"a"'),), b""), not_modified),
    )
    for answers in faults:
        assert drive("http2", seen, *answers).verdict is CaseVerdict.FAIL, answers
