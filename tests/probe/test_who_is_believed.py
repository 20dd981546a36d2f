"""Preflight, readers and probe believe the same certificates in the same cases."""

from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError
from cryptography import x509

from loadtest.http1.address import Address as ReadersAddress
from loadtest.http1.address import request
from loadtest.http1.connection import Connection
from loadtest.load.reading import reader
from loadtest.probe.http1 import Address, Http1, TransportError
from loadtest.probe.model import Ask
from loadtest.target.finding import Target
from loadtest.target.preflight import get
from tests.loadtest.http1.targets import answering, certificate_in

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def preflight_believes(url: str) -> bool:
    return get(Target(url, "", "payload.json", "", None, None), 1000, 5).status == 200


def probe_believes(url: str) -> bool:
    http1 = Http1(Address.of(url), 5)
    try:
        return http1.exchange(Ask()).status == 200
    except TransportError as error:
        assert "not trusted" in str(error)
        return False
    finally:
        http1.close()


def readers_believe(url: str) -> bool:
    address = ReadersAddress.of(url)
    connection = Connection(address, reader._tls_context())
    try:
        return connection.exchange(request("GET", address.target, [("Host", address.authority)]), 5).status == 200
    finally:
        connection.close()


@pytest.mark.parametrize(
    "named", [(), ("SSL_CERT_FILE",), ("REQUESTS_CA_BUNDLE",), ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")]
)
@pytest.mark.parametrize("of_this_host", [True, False])
def test_all_believe_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...], of_this_host: bool
) -> None:
    names = () if of_this_host else (x509.DNSName("another.example"),)
    tls = certificate_in(tmp_path, *names)
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for variable in named:
        monkeypatch.setenv(variable, str(tmp_path / "certificate.pem"))
    reader._tls_context.cache_clear()
    with answering(ANSWER, tls=tls) as target:
        url = target.url
        expected = bool(named) and of_this_host
        assert [preflight_believes(url), readers_believe(url), probe_believes(url)] == [expected] * 3
    reader._tls_context.cache_clear()


BOTO3_BELIEVES = (
    ({}, False),
    ({"AWS_CA_BUNDLE": "own"}, True),
    ({"REQUESTS_CA_BUNDLE": "own"}, True),
    ({"SSL_CERT_FILE": "own"}, False),
    ({"AWS_CA_BUNDLE": "other", "REQUESTS_CA_BUNDLE": "own"}, False),
    ({"AWS_CA_BUNDLE": "own", "REQUESTS_CA_BUNDLE": "other"}, True),
)


@pytest.mark.parametrize(("named", "expected"), BOTO3_BELIEVES)
def test_whom_the_writers_library_believes_is_as_the_table_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: dict[str, str], expected: bool
) -> None:
    for folder in ("own", "other"):
        (tmp_path / folder).mkdir()
        certificate_in(tmp_path / folder)
    tls = certificate_in(tmp_path / "own")
    for variable in (*VARIABLES, "AWS_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    for variable, folder in named.items():
        monkeypatch.setenv(variable, str(tmp_path / folder / "certificate.pem"))
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", tls=tls) as target:
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=target.url.removesuffix("/v1/samples"),
            region_name="us-east-1",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="not-a-secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
        try:
            client.head_object(Bucket="bucket", Key="payload.json")
            believed = True
        except SSLError:
            believed = False
    assert believed is expected
