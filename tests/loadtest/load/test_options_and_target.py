"""Settings and targets: what is right is taken, what is wrong gets one sentence with the value and what to do."""

import base64
import json
import threading
from argparse import Namespace
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from locust.argument_parser import get_parser

from loadtest.cleaned import public_url
from loadtest.errors import UsageError
from loadtest.load.options import _OPTIONS, PAGE_OPTIONS, add_arguments, settings_from
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MadeUp
from loadtest.run.plan import Plan
from loadtest.run.run_directory import RunDirectory
from loadtest.target.finding import Target, find_target
from loadtest.target.preflight import check_answers, wait_for_version_0
from tests.targets.odd_store import running_odd_store

SECRET = "do-not-show-this-to-anybody"
OUTPUTS = {
    "read-model": {
        "SamplesUrl": "https://abc123.execute-api.eu-west-1.amazonaws.com/v1/samples",
        "S3BucketName": "read-model-data-store",
        "DataStoreAccessKeyId": "AKIAEXAMPLE",
        "DataStoreSecretAccessKey": SECRET,
        "DataStoreUser": "read-model-data-store-writer",
    }
}


def options(*arguments: str) -> Namespace:
    parser = get_parser()
    add_arguments(parser)
    return parser.parse_args(list(arguments))


def target(tmp_path: Path, *arguments: str, outputs: object = None) -> Target:
    path = tmp_path / "outputs.json"
    if outputs is not None:
        path.write_text(outputs if isinstance(outputs, str) else json.dumps(outputs))
    return find_target(settings_from(options("--outputs", str(path), *arguments)))


def test_defaults_are_those_of_the_contract() -> None:
    settings = settings_from(options())
    assert settings.outputs == Path("outputs.json")
    assert settings.samples_path == "/v1/samples"
    assert settings.object_key == "payload.json"
    assert settings.max_staleness == 0
    assert settings.impact_tolerance == 1.25


def test_every_option_is_also_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_PAYLOAD_BYTES", "4096")
    monkeypatch.setenv("LOCUST_WRITE_INTERVAL", "0")
    settings = settings_from(options())
    assert settings.payload_bytes == 4096
    assert settings.write_interval == 0


