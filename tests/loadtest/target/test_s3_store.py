"""One PUT: whether it left, what came of it, and what those who refuse it say, passed on without a secret."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.run.records import WriteOutcome
from loadtest.target.put_errors import shown
from loadtest.target.remedies import what_to_do
from loadtest.target.s3_store import S3Store
from loadtest.target.store_interface import Attempt, StoreError
from tests.targets.odd_store import OddStore, running_odd_store

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


@pytest.fixture(autouse=True)
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS settings of nobody; the config file is returned."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path / "config"


def store_at(odd: OddStore | str, *, key: bool = True, **orders: Any) -> S3Store:
    url = odd if isinstance(odd, str) else odd.url
    given_key = {"access_key_id": KEY, "secret_access_key": SECRET} if key else {}
    return S3Store(
        {"bucket": "bkt", "object_key": "payload.json", "region": "us-east-1", "s3_endpoint_url": url}
        | given_key
        | orders
    )


def put(key: bool = True, **oddities: str) -> Attempt:
    with running_odd_store(**oddities) as odd:
        return store_at(odd, key=key).put(b"{}")


def test_a_put_is_acknowledged_and_its_interval_begins_after_the_connection_is_made(odd: OddStore) -> None:
    store = store_at(odd)
    attempt = store.put(b"{}", ContentType="application/json")
    assert attempt.outcome is WriteOutcome.ACKED
    assert attempt.etag == f'"{hashlib.md5(b"{}", usedforsecurity=False).hexdigest()}"'
    assert attempt.called_ns is not None


@pytest.mark.parametrize("oddity", ["no100", "expect417", "objectlock", "nochecksum"])
def test_stores_that_know_less_or_ask_for_more_can_be_written_to(oddity: str) -> None:
    with running_odd_store(**{oddity: "1"}) as odd:
        assert store_at(odd).put(b"{}").outcome is WriteOutcome.ACKED
        (sent,) = odd.requests_with("PUT")
    assert "expect" not in sent.headers  # a store that never answers it would hold each PUT up for a second
    assert sent.headers["content-md5"]
    assert not [name for name in sent.headers if name.startswith("x-amz-checksum")]


@pytest.mark.parametrize(
    ("putfail", "outcome", "said", "remedy"),
    [
        (
            "AccessDenied|403|not authorized to perform kms:GenerateDataKey",
            WriteOutcome.REFUSED,
            "AccessDenied (HTTP 403): not authorized to perform kms:GenerateDataKey",
            "KMS key",
        ),
        ("AccessDenied|403|Access Denied", WriteOutcome.REFUSED, "AccessDenied (HTTP 403): Access Denied", "policy"),
        ("SlowDown|503|Please reduce", WriteOutcome.UNKNOWN, "SlowDown (HTTP 503): Please reduce", "wait a minute"),
        ("RequestTimeout|400|idle", WriteOutcome.UNKNOWN, "RequestTimeout (HTTP 400): idle", "look it up"),
        (
            "InvalidRequest|400|Content-MD5 is required",
            WriteOutcome.REFUSED,
            "InvalidRequest (HTTP 400): Content-MD5 is required",
            "look it up",
        ),
        (
            f"InvalidAccessKeyId|403|The key {KEY} of {SECRET} does not exist",
            WriteOutcome.REFUSED,
            "InvalidAccessKeyId (HTTP 403): The key … of … does not exist",
            "make deploy",
        ),
        ("PermanentRedirect|301|elsewhere", WriteOutcome.REFUSED, "PermanentRedirect (HTTP 301): elsewhere", "region"),
        ("Odd|403|\x1b[31mred\x07", WriteOutcome.REFUSED, "Odd (HTTP 403): \\x1b[31mred\\x07", "look it up"),
        (f"Odd|403|{'x' * 5000}", WriteOutcome.REFUSED, f"Odd (HTTP 403): {'x' * 199}…", "look it up"),
        ("|502|", WriteOutcome.UNKNOWN, "AnswerNotOfS3 (HTTP 502, text/html)", "this answer is not S3's"),
    ],
)
def test_what_s3_says_is_passed_on(putfail: str, outcome: WriteOutcome, said: str, remedy: str) -> None:
    attempt = put(putfail=putfail)
    assert (attempt.outcome, attempt.error) == (outcome, said)
    assert remedy in what_to_do(attempt.error)


def test_an_answer_that_is_not_s3s_is_called_so_and_is_never_taken_for_an_acknowledgement() -> None:
    page = "<html><body><h1>Bad gateway</h1></body></html>"
    assert put(putfail="|502|", rawbody=page).error == "AnswerNotOfS3 (HTTP 502, text/html): Bad gateway"
    signed_in = put(putfail="|200|", rawbody=page)
    assert (signed_in.outcome, signed_in.error[:13]) == (WriteOutcome.UNKNOWN, "AnswerNotOfS3")
    moved = put(putfail="|307|", putlocation="https://user:word@elsewhere.example/x?key=SECRET")
    assert moved.error == "AnswerNotOfS3 (HTTP 307, text/html) with Location https://elsewhere.example/x?key=…"


def test_a_put_that_was_sent_and_not_answered_may_have_happened() -> None:
    with running_odd_store(putlost="1") as odd:
        attempt = store_at(odd).put(b"{}")
        assert odd.body == b"{}"
    assert attempt.outcome is WriteOutcome.UNKNOWN
    assert attempt.called_ns is not None
    assert attempt.error.startswith("ConnectionClosedError")


def test_what_never_left_is_refused_whatever_the_error_is_called(odd: OddStore) -> None:
    with running_odd_store() as gone:
        unreachable = store_at(gone)
    nobody = unreachable.put(b"{}")
    assert (nobody.outcome, nobody.called_ns) == (WriteOutcome.REFUSED, None)
    assert nobody.error.startswith("EndpointConnectionError")
    invalid = store_at(odd, bucket="no bucket name!").put(b"{}")
    assert (invalid.outcome, invalid.error[:20]) == (WriteOutcome.REFUSED, "ParamValidationError")
    assert odd.puts == 0


def helper(aws: Path, script: str) -> None:
    """A profile whose credentials come from a program."""
    program = aws.with_name("helper.sh")
    program.write_text(script)
    aws.write_text(f"[default]\ncredential_process = sh {program}\n")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo the vault is sealed >&2; exit 1", "CredentialRetrievalError: Error when retrieving credentials"),
        ("echo Please log in at https://example.com", "CredentialRetrievalError: what gives your credentials"),
        ("echo '[1, 2]'", "CredentialRetrievalError: "),
        ("echo '{\"Version\": 1}'", "CredentialRetrievalError: "),
        ("echo null", "CredentialRetrievalError: "),
    ],
)
def test_a_helper_that_gives_no_credentials_is_an_outcome_with_a_name(
    odd: OddStore, aws: Path, script: str, said: str
) -> None:
    helper(aws, script)
    with pytest.raises(StoreError) as refused:
        store_at(odd, key=False)
    assert str(refused.value).startswith(said)
    assert "aws sts get-caller-identity" in what_to_do(str(refused.value))
    good = {"Version": 1, "AccessKeyId": KEY, "SecretAccessKey": SECRET, "Expiration": "2020-01-01T00:00:00Z"}
    helper(aws, f"echo '{json.dumps(good)}'")
    store_at_first = store_at(odd, key=False)
    helper(aws, script)  # and later, in the middle of a run
    failure = store_at_first.check_credentials()
    assert failure is not None
    assert failure.outcome is WriteOutcome.REFUSED
    assert failure.error.startswith("CredentialRetrievalError"), failure.error
    sent = store_at_first.put(b"{}")
    assert (sent.outcome, sent.called_ns) == (WriteOutcome.REFUSED, None)
    assert odd.puts == 0


def test_it_was_the_role_that_was_denied(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_odd_store(sts="deny") as odd:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", odd.url)
        aws.write_text(
            "[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n"
            f"[profile base]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
        )
        store = store_at(odd, key=False)
        failure = store.check_credentials()
        assert failure is not None
        assert failure.error.startswith("AccessDenied (HTTP 403) of AssumeRole: User: arn:aws:iam::111122223333:user/u")
        assert "it was AssumeRole that was denied" in what_to_do(failure.error)
        odd.oddities["sts"] = "expired"
        failure = store_at(odd, key=False).check_credentials()
        assert failure is not None
        assert failure.error == "ExpiredTokenException (HTTP 400) of AssumeRole: Token expired"
        assert odd.puts == 0


def test_a_token_file_that_is_missing_is_named(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r")
    failure = store_at("http://127.0.0.1:9", key=False).check_credentials()
    assert failure is not None
    assert failure.error.startswith("FileNotFoundError: ")
    assert "/nonexistent/token" in failure.error


def test_an_sso_session_that_has_ended_is_named(aws: Path) -> None:
    aws.write_text(
        "[default]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\nregion = us-east-1\n"
        "[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n"
    )
    failure = store_at("http://127.0.0.1:9", key=False).check_credentials()
    assert failure is not None
    assert "aws sso login" in what_to_do(failure.error), failure.error


def test_no_credentials_at_all(odd: OddStore) -> None:
    assert store_at(odd, key=False).put(b"{}").error.startswith("NoCredentialsError")
    assert odd.puts == 0


def test_the_endpoint_is_the_one_that_boto3_really_uses(odd: OddStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", odd.url)
    store = store_at("", s3_endpoint_url=None)
    assert store.endpoint == odd.url
    assert store.put(b"{}").outcome is WriteOutcome.ACKED
    assert odd.requests_with("PUT")[0].target == "/bkt/payload.json"


def test_a_look_says_what_is_there_and_how_it_is_put_back(odd: OddStore) -> None:
    store = store_at(odd)
    assert store.look().found == "nothing"
    odd.hold(
        b"\x1f\x8b\x00",
        [
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
            ("x-amz-meta-owner", "me"),
            ("x-amz-tagging", "team=a&cost=b"),
        ],
    )
    look = store.look()
    assert (look.found, look.body) == ("document", b"\x1f\x8b\x00")
    assert look.put == {
        "ContentType": "application/json",
        "ContentEncoding": "gzip",
        "Metadata": {"owner": "me"},
        "Tagging": "team=a&cost=b",
    }
    odd.oddities["getdenied"] = "1"
    assert store.look().found == "denied"
    assert store.look().error == "AccessDenied (HTTP 403) of GetObject: Access Denied"


@given(st.text(max_size=600))
def test_what_others_say_is_one_short_printable_line_without_the_key(text: str) -> None:
    said = shown(f"{text}{SECRET}{text} {KEY}", [SECRET])
    assert len(said) <= 200
    assert said.isprintable()
    assert SECRET not in said
    assert KEY not in said


def test_secrets_of_other_kinds_are_not_passed_on() -> None:
    said = shown(json.dumps({"SecretAccessKey": "abc123", "SessionToken": "tok456"}) + " http://u:pw@h/?sig=zzz")
    for secret in ("abc123", "tok456", "pw", "zzz"):
        assert secret not in said
