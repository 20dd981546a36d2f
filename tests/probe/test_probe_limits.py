"""The probe against hostile targets and odd ones: bounded, one sentence, no secret, and no habit of S3 for a rule."""

import gzip
import hashlib
import tracemalloc
from types import SimpleNamespace

import pytest
from scripted_server import PATH, ScriptedServer

from loadtest.__main__ import main
from loadtest.errors import UsageError
from loadtest.probe import first_look, render
from loadtest.probe.cases import ALL
from loadtest.probe.http1 import MOST_BYTES, TransportError
from loadtest.probe.model import CaseVerdict
from loadtest.probe.runner import Probe, ProbePlan
from loadtest.run.records import Verdict
from loadtest.target.finding import Target
from tests.targets.hostile_target import HostileTarget, running_hostile_target

SECRET = "do-not-show-this"
READING = ProbePlan(time_limit_s=5)


def probe_of(target: HostileTarget) -> Probe:
    return Probe(Target(f"{target.url}?key={SECRET}", "", "payload.json", "", None, None), READING)


def test_an_address_that_does_not_answer_is_shown_without_its_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", f"http://127.0.0.1:9/v1/samples?key={SECRET}"]) == 2
    assert SECRET not in "".join(capsys.readouterr())


@pytest.mark.parametrize("mode", ["endless", "endless_chunked", "endlesshdr", "endlessline", "endless1xx", "redirect"])
def test_a_first_answer_that_is_hostile_is_one_sentence(mode: str) -> None:
    with running_hostile_target(mode, good_reads=0) as target:
        target.redirect_to = f"/elsewhere?key={SECRET}"
        with pytest.raises(UsageError) as caught:
            probe_of(target).run()
    assert SECRET not in str(caught.value)


def test_hostile_answers_later_are_findings_without_the_secret() -> None:
    with running_hostile_target("endless", good_reads=3) as target:
        report = probe_of(target).run()
    assert report.verdict() is Verdict.FAIL
    assert SECRET not in render.to_json(report) + render.to_markdown(report)


def test_a_target_that_falls_silent_is_named_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise TransportError("lost")

    with running_hostile_target("endless", good_reads=100) as target:
        probe = probe_of(target)
        monkeypatch.setattr(probe, "_read_only", lost)
        with pytest.raises(UsageError, match="no longer answers") as caught:
            probe.run()
    assert SECRET not in str(caught.value)


def test_a_proxy_that_is_not_used_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:{SECRET}@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert main(["probe", "http://127.0.0.1:9/v1/samples"]) == 2
    said = "".join(capsys.readouterr())
    assert said.count("HTTP_PROXY is set and is not used") == 1
    assert SECRET not in said


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
