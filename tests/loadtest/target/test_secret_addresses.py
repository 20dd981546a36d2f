"""What an address or a key holds of secrets is sent where it belongs, and is in no file, page or sentence."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from chosen_settings import OUTPUTS, SECRET, options, target

from loadtest.cleaned import public_url
from loadtest.errors import UsageError
from loadtest.load.options.options import settings_from
from loadtest.run.documents.made_up_verifier import MadeUp
from loadtest.run.plan import Plan
from loadtest.run.run_directory import RunDirectory
from loadtest.target.finding import Target
from loadtest.target.preflight import check_answers, wait_for_version_0
from tests.loadtest.http1.targets import answer, answering


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
    with answering(answer(status="403 Forbidden")) as serving:
        found = secret_target(tmp_path, serving.port)
        with pytest.raises(UsageError) as refused:
            wait_for_version_0(found, MadeUp("0123456789ab", 256))
    key = base64.b64encode(f"user:{SECRET}".encode()).decode()
    (asked,) = serving.requests
    assert (
        asked.startswith(f"GET /v1/samples?key={SECRET} ".encode())
        and f"\r\nAuthorization: Basic {key}\r\n".encode() in asked
    )
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
