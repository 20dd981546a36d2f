"""The old document is put back whatever happens, and nothing is written that could not be put back."""

import argparse
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_server import DOCUMENT, PATH, Reply, ScriptedServer

from loadtest.commands import probe as command
from loadtest.errors import UsageError
from loadtest.probe.cases import ALL
from loadtest.probe.model import CaseVerdict, Phase
from loadtest.probe.runner import Probe, ProbePlan
from loadtest.run.records import Verdict
from loadtest.target.finding import Target
from loadtest.target.s3_client import content_md5
from loadtest.target.store_interface import ObjectLook
from tests.targets.odd_store import running_odd_store

WRITING = [case for case in ALL if case.phase is Phase.WRITE]
PLAN = ProbePlan(write=True, time_limit_s=5)
pytestmark = pytest.mark.usefixtures("hasty")


def test_without_write_nothing_is_sent_that_could_change_anything(server, target_of):
    Probe(target_of(server), ProbePlan(time_limit_s=5)).run()
    assert {request.method for request in server.requests} <= {"GET", "HEAD", "OPTIONS"}
    assert len(server.requests) < 100


def test_the_old_bytes_and_their_headers_are_put_back(server, target_of):
    report = Probe(target_of(server), PLAN, cases=WRITING).run()
    puts = server.requests_of("PUT")
    assert server.document == DOCUMENT
    assert puts[0].body == puts[-1].body == DOCUMENT
    assert puts[-1].get("Content-Type") == "application/json"
    assert puts[-1].get("Cache-Control") == "no-cache"
    assert "put back to s3://bucket/payload.json and is served again" in " ".join(report.notes)


def test_what_only_the_store_shows_is_put_back_too_and_else_said():
    said = [("content-type", "text/mine"), ("x-amz-meta-owner", "me"), ("x-amz-tagging", "a=b")]
    said += [("x-amz-grant-read", 'uri="all"'), ("x-amz-server-side-encryption", "AES256")]
    with running_odd_store() as odd:
        odd.hold(DOCUMENT, said)
        target = Target(f"{odd.url}/v1/samples", "bkt", "payload.json", "us-east-1", odd.url, None)
        assert "Of what was there" not in " ".join(Probe(target, PLAN, cases=WRITING[:1]).run().notes)
        assert odd.puts > 2
        assert (odd.body, sorted(odd.headers)) == (DOCUMENT, sorted([*said, ("cache-control", "no-cache")]))
        for put in odd.requests_with("PUT"):
            assert put.headers["x-amz-grant-read"] == 'uri="all"'
        odd.oddities["getdenied"] = "1"
        assert "this is not put back: its own metadata" in " ".join(Probe(target, PLAN, cases=WRITING[:1]).run().notes)


def test_a_document_that_the_address_does_not_serve_is_not_written_over():
    with running_odd_store() as odd:
        odd.hold(DOCUMENT)
        target = Target(f"{odd.url}/v1/samples", "bkt", "payload.json", "us-east-1", odd.url, None)
        probe = Probe(target, PLAN, cases=WRITING[:1])
        look = ObjectLook("document", body=b'{"newer":"one"}', put={})
        with pytest.MonkeyPatch.context() as patched, pytest.raises(UsageError, match="holds another document"):
            patched.setattr("loadtest.target.s3_store.S3Store.look", lambda self: look)
            probe.run()
        assert odd.puts == 0


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ZeroDivisionError])
def test_the_old_bytes_are_put_back_when_the_probe_is_stopped_or_breaks(server, interruption, target_of):
    published = iter(range(10))

    def after_some(case):
        if next(published) == 2:
            raise interruption

    with pytest.raises(interruption):
        Probe(target_of(server), PLAN, after_some, WRITING).run()
    assert len({put.body for put in server.requests_of("PUT")}) > 1
    assert server.document == DOCUMENT


def test_a_signal_to_end_puts_the_old_bytes_back_too(server, target_of):
    def terminate(case):
        if case.name == "browser-replaced":
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        Probe(target_of(server), PLAN, terminate, WRITING).run()
    assert server.document == DOCUMENT
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_somebody_else_wrote_meanwhile_is_left_alone(server, target_of):

    def interfere(case):
        if case.name == WRITING[-1].name:
            server.document = b'{"someone":"else"}'

    report = Probe(target_of(server), PLAN, interfere, [*WRITING[:-1], replace(WRITING[-1], needs=(_never,))]).run()
    assert server.document == b'{"someone":"else"}'
    assert "Somebody else has written" in " ".join(report.notes)


def _never(seen):
    return "not now"