def test_a_seed_is_drawn_when_none_is_given_and_kept_when_one_is() -> None:
    assert settings_from(options()).seed >= 0
    assert settings_from(options("--seed", "7")).seed == 7


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--payload-bytes", str(11 * 1024 * 1024)], "--payload-bytes is 11,534,336: give a number from 256"),
        (["--payload-bytes", "255"], "--payload-bytes is 255"),
        (["--conditional-share", "1.5"], "--conditional-share is 1.5"),
        (["--arrival-rate", "-1"], "--arrival-rate is -1"),
        (["--impact-tolerance", "0.5"], "--impact-tolerance is 0.5"),
        (["--window", "0.1"], "--window is 0.1 s"),
        (["--window", "2", "--write-interval", "3"], "--write-interval is 3 s and --window 2 s"),
        (["--object-key", "/payload.json"], "--object-key is '/payload.json'"),
        (["--host", "example.org"], "--host is 'example.org'"),
    ],
)  # fmt: skip
def test_a_wrong_setting_gets_one_sentence_with_its_value(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings_from(options(*arguments))
    assert str(caught.value).startswith(sentence)


def test_outputs_alone_are_enough(tmp_path: Path) -> None:
    found = target(tmp_path, outputs=OUTPUTS)
    assert found.url == OUTPUTS["read-model"]["SamplesUrl"]
    assert found.bucket == "read-model-data-store"
    assert found.region == "eu-west-1"
    assert found.kind == "aws"
    assert found.s3_endpoint_url is None
    assert found.credentials is not None
    assert found.credentials.secret_access_key == SECRET


def test_an_emulator_is_recognized_by_its_address(tmp_path: Path) -> None:
    url = "http://127.0.0.1:4000/_aws/execute-api/abc/v1/samples"
    found = target(tmp_path, outputs={"s": {"SamplesUrl": url, "S3BucketName": "bucket"}})
    assert found.s3_endpoint_url == "http://127.0.0.1:4000"
    assert found.kind == "other"  # until the sandbox itself has said that it is one
    assert found.credentials is None  # the standard AWS chain is asked


def test_a_host_comes_before_the_outputs(tmp_path: Path) -> None:
    found = target(tmp_path, "--host", "https://example.org/", outputs=OUTPUTS)
    assert found.url == "https://example.org/v1/samples"
    assert found.bucket == "read-model-data-store"
    assert target(tmp_path, "--host", "http://h", "--bucket", "b", "--samples-path", "x").url == "http://h/x"


@pytest.mark.parametrize(
    ("arguments", "outputs", "sentence"),
    [
        ([], None, "There is nothing to read: no --host was given and there is no "),
        (["--host", "http://h"], None, "There is no bucket to write to"),
        ([], "{not json", "cannot be read as JSON"),
        ([], [1, 2], "does not look like the outputs of cdktf deploy"),
        ([], {"SamplesUrl": "http://h"}, "does not look like the outputs of cdktf deploy"),
        ([], {"s": {"Other": "x"}}, "does not look like the outputs of cdktf deploy"),
        ([], {"s": {"SamplesUrl": 3}}, "does not look like the outputs of cdktf deploy"),
        ([], {"s": {"SamplesUrl": "ftp://h", "S3BucketName": "b"}}, "SamplesUrl is 'ftp://h'"),
        ([], {"a": OUTPUTS["read-model"], "b": {}}, "holds the stacks a, b: say which one with --stack"),
        (["--stack", "c"], OUTPUTS, "holds no stack 'c', but read-model"),
    ],
)
def test_a_target_that_cannot_be_found_gets_one_sentence(
    tmp_path: Path, arguments: list[str], outputs: object, sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        target(tmp_path, *arguments, outputs=outputs)
    assert sentence in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_key_is_neither_shown_nor_published(tmp_path: Path) -> None:
    found = target(tmp_path, outputs=OUTPUTS)
    assert SECRET not in repr(found)
    assert "AKIAEXAMPLE" not in repr(found)
    assert SECRET not in json.dumps(found.public())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/v1/samples", "https://example.org/v1/samples"),
        ("https://user:pass@example.org:8443/v1/@me", "https://example.org:8443/v1/@me"),
        ("https://token@[::1]:8443/", "https://[::1]:8443/"),
        ("http://[::1]/x?", "http://[::1]/x?"),
        ("https://h/x?key=abc=&b&c=#part", "https://h/x?key=…&…&c=…"),
        ("https://u:p@h/to/http://other", "https://h/to/http://other"),
        ("user:pass@example.org", "example.org"),
        ("https://user:pass/word@example.org/x", "https://example.org/x"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert public_url(url) == shown


SECRET_ADDRESS = ("--host", f"http://user:{SECRET}@127.0.0.1:{{port}}", "--samples-path", f"/v1/samples?key={SECRET}")
SECRET_STORE = ("--outputs", "none", "--bucket", "bucket", "--s3-endpoint-url", f"http://user:{SECRET}@127.0.0.1:1")


def secret_target(tmp_path: Path, port: int) -> Target:
    return target(tmp_path, *(part.format(port=port) for part in SECRET_ADDRESS), *SECRET_STORE)


def test_what_an_address_holds_of_secrets_gets_into_no_file(tmp_path: Path) -> None:
    found = secret_target(tmp_path, 80)
    assert f"key={SECRET}" in found.url
    assert found.shown_url == "http://127.0.0.1:80/v1/samples?key=…"
    assert SECRET not in repr(found)
    settings = settings_from(options(*(part.format(port=80) for part in SECRET_ADDRESS), *SECRET_STORE))
    plan = Plan("run", "", "", found.url, 1, 1, 1, 256, 1.0, "constant", 0.5, 1, {})
    directory = RunDirectory.create(tmp_path / "run")
    directory.describe(settings, found.public(), plan, users=1)
    written = (tmp_path / "run" / "run.json").read_text(encoding="utf-8")
    assert SECRET not in written
    assert json.loads(written)["target"]["s3_endpoint_url"] == "http://127.0.0.1:1"


def test_what_an_address_holds_of_secrets_is_sent_and_not_printed(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            self.send_error(403)

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = secret_target(tmp_path, server.server_port)
        with pytest.raises(UsageError) as refused:
            wait_for_version_0(found, MadeUp("0123456789ab", 256))
        server.shutdown()
    key = base64.b64encode(f"user:{SECRET}".encode()).decode()
    assert asked == [(f"/v1/samples?key={SECRET}", f"Basic {key}")]
    with pytest.raises(UsageError) as unanswered:
        check_answers(found)
    with pytest.raises(UsageError) as unreadable:
        check_answers(replace(found, url=f"http://user:{SECRET}@example.org:99999/"))
    for caught, said in (
        (refused, "/v1/samples?key=… answered 403"),
        (unanswered, "/v1/samples?key=… does not answer: Connection refused"),
        (unreadable, "http://example.org:99999/ is not an address that can be read"),
    ):
        assert said in str(caught.value)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("oddity", "how"), [("pretty", "spelled anew as JSON"), ("bom", "a byte-order mark before it")]
)
def test_a_document_that_is_rewritten_on_the_way_is_said_at_once(tmp_path: Path, oddity: str, how: str) -> None:
    with running_odd_store(**{oddity: "1"}) as store:
        url = f"http://127.0.0.1:{store.port}"
        found = target(tmp_path, "--outputs", "none", "--bucket", "b", "--host", url, "--s3-endpoint-url", url)
        store.body, store.etag = render("0123456789ab", 0, 256), "e"
        with pytest.raises(UsageError, match=f"passes what was written to s3://b/payload.json on changed: {how}"):
            wait_for_version_0(found, MadeUp("0123456789ab", 256))


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        (f"user:{SECRET}@example.org", "--host is 'example.org': it must start with http"),
        (f"https://user:{SECRET}/@example.org", "The address is 'https://example.org/v1/samples': it must be"),
        (f"https://user:{SECRET}@[example.org", "The address is 'https://[example.org/v1/samples': it must be"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_secrets(
    tmp_path: Path, host: str, sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        target(tmp_path, "--host", host, "--bucket", "bucket")
    assert str(caught.value).startswith(sentence)
    assert SECRET not in str(caught.value)


OF_TERRAFORM = {
    name: {"sensitive": "Secret" in name, "type": "string", "value": value}
    for name, value in OUTPUTS["read-model"].items()
}


def test_outputs_of_terraform_are_read_like_those_of_cdktf(tmp_path: Path) -> None:
    assert target(tmp_path, outputs=OF_TERRAFORM) == target(tmp_path, outputs=OUTPUTS)
    with pytest.raises(UsageError, match="name no stack: leave --stack read-model out"):
        target(tmp_path, "--stack", "read-model", outputs=OF_TERRAFORM)


@pytest.mark.parametrize(
    "outputs",
    [
        {"SamplesUrl": {"sensitive": False, "value": 3}},
        {"SamplesUrl": {"sensitive": False, "value": ["http://h"]}},
        {"SamplesUrl": {"sensitive": False}},
        {"Other": {"sensitive": False, "value": "x"}},
        "[" * 100_000,
    ],
)
def test_outputs_of_neither_shape_are_refused(tmp_path: Path, outputs: object) -> None:
    with pytest.raises(UsageError, match=r"does not look like the outputs of cdktf deploy|nested too deep"):
        target(tmp_path, outputs=outputs)


BESIDE = ("--host", "http://h", "--bucket", "b")


@pytest.mark.parametrize("named", ["typo.json", "/dev/zero", "o" * 5000, "."])
def test_an_outputs_file_that_was_named_is_there_and_is_a_file(
    tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for by_option in (True, False):
        if not by_option:
            monkeypatch.setenv("LOCUST_OUTPUTS", named)
        with pytest.raises(UsageError) as caught:
            find_target(settings_from(options(*(("--outputs", named) if by_option else ()), *BESIDE)))
        assert named[:150] in str(caught.value)
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize("named", [(), ("--outputs", "none"), ("--outputs", "none.json"), ("--outputs", "")])
def test_only_the_default_may_be_missing_unless_none_is_wanted(
    tmp_path: Path, named: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_target(settings_from(options(*named, *BESIDE))).url == "http://h/v1/samples"


@pytest.mark.parametrize(
    "host",
    ["https://abc123.execute-api.eusc-de-east-1.amazonaws.eu", "https://abc123.execute-api.us-iso-east-1.c2s.ic.gov",
     "https://abc123.execute-api.cn-north-1.amazonaws.com.cn"],
)  # fmt: skip
def test_the_region_of_a_host_is_known_in_every_partition(tmp_path: Path, host: str) -> None:
    found = target(tmp_path, "--outputs", "none", "--host", host, "--bucket", "b")
    assert found.kind == "aws"
    assert found.region == host.split(".")[2]


HOSTILE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300) | st.sampled_from(
    [
        "true",
        "nan",
        "inf",
        "1e999",
        "-0",
        "9" * 5000,
        "١٢",
        "1_0",
        "a" * 100_000,
        "\x1b[2J",
        "\u202e",
        "[" * 9999,
        "0x10",
    ]
)


@hypothesis_settings(deadline=None)
@given(st.sampled_from([name for name, _ in _OPTIONS if name not in ("outputs", "run-dir")]), HOSTILE)
def test_any_value_of_an_option_is_taken_or_refused_on_one_short_line(name: str, value: str) -> None:
    chosen = options("--outputs", "none", *BESIDE)
    setattr(chosen, name.replace("-", "_"), [value] if name == "threshold" else value)
    try:
        find_target(settings_from(chosen))
    except UsageError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 1500


def test_what_the_parser_itself_refuses_is_said_on_one_short_line(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--arrival-process", "x" * 100_000], ["--no-such-option" + "\x1b" * 1000]):
        with pytest.raises(SystemExit):
            options(*wrong)
        (line,) = capsys.readouterr().err.splitlines()
        assert line.isprintable()
        assert len(line) < 700


def test_the_options_are_listed_in_help_and_only_harmless_ones_in_the_page() -> None:
    parser = get_parser()
    add_arguments(parser)
    text = parser.format_help()
    shown = {name.replace("_", "-") for name in parser.args_included_in_web_ui}
    for name, _ in _OPTIONS:
        assert f"--{name}" in text
        assert (name in shown) == (name in PAGE_OPTIONS)
    assert not shown & {"run-dir", "outputs", "stack", "bucket", "object-key", "s3-endpoint-url", "samples-path"}
