"""The probe against things that nobody here wrote: nginx, over TLS and HTTP/2 too, and moto's S3.

What deviates is written down here and in docs/etag.md; a peer that changes its mind shows up as a failure.
"""

import pytest
from peers import DOCUMENT, READ, in_docs, nginx_compressing_over_tls, reading, reports, table, verdicts

from benchmarks.nginx import installed
from loadtest.errors import UsageError
from loadtest.probe.cases.requests import CASES as REQUESTS
from loadtest.probe.model import CaseVerdict, ProbeAnswer, Seen
from loadtest.probe.runner import Probe
from loadtest.run.records import Verdict


def unlike_pass(report) -> dict[str, str]:
    """Cases that neither passed nor do not apply."""
    silent = (CaseVerdict.PASS, CaseVerdict.NOT_APPLICABLE)
    return {
        result.case.name: str(result.finding.verdict)
        for result in report.results
        if result.finding.verdict not in silent
    }


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found_and_kept(quick_sandbox):
    """What the probe finds of each peer, and what is in moto's S3 afterwards."""
    if not installed():
        pytest.skip("nginx is not installed")
    return reports(quick_sandbox)


@pytest.fixture(scope="module")
def found(found_and_kept):
    return found_and_kept[0]


def test_nginx_honours_etag_and_two_deviations_are_found(found):
    report = found["nginx"]
    assert report.verdict() is Verdict.PASS
    assert report.verdict(strict=True) is Verdict.FAIL
    assert unlike_pass(report) == {
        # By default nginx takes If-Modified-Since for a name of a version: only the exact date is "not modified".
        "if-modified-since-after": "DEVIATES",
        # … and asks both conditions to hold, where the RFC has the ETag decide.
        "both-etag-current": "DEVIATES",
    }


def test_nginx_over_tls_http2_and_gzip(found):
    report = found["nginx, TLS and gzip"]
    findings = {result.case.name: result.finding for result in report.results}
    assert findings["gzip"].came_back.startswith('compressed; ETag: W/"')
    for name in ("http2", "gzip", "gzip-conditional", "browser"):
        assert findings[name].verdict is CaseVerdict.PASS, findings[name].came_back
    assert report.verdict() is Verdict.PASS
    assert unlike_pass(report) == {
        "if-modified-since-after": "DEVIATES",
        "both-etag-current": "DEVIATES",
        "304-headers": "DEVIATES",  # with gzip_vary the 200 has Vary, and the 304 has not
    }


def test_moto_s3_and_its_deviations(found):
    report = found["moto's S3"]
    assert unlike_pass(report) == {
        "if-none-match-weak": "DEVIATES",
        "if-none-match-list": "DEVIATES",
        "if-none-match-any": "DEVIATES",
        "if-modified-since-garbage": "FAIL",  # answers 500
        "both-etag-other": "FAIL",  # If-Modified-Since decides: 304 for a document that the reader does not hold
        "304-headers": "DEVIATES",  # no Cache-Control on the 304
        "cors-200": "FAIL",  # moto's server allows every origin, and exposes nothing
    }
    findings = {result.case.name: result.finding.verdict for result in report.results}
    for name in ("if-none-match-current", "etag-md5", "etag-changes", "etag-same-bytes", "browser-replaced"):
        assert findings[name] is CaseVerdict.PASS, name


def test_the_table_in_the_docs_is_what_is_found_now(found):
    assert verdicts(in_docs()) == verdicts(table(found)), "run: python tests/probe/peers.py --update"


def test_what_was_in_moto_s3_is_put_back(found_and_kept):
    kept = found_and_kept[1]
    assert (kept["Body"], kept["ContentType"], kept["CacheControl"]) == (DOCUMENT, "application/json", "no-cache")


def test_a_certificate_that_is_not_trusted_is_said():
    if not installed():
        pytest.skip("nginx is not installed")
    with nginx_compressing_over_tls() as served, pytest.raises(UsageError, match="certificate is not trusted"):
        Probe(reading(served.url), READ).run()


def drive(name: str, seen: Seen, *answers: ProbeAnswer):
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
    whole = ProbeAnswer(200, (("etag", '"a"'),), b"document")
    seen = Seen(whole, "other")
    not_modified = ProbeAnswer(304, (("etag", '"a"'),))
    assert drive("http2", seen, whole, not_modified).verdict is CaseVerdict.PASS
    faults = (
        (whole, whole),
        (whole, ProbeAnswer(304, (("etag", '"a"'),), excess=b"data")),
        (ProbeAnswer(200, (("etag", '"b"'),), b"document"), not_modified),
        (ProbeAnswer(200, (), b"document"), not_modified),
        (ProbeAnswer(200, (("etag", '"a"'),), b""), not_modified),
    )
    for answers in faults:
        assert drive("http2", seen, *answers).verdict is CaseVerdict.FAIL, answers