def test_a_refused_put_is_one_sentence_and_changes_nothing(server, target_of):
    server.refuses_put = "AccessDenied"
    with pytest.raises(UsageError, match=r"s3://bucket/payload.json cannot be written \(403 AccessDenied\)"):
        Probe(target_of(server), PLAN, cases=WRITING).run()
    assert server.document == DOCUMENT


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    """For the command, which has no outputs file here."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")


def test_when_it_cannot_be_put_back_the_bytes_are_in_a_file_that_is_named(server, target_of):

    def lock(case):
        if case.name == WRITING[-1].name:
            server.refuses_put = "AccessDenied"

    with pytest.raises(UsageError, match="could not be put back") as raised:
        Probe(target_of(server), PLAN, lock, WRITING).run()
    kept = Path(re.search(r"is in (\S+);", str(raised.value)).group(1))
    assert kept.read_bytes() == DOCUMENT
    kept.unlink()


@pytest.mark.parametrize(
    "headers", [{"ETag": '"00000000000000000000000000000000"'}, {"ETag": '"00000000000000000000000000000000-3"'}]
)
def test_bytes_that_may_not_be_the_objects_own_are_not_written(headers, target_of):
    def altered(server, request, reply):
        return replace(reply, headers=reply.headers | headers) if request.path == PATH else reply

    with ScriptedServer(DOCUMENT, altered) as server:
        with pytest.raises(UsageError, match="--write would not be safe here"):
            Probe(target_of(server), PLAN).run()
        assert not server.requests_of("PUT")


@pytest.mark.parametrize(("body", "is_safe"), [(DOCUMENT, True), ("a\N{REPLACEMENT CHARACTER}b".encode(), False)])
def test_without_an_etag_text_that_cannot_have_been_altered_is_safe(body, is_safe, target_of):
    def bare(server, request, reply):
        reply.headers.pop("ETag", None) if request.path == PATH else None
        return reply

    with ScriptedServer(body, bare) as server:
        probe = Probe(target_of(server), PLAN, cases=WRITING)
        if is_safe:
            probe.run()
        else:
            with pytest.raises(UsageError, match="not be safe"):
                probe.run()
        assert server.document == body


def test_a_bucket_that_is_not_behind_the_address_is_said(target_of):
    def another(server, request, reply):
        return Reply(200, {"ETag": server.etag(DOCUMENT)}, DOCUMENT) if request.path == PATH else reply

    with ScriptedServer(DOCUMENT, another) as server:
        report = Probe(target_of(server), PLAN, cases=WRITING).run()
    verdicts = {result.finding.verdict for result in report.results}
    assert verdicts == {CaseVerdict.INCONCLUSIVE}
    assert all("does not show in reads" in result.finding.came_back for result in report.results)


@pytest.mark.parametrize("may_delete", [True, False])
def test_where_nothing_was_published_the_probe_publishes(may_delete, target_of):
    with ScriptedServer(None) as server:
        server.may_delete = may_delete
        report = Probe(target_of(server), PLAN).run()
        assert (server.document is None) is may_delete
    found = {result.case.name: result.finding.verdict for result in report.results}
    assert found["missing-object"] is found["if-none-match-current"] is CaseVerdict.PASS
    assert ("removed again" if may_delete else "stays") in report.notes[-1]


def test_a_key_that_may_not_remove_is_no_failure(server, target_of):
    server.may_delete = False
    report = Probe(target_of(server), replace(PLAN, remove=True)).run()
    assert server.document == DOCUMENT
    found = {result.case.name: result.finding for result in report.results}
    assert found["missing-object"].verdict is CaseVerdict.NOT_APPLICABLE
    assert "may not remove" in found["missing-object"].came_back


@pytest.fixture
def ctrl_c_is_heard():
    """Whoever starts the tests in the background has them ignore it, as shells do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_ctrl_c_ends_the_command_and_says_that_the_document_was_put_back(tmp_path, capsys):
    def interrupt(server, request, reply):
        if request.method == "GET" and server.serial == 4:
            server.serial += 1
            os.kill(os.getpid(), signal.SIGINT)
        return reply

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    with ScriptedServer(DOCUMENT, interrupt) as server:
        arguments = ["--write", "--bucket", "bucket", "--s3-endpoint-url", server.endpoint, server.url]
        code = command.run(parser.parse_args([*arguments, "--outputs", str(tmp_path / "none.json")]))
        assert server.document == DOCUMENT
        assert len({put.body for put in server.requests_of("PUT")}) > 1
    assert code == 130
    assert "put back to s3://bucket/payload.json and is served again" in capsys.readouterr().err


def test_a_target_that_falls_silent_is_given_up_soon(target_of):
    def silent_after_a_while(server, request, reply):
        return reply if len(server.requests) < 12 else None

    with ScriptedServer(DOCUMENT, silent_after_a_while) as server:
        report = Probe(target_of(server), ProbePlan(time_limit_s=5)).run()
        assert len(server.requests) < 30
    inconclusive = [result for result in report.results if result.finding.verdict is CaseVerdict.INCONCLUSIVE]
    assert "not tried: 3 cases before it had no answer" in inconclusive[-1].finding.came_back
    assert report.verdict() is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("AWS_PROFILE", "not-there", "ProfileNotFound"), ("AWS_ENDPOINT_URL_S3", "no address", "ValueError")],
)
def test_a_store_that_boto3_refuses_is_one_sentence_and_nothing_is_written(
    server, name, value, words, target_of, monkeypatch
):
    monkeypatch.setenv(name, value)
    target = replace(target_of(server), s3_endpoint_url=None, credentials=None)
    with pytest.raises(UsageError, match=rf"The store cannot be reached: {words}: .*; "):
        Probe(target, PLAN).run()
    assert server.requests_of("PUT") == []


def test_a_put_carries_what_a_bucket_with_object_lock_demands(server, target_of):
    Probe(target_of(server), PLAN, cases=WRITING[:1]).run()
    assert all(put.get("Content-MD5") == content_md5(put.body) for put in server.requests_of("PUT"))


def test_an_etag_that_echoes_the_address_is_named_without_its_secret(target_of):
    class Echoing(ScriptedServer):
        def etag(self, body=None):
            return '"of-key=THAT-IS-SECRET"'

    with Echoing(DOCUMENT) as server:
        target = target_of(server)
        with pytest.raises(UsageError, match="would not be safe here") as caught:
            Probe(replace(target, url=f"{target.url}?key=THAT-IS-SECRET"), PLAN).run()
    assert "THAT-IS-SECRET" not in str(caught.value)
