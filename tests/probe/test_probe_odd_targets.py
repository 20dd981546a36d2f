"""ETags and bodies as few targets send them: what the probe may send back, and what it never unpacks in full."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc

import pytest
from scripted_server import PATH, ScriptedServer

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
