"""ETags and bodies as few targets send them: what the probe may send back, and what it never unpacks in full."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
from types import SimpleNamespace

import pytest
from scripted_server import PATH, ScriptedServer

from loadtest.probe import first_look
from loadtest.probe.cases import ALL
from loadtest.probe.http1 import MOST_BYTES
from loadtest.probe.model import CaseVerdict
from loadtest.probe.runner import Probe, ProbePlan
from loadtest.run.records import Verdict

READING = ProbePlan(time_limit_s=5)


class OwnNames(ScriptedServer):
    """Names its documents in its own way, and honours these names."""

    form = '"{}"'

    def etag(self, body: bytes | None = None) -> str:
        return self.form.format(hashlib.sha256((self.document if body is None else body) or b"").hexdigest()[:16])


@pytest.mark.parametrize("form", ['"caf\xe9-{}"', "unquoted-{}", '"half-quoted-{}'])
def test_an_etag_that_is_honoured_as_it_was_handed_out_does_not_fail(target_of, form):
    with OwnNames() as server:
        server.form = form
        decisive = [
            case for case in ALL if case.name in ("etag-present", "etag-stable", "if-none-match-current", "304-etag")
        ]
        report = Probe(target_of(server), READING, cases=decisive).run()
    assert report.verdict() is Verdict.PASS


def test_few_bytes_that_unpack_to_many_fail_and_are_not_unpacked_in_full(target_of):
    bomb = gzip.compress(bytes(10 * MOST_BYTES))

    def packed(server, request, reply):
        if request.path == PATH and "gzip" in (request.get("Accept-Encoding") or ""):
            reply.headers["Content-Encoding"], reply.body = "gzip", bomb
        return reply

    with ScriptedServer(fault=packed) as server:
        probe = Probe(target_of(server), READING, cases=[case for case in ALL if case.name == "gzip"])
        tracemalloc.start()
        report = probe.run()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert [result.finding.verdict for result in report.results] == [CaseVerdict.FAIL]
    assert peak < 3 * MOST_BYTES


@pytest.mark.parametrize(
    ("date", "last_modified"),
    [
        ("Thu, 26 Nov 2026 10:00:00 -0000", "Thu, 26 Nov 2026 09:00:00 GMT"),  # one that says it knows no time zone
        ("Thu, 26 Nov 2026 10:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("Thu, 26 Nov 2026 10:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 +1400"),
        ("x", "Thu, 99 Nov 2026 10:00:00 GMT"),
    ],
)
def test_dates_that_are_none_or_at_the_end_of_all_days_end_no_probe(target_of, date, last_modified, monkeypatch):
    waited = []
    monkeypatch.setattr(first_look, "time", SimpleNamespace(sleep=waited.append))

    def odd(server, request, reply):
        reply.headers["Date"], reply.headers["Last-Modified"] = date, last_modified
        return reply

    with ScriptedServer(fault=odd) as server:
        dated = [case for case in ALL if "since" in case.name]
        report = Probe(target_of(server), READING, cases=dated).run()
    assert len(report.results) == len(dated) > 2
    assert all(0 <= seconds <= 2 for seconds in waited)
