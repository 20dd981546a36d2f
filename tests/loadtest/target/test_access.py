"""Headers, passwords and certificates: who sends them, who is refused, and that no value of theirs is ever said."""

import base64
import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from awkward_secrets import AWKWARD_SECRET as SECRET
from awkward_secrets import spelled
from chosen_settings import options
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from locust_readers import a_reader, plan_for

from loadtest.cleaned import hide
from loadtest.errors import UsageError
from loadtest.http1.access import NO_ACCESS, Access
from loadtest.http1.address import Address
from loadtest.http1.incoming import Incoming
from loadtest.load.options.options import settings_from
from loadtest.load.reading import reader
from loadtest.load.writer import putting_back_process
from loadtest.load.writer.putting_back_process import PuttingBack
from loadtest.probe.http1 import Http1
from loadtest.probe.model import Ask
from loadtest.run.plan import Plan
from loadtest.run.spool.spool_format import load_lines
from loadtest.target import preflight
from loadtest.target.access import REFUSED, parse_headers
from loadtest.target.finding import Target, find_target, refuse_other_endpoint
from loadtest.target.preflight import check_answers, get, read_address
from loadtest.target.read_request import read_request
from tests.loadtest.http1.targets import answer, answering, certificate_in

DOCUMENT = answer(b"{}")
KEY = Access((("x-key", SECRET),))


def target(url: str, access: Access = NO_ACCESS) -> Target:
    return Target(url, "bkt", "payload.json", "us-east-1", None, None, access=access)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_headers_that_would_break_what_is_measured_are_refused_with_the_reason(name: str) -> None:
    with pytest.raises(UsageError, match=f"^--header {name.title()} cannot be given: ") as refused:
        parse_headers([f"{name.title()}: {SECRET}"])
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("no colon", "no name that a header can have"),
        (": value", "no name that a header can have"),
        ("na me: value", "no name that a header can have"),
        ("näme: value", "no name that a header can have"),
        ("x-api-key:", "has no value"),
        ("x-api-key: @", "names no file"),
        ("x-api-key: @$", "names no variable"),
        ("x-api-key: @$NOT_SET", "$NOT_SET, which is not set"),
        ("x-api-key: @/nowhere/at all", "which is not there"),
        ("x-api-key: @/dev/zero", "is a device"),
        ("x-api-key: a\r\nX-Other: b", "no header can have"),
        ("x-api-key: a\nb", "no header can have"),
        ("x-api-key: a\0b", "no header can have"),
        ("x-api-key: ключ", "no header can have"),
        (f"x-api-key: {'a' * 8193}", "8,193 bytes"),
    ],
)
def test_what_is_no_header_gets_one_sentence(given: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_headers([given], {})
    assert words in str(refused.value)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 300


def test_a_header_is_given_once_whatever_the_case_of_its_name() -> None:
    with pytest.raises(UsageError, match="x-api-key was given twice"):
        parse_headers(["X-Api-Key: one", "x-api-key: two"])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.text(max_size=30))
def test_a_value_is_sent_as_it_was_given_or_refused_without_being_quoted(value: str, environment: str) -> None:
    value = f"S3CRET{value}"
    try:
        ((name, sent),) = parse_headers([f"x-key: {value}"], {"V": environment})
    except UsageError as error:
        assert "S3CRET" not in str(error)
        return
    assert (name, sent) == ("x-key", value.strip(" \t"))
    asked = read_request(Address.of("http://api.example/v1/samples", ((name, sent),)))
    assert asked.count(b"\r\n") == 7 and f"\r\nx-key: {sent}\r\n".encode("latin-1") in asked


