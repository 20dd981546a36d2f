"""What is tried before a run: what waiting cannot change is said at once, and the readers' own rules hold."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
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
from tests.targets.hostile_target import HostileTarget, running_hostile_target
from tests.targets.odd_store import running_odd_store

RUN, SIZE, SECRET = "0123456789ab", 512, "do-not-show-this"


def at(target: HostileTarget) -> Target:
    return Target(f"http://127.0.0.1:{target.port}/v1/samples?key={SECRET}", "b", "payload.json", "r", None, None)


def refusal(target: HostileTarget) -> str:
    with pytest.raises(UsageError) as caught:
        check_answers(at(target))
    return str(caught.value)


@pytest.mark.parametrize(
    "location", ["https://elsewhere.example/v1", "/v1/samples", f"http://u:{SECRET}@h/x?key={SECRET}#{SECRET}"]
)
def test_a_redirect_ends_it_at_once_and_names_where_it_leads(location: str) -> None:
    with running_hostile_target("redirect", good_reads=0) as target:
        target.redirect_to = location
        said = refusal(target)
    assert "redirects to http" in said
    assert SECRET not in said
    assert target.reads == 1


@pytest.mark.parametrize("mode", ["endlesshdr", "endless1xx", "endless_chunk_line", "malformed"])
def test_what_never_ends_or_is_no_http_is_one_sentence(mode: str) -> None:
    with running_hostile_target(mode, good_reads=0) as target:
        said = refusal(target)
    assert said.startswith(f"http://127.0.0.1:{target.port}/v1/samples?key=… ")
    assert SECRET not in said


@pytest.mark.parametrize("mode", ["drip", "dripbody", "hang"])
def test_a_drip_before_the_run_ends_with_one_deadline(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    exchange = preflight.get
    monkeypatch.setattr(preflight, "get", lambda target, most: exchange(target, most, 0.6))
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
    assert b"authorization" not in target.asked[0].lower()


def test_a_certificate_is_believed_when_either_variable_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = own_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    with running_hostile_target("hang", good_reads=9, tls=server) as target:
        url = at(target).url.replace("http:", "https:")
        secured = Target(url, "b", "payload.json", "r", None, None)
        with pytest.raises(UsageError, match="cannot be trusted"):
            check_answers(secured)
        for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            with monkeypatch.context() as named:
                named.setenv(variable, str(certificate))
                check_answers(secured)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing"))
    with pytest.raises(UsageError, match=r"REQUESTS_CA_BUNDLE is .*, which is not there"):
        tls_context()


def own_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    return path


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
