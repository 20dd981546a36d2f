"""The command: exit codes, forms of output, and one sentence for everything that cannot be used."""

import argparse
import io
import json
import re
from dataclasses import replace

import pytest
from scripted_server import DOCUMENT, PATH, Reply, ScriptedServer

from loadtest.commands import probe as command
from loadtest.errors import UsageError
from loadtest.probe import render
from loadtest.probe.cases import ALL
from loadtest.probe.runner import Probe, ProbePlan


def probe(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(["--timeout", "5", *arguments]))


def ignores_conditions(server, request, reply):
    return Reply(200, {"ETag": server.etag()}, DOCUMENT) if reply.status == 304 else reply


def ignores_weak(server, request, reply):
    weak = (request.get("If-None-Match") or "").startswith("W/")
    return Reply(200, reply.headers, DOCUMENT) if weak else reply


def sometimes_throttles(server, request, reply):
    return Reply(429) if request.get("If-Modified-Since") and request.path == PATH else reply


def test_exit_codes(server, capsys):
    assert probe(server.url) == 0
    assert "PASS: ETag and conditional requests are honoured" in capsys.readouterr().out
    server.fault = ignores_conditions
    assert probe(server.url) == 1
    assert "are not honoured" in capsys.readouterr().out
    server.fault = sometimes_throttles
    assert probe(server.url) == 3
    assert "could not be told" in capsys.readouterr().out
    server.fault = ignores_weak
    assert probe(server.url) == 0
    assert probe(server.url, "--strict") == 1


def test_nothing_published_is_inconclusive_and_says_so(capsys):
    with ScriptedServer(None) as server:
        assert probe(server.url) == 3
    assert "nothing has been published yet" in capsys.readouterr().out


SECRET = "a-secret-that-must-not-be-seen"


def outputs_of(server, folder):
    path = folder / "outputs.json"
    stack = {
        "SamplesUrl": server.url,
        "S3BucketName": "bucket",
        "DataStoreAccessKeyId": "AKIAEXAMPLE",
        "DataStoreSecretAccessKey": SECRET,
    }
    path.write_text(json.dumps({"read-model": stack}))
    return str(path)


@pytest.mark.parametrize("form", [(), ("--json",), ("--markdown",)])
def test_the_target_comes_from_the_outputs_and_its_secret_stays_there(server, form, tmp_path, capsys):
    arguments = ("--outputs", outputs_of(server, tmp_path), "--write", "--s3-endpoint-url", server.endpoint, *form)
    assert probe(*arguments) == 0
    assert server.requests_of("PUT")
    assert server.document == DOCUMENT
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    assert "AKIAEXAMPLE" not in said.out + said.err


def test_json_holds_every_request_and_answer_and_each_case_names_its_source(server, capsys):
    probe(server.url, "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["format"], report["verdict"], report["url"]) == (2, "PASS", server.url)
    current = next(case for case in report["cases"] if case["name"] == "if-none-match-current")
    (exchange,) = current["exchanges"]
    assert exchange["status"] == 304
    assert exchange["step"].startswith('GET · If-None-Match: "')
    assert ["ETag", server.etag(DOCUMENT)] in [
        [name.replace("etag", "ETag"), value] for name, value in exchange["headers"]
    ]
    for case in report["cases"]:
        assert re.match(r"RFC 9\d{3} §|S3 API|Fetch", case["section"]), case


def test_markdown_is_one_row_a_case_with_nothing_that_breaks_it(server, capsys):
    server.fault = lambda s, q, r: Reply(403, {}, b"a | b *c* <d> [e](//f) @g #1") if q.path != PATH else r
    probe(server.url, "--markdown")
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == len(ALL)
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
    assert any(r"a \| b \*c\* &lt;d&gt; \[e\](//f) @<!-- -->g #<!-- -->1" in row for row in rows)


WRONG = (
    (("ftp://x/y",), "must start with http"),
    (("http://",), "must start with http"),
    (("http://h:99999/x",), "must start with http"),
    (("https://me:secret@api.example/x", "--header", "Authorization: other-secret"), "holds a user"),
    (("http://127.0.0.1:9/x", "--header", "Range: bytes=0-1"), "--header Range cannot be given"),
    (("http://x", "--timeout", "0"), "--timeout is 0"),
    (("http://x", "--remove"), "without --write"),
    (("http://x", "--origin", "shop.example"), "--origin is 'shop.example'"),
    (("http://127.0.0.1:9/x", "--write", "--outputs", "none.json"), "there is no outputs file; give --bucket."),
    (("--outputs", "none.json"), "sandbox`, or give the address."),
)


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_wrong_usage_is_one_sentence(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=re.escape(words)) as raised:
        probe(*arguments)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("status", [301, 403, 500, 502])
def test_an_address_that_holds_no_document_is_said(status):
    refusing = ScriptedServer(DOCUMENT, lambda *_: Reply(status, {}, b"why not"))
    with refusing as server, pytest.raises(UsageError, match=f"answered {status} 'why not'"):
        probe(server.url)


def test_an_address_that_does_not_answer_is_said():
    with ScriptedServer() as server:
        url = server.url
    with pytest.raises(UsageError, match="does not answer"):
        probe(url)
    garbling = ScriptedServer(DOCUMENT, lambda s, q, r: replace(r, headers={"Content-Length": "x"}))
    with garbling as server, pytest.raises(UsageError, match="proper HTTP"):
        probe(server.url)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def test_on_a_terminal_there_is_a_table_with_every_case(server, target_of):
    report = Probe(target_of(server), ProbePlan(time_limit_s=5)).run()
    terminal = Terminal()
    render.to_terminal(report, terminal)
    text = terminal.getvalue()
    assert all(case.name in text for case in ALL)
    assert "Came back" in text
