"""What is tried before a run: what waiting cannot change is said at once, and the readers' own rules hold."""

from pathlib import Path

import pytest
from chosen_settings import target as target_of

from loadtest.errors import UsageError
from loadtest.http1.trust import tls_context, unused_proxy
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MadeUp
from loadtest.target import preflight
from loadtest.target.finding import Target
from loadtest.target.preflight import check_answers, wait_for_version_0
from tests.loadtest.http1.targets import Target as Serving
from tests.loadtest.http1.targets import answer, answering, certificate_in
from tests.targets.hostile_target import HostileTarget, running_hostile_target
from tests.targets.odd_store import running_odd_store

RUN, SIZE, SECRET = "0123456789ab", 512, "do-not-show-this"


def at(target: HostileTarget | Serving) -> Target:
    return Target(f"http://127.0.0.1:{target.port}/v1/samples?key={SECRET}", "b", "payload.json", "r", None, None)


def refusal(target: HostileTarget | Serving) -> str:
    with pytest.raises(UsageError) as caught:
        check_answers(at(target))
    return str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        (f"/v1/samples?key={SECRET}", "/v1/samples?key=…"),  # a loop
        ("/v1/samples", "/v1/samples"),
        ("https://elsewhere.example/v1", "https://elsewhere.example/v1"),
        (f"https://user:{SECRET}@[::1]:8443/", "https://[::1]:8443/"),
        (f"http://u:{SECRET}@h/x?key={SECRET}#{SECRET}", "http://h/x?key=…"),
    ],
)
def test_a_redirect_is_never_followed_and_named_without_its_secret(status: int, location: str, named: str) -> None:
    with answering(answer(b"", f"Location: {location}", status=f"{status} Moved")) as serving:
        said = refusal(serving)
        assert len(serving.requests) == 1
    assert "redirects to http" in said
    assert f"{named} (status {status})" in said
    assert SECRET not in said


@pytest.mark.parametrize("mode", ["endlesshdr", "endless1xx", "endless_chunk_line", "malformed"])
def test_what_never_ends_or_is_no_http_is_one_sentence(mode: str) -> None:
    with running_hostile_target(mode, good_reads=0) as target:
        said = refusal(target)
    assert said.startswith(f"http://127.0.0.1:{target.port}/v1/samples?key=… ")
    assert SECRET not in said


@pytest.mark.parametrize("mode", ["drip", "dripbody", "hang"])
def test_a_drip_before_the_run_ends_with_one_deadline(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    exchange = preflight.get
    monkeypatch.setattr(preflight, "get", lambda target, most: exchange(target, most, 0.3))
    with running_hostile_target(mode, good_reads=0) as target:
        target.document = b"x" * 200
        assert "did not answer in time" in refusal(target)


def test_a_body_that_is_compressed_unasked_is_refused() -> None:
    with running_hostile_target("gzip", good_reads=0) as target:
        assert "Content-Encoding 'gzip' although identity was asked for" in refusal(target)


def test_an_endless_body_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "VISIBLE_TIME_LIMIT_S", 0)
    with running_hostile_target("endless", good_reads=0) as target, pytest.raises(UsageError, match="without end"):
        wait_for_version_0(at(target), MadeUp(RUN, SIZE))


def test_neither_proxy_nor_netrc_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with running_hostile_target("hang", good_reads=5) as target:
        check_answers(at(target))
        assert "is not used for reading" in unused_proxy(at(target).url)
    assert b"authorization" not in target.requests[0].lower()


def test_a_certificate_is_believed_when_either_variable_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = certificate_in(tmp_path)
    with running_hostile_target("hang", good_reads=9, tls=shown) as target:
        url = at(target).url.replace("http:", "https:")
        secured = Target(url, "b", "payload.json", "r", None, None)
        with pytest.raises(UsageError, match="cannot be trusted"):
            check_answers(secured)
        for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            with monkeypatch.context() as named:
                named.setenv(variable, str(tmp_path / "certificate.pem"))
                check_answers(secured)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing"))
    with pytest.raises(UsageError, match=r"REQUESTS_CA_BUNDLE is .*, which is not there"):
        tls_context()


@pytest.mark.parametrize(
    ("oddity", "how"), [("pretty", "spelled anew as JSON"), ("bom", "a byte-order mark before it")]
)
def test_a_document_that_is_rewritten_on_the_way_is_said_at_once(tmp_path: Path, oddity: str, how: str) -> None:
    with running_odd_store(**{oddity: "1"}) as store:
        url = f"http://127.0.0.1:{store.port}"
        found = target_of(tmp_path, "--outputs", "none", "--bucket", "b", "--host", url, "--s3-endpoint-url", url)
        store.body, store.etag = render(RUN, 0, 256), "e"
        with pytest.raises(UsageError, match=f"passes what was written to s3://b/payload.json on changed: {how}"):
            wait_for_version_0(found, MadeUp(RUN, 256))