def test_values_come_from_files_and_variables(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(" from-a-file\n")
    given = [f"a: @{tmp_path / 'key'}", "b: @$KEY", "c: @@literal"]
    assert parse_headers(given, {"KEY": "from-a-variable\n"}) == (
        ("a", "from-a-file"),
        ("b", "from-a-variable"),
        ("c", "@literal"),
    )


def test_the_variable_of_the_option_gives_headers_as_locusts_own_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_HEADER", "x-api-key: of-the-environment")
    assert settings_from(options()).headers == (("x-api-key", "of-the-environment"),)
    monkeypatch.setenv("LOCUST_HEADER", "[x-api-key: one-of-two, x-other: two-of-two]")
    assert settings_from(options()).headers == (("x-api-key", "one-of-two"), ("x-other", "two-of-two"))


def test_what_a_reader_says_of_itself_can_be_replaced() -> None:
    asked = read_request(Address.of("http://api.example/", (("user-agent", "mine"), ("Accept", "application/json"))))
    assert asked.lower().count(b"user-agent:") == asked.lower().count(b"accept:") == 1
    assert b"user-agent: mine\r\nAccept: application/json\r\n" in asked


def ask_as_all_do(url: str, access: Access, folder: Path) -> list[int]:
    """The statuses that the preflight, the probe and a reader get."""
    statuses = [get(target(url, access), 1000, 5).status]
    http1 = Http1(Address.of(url, access.headers), 5, access)
    statuses.append(http1.exchange(Ask()).status)
    http1.close()
    with a_reader(plan_for(url, folder, access)) as user:
        received: list[Any] = []
        user.environment.events.request.add_listener(lambda **meta: received.append(meta["response"]))
        user.read()
    return [*statuses, received[0].status_code if received[0] is not None else 0]


@pytest.mark.parametrize("user", ["", "user:p%40ss@"])
def test_preflight_probe_and_readers_send_the_same(user: str, tmp_path: Path) -> None:
    with answering(DOCUMENT) as serving:
        url = serving.url.replace("http://", f"http://{user}") + "?stage=a b"
        access = Access((("x-api-key", SECRET),))
        assert ask_as_all_do(url, access, tmp_path) == [200] * 3
    assert len(serving.requests) == 3
    for asked in serving.requests:
        assert asked.startswith(b"GET /v1/samples?stage=a%20b HTTP/1.1\r\n")
        assert asked.count(f"\r\nx-api-key: {SECRET}\r\n".encode("latin-1")) == 1
        basic = b"\r\nAuthorization: Basic " + base64.b64encode(b"user:p@ss") + b"\r\n"
        assert asked.count(basic) == (1 if user else 0)


def test_a_target_that_wants_a_certificate_gets_it_from_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "client").mkdir()
    certificate_in(tmp_path / "client")
    server = certificate_in(tmp_path)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(tmp_path / "client" / "certificate.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    reader._tls_context.cache_clear()
    shown_to = Access((), str(tmp_path / "client" / "certificate.pem"), str(tmp_path / "client" / "key.pem"))
    with answering(DOCUMENT, tls=server) as serving:
        assert ask_as_all_do(serving.url, shown_to, tmp_path / "a") == [200] * 3
        with pytest.raises(UsageError):
            check_answers(target(serving.url))
    reader._tls_context.cache_clear()


@pytest.mark.parametrize(
    ("access", "words"), [(NO_ACCESS, "give --cert and --key"), (Access((), "c.pem"), "refuses the client cert")]
)
def test_a_target_that_breaks_tls_off_for_want_of_a_certificate_is_said_to(access: Access, words: str) -> None:
    alert = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    failed = Incoming().failed(alert, 0)
    with pytest.raises(UsageError, match=words):
        preflight._refuse_if_final(target("https://api.example/", access), failed)


def with_passphrase(folder: Path) -> None:
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )


def of_another(folder: Path) -> None:
    own = (folder / "certificate.pem").read_bytes()
    certificate_in(folder)
    (folder / "certificate.pem").write_bytes(own)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_passphrase, "needs a passphrase"),
        (of_another, "hold no certificate and its key"),
        (lambda folder: (folder / "key.pem").write_text("no key"), "hold no certificate and its key"),
        (lambda folder: (folder / "key.pem").unlink(), "cannot be read"),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_said_before_anything_is_sent(
    change: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    certificate_in(tmp_path)
    change(tmp_path)
    given = options("--cert", str(tmp_path / "certificate.pem"), "--key", str(tmp_path / "key.pem"))
    with pytest.raises(UsageError, match=words):
        settings_from(given)


def test_a_key_alone_is_refused() -> None:
    with pytest.raises(UsageError, match="--key was given without --cert"):
        settings_from(options("--key", "key.pem"))


def test_values_are_in_no_text_of_a_setting_a_plan_or_a_target() -> None:
    settings = settings_from(options("--host", "http://127.0.0.1:9", "--bucket", "b", "--header", f"x-key: {SECRET}"))
    found = find_target(settings)
    plan = plan_for(found.url, Path("x"), found.access)
    assert found.access.headers == plan.headers == (("x-key", SECRET),)
    assert SECRET not in repr((settings, found, found.access, plan, Address.of(found.url, found.access.headers)))
    assert found.public()["headers"] == ["x-key"] and SECRET not in json.dumps(found.public())
    assert Plan(**json.loads(json.dumps(plan.message()))) == plan


def test_the_process_that_puts_the_document_back_is_told_over_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}

    class Child:
        def __init__(self, command: list[str], **_: Any) -> None:
            told["command"] = command
            self.stdin = SimpleNamespace(write=lambda line: told.update(orders=json.loads(line)), close=lambda: None)

    monkeypatch.setattr(putting_back_process.subprocess, "Popen", Child)
    PuttingBack(Path("run"), target("http://127.0.0.1:9/v1/samples", KEY))
    assert SECRET not in " ".join(told["command"])
    assert told["orders"]["headers"] == [["x-key", SECRET]]


def echoing(*fields: str) -> bytes:
    return answer(f"no such key: {SECRET}".encode(), *fields)


def test_a_document_that_quotes_a_value_is_not_kept() -> None:
    hide(SECRET)
    with answering(echoing()) as serving, pytest.raises(UsageError, match="quotes the value of a header") as refused:
        read_address(target(serving.url, KEY))
    assert SECRET not in str(refused.value)


def test_a_reader_records_no_value_that_comes_back(tmp_path: Path) -> None:
    told: list[str] = []
    echo = f'ETag: "{SECRET}"', f"x-amzn-RequestId: {SECRET}", f"Content-Encoding: {SECRET}"
    with answering(echoing(*echo)) as serving, a_reader(plan_for(serving.url, tmp_path, KEY)) as user:
        user.environment.events.request.add_listener(lambda **meta: told.append(str(meta)))
        user.read()
        errors = [str(error.to_dict()) for error in user.environment.stats.errors.values()]
    assert told and SECRET not in "".join([*told, *errors])
    assert any(path.suffix == ".etags" and load_lines(path) for path in tmp_path.glob("spool/*"))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(
                form.encode(kind, "replace") in content for form in spelled(SECRET) for kind in ("utf-8", "latin-1")
            )


def test_headers_go_to_no_other_host_that_is_given_in_the_page() -> None:
    given = ["--bucket", "b", "--s3-endpoint-url", "http://127.0.0.1:9", "--header", "x-key: a-secret-of-the-page"]
    at_start = settings_from(options("--host", "https://api.example", *given))
    refuse_other_endpoint(find_target(replace(at_start, host="https://api.example")), at_start)
    for host in ("https://elsewhere.example", "http://api.example", "https://api.example:444"):
        with pytest.raises(UsageError, match="is sent to no other"):
            refuse_other_endpoint(find_target(replace(at_start, host=host)), at_start)
    with pytest.raises(UsageError, match="is sent to no other"):
        refuse_other_endpoint(find_target(at_start), replace(at_start, host=None, outputs=Path("none")))


def test_a_redirect_is_not_followed_with_them() -> None:
    with answering(DOCUMENT) as other:
        moved = answer(b"", f"Location: {other.url}", status="302 Found")
        with answering(moved) as serving, pytest.raises(UsageError, match="redirects to"):
            check_answers(target(serving.url, KEY))
        assert not other.requests


def test_a_query_belongs_to_the_path_and_not_to_the_host() -> None:
    with pytest.raises(UsageError, match="give a query there"):
        settings_from(options("--host", "https://api.example/?key=S3CRET"))
    with pytest.raises(UsageError, match="holds a #"):
        settings_from(options("--samples-path", "/v1/samples#part"))
    found = find_target(
        settings_from(options("--host", "https://api.example/base", "--samples-path", "/x?a=b=3", "--bucket", "b"))
    )
    assert (found.url, found.shown_url) == ("https://api.example/base/x?a=b=3", "https://api.example/base/x?a=…")
