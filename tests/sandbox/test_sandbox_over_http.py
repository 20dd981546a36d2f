"""The sandbox on the wire: what readers and writers meet at its one port."""

import hashlib
import socket
from functools import partial

import pytest
from botocore.exceptions import ClientError
from gateway_bench import KEY, document
from sandbox_client import SandboxClient, aws_client

from loadtest.sandbox.process import RunningSandbox, SandboxError


def test_a_put_is_read_by_the_next_read(client: SandboxClient) -> None:
    for version in range(5):
        etag = client.put(document(version))
        answer = client.get()
        assert (answer.status, answer.body, answer.headers["etag"]) == (200, document(version), etag)
        assert etag == f'"{hashlib.md5(document(version)).hexdigest()}"'
        assert client.get(If_None_Match=etag).status == 304


@pytest.mark.parametrize("name", ["If-None-Match", "if-none-match"])
def test_header_names_reach_the_mapping_as_they_were_sent(client: SandboxClient, name: str) -> None:
    etag = client.put(document(1))
    assert client.ask(headers={name: etag}).status == 304
    assert client.ask(headers={name.upper(): etag}).status == 200


def test_the_connection_goes_on_after_a_304(client: SandboxClient) -> None:
    etag = client.put(document(1))
    used = []
    for condition in (None, etag, None, etag):
        answer = client.ask(headers={} if condition is None else {"If-None-Match": condition})
        assert answer.status == (200 if condition is None else 304)
        assert client._connection is not None
        used.append(client._connection.sock)
    assert len(set(map(id, used))) == 1


def test_every_answer_has_a_request_id_of_its_own(client: SandboxClient) -> None:
    client.put(document(1))
    paths = [None, "/", "/v1/other", "/_aws/execute-api/unknown/v1/samples"]
    identifiers = [client.ask(path=path).headers["x-amzn-requestid"] for path in paths for _ in range(2)]
    assert len(set(identifiers)) == len(identifiers)


def test_the_short_path_serves_the_only_stage(client: SandboxClient) -> None:
    client.put(document(1))
    assert client.ask(path="/v1/samples").body == document(1)
    assert client.ask(path="/v1/samples?page=2").body == document(1)
    assert client.ask(path="/v2/samples").status == 403


@pytest.mark.parametrize("path", ["/", "/samples", "/v1", "/v1/other", "/bucket/key"])
def test_what_is_not_signed_and_not_served_is_403(client: SandboxClient, path: str) -> None:
    answer = client.ask(path=path)
    assert (answer.status, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_head(client: SandboxClient) -> None:
    etag = client.put(document(1))
    answer = client.ask("HEAD")
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"", etag)
    assert client.ask("HEAD", headers={"If-None-Match": etag}).status == 304
    assert client.get().body == document(1)


def test_ten_megabytes(client: SandboxClient) -> None:
    body = document(1, size=10 * 1024 * 1024)
    client.put(body)
    assert client.get().body == body


def test_headers_that_s3_keeps_are_those_that_are_mapped(client: SandboxClient) -> None:
    client.put(b"{}", ContentType="application/json; charset=utf-8", CacheControl="max-age=3", Metadata={"a": "b"})
    headers = client.get().headers
    assert (headers["content-type"], headers["cache-control"]) == ("application/json; charset=utf-8", "max-age=3")
    assert "x-amz-meta-a" not in headers


def refused(call: object) -> str:
    with pytest.raises(ClientError) as caught:
        call()  # type: ignore[operator]
    return str(caught.value.response["Error"]["Code"])


def test_what_s3_refuses_publishes_nothing(client: SandboxClient) -> None:
    client.put(document(1))
    outputs = client.sandbox.outputs()
    key, bucket = outputs["DataStoreAccessKeyId"], client.bucket
    wrong_secret = aws_client("s3", client.sandbox.url, key, "x" * 40)
    unknown_key = aws_client("s3", client.sandbox.url, "AKIA0000000000000000", "x" * 40)
    assert refused(lambda: wrong_secret.put_object(Bucket=bucket, Key=KEY, Body=b"2")) == "SignatureDoesNotMatch"
    assert refused(lambda: unknown_key.put_object(Bucket=bucket, Key=KEY, Body=b"2")) == "InvalidAccessKeyId"
    assert refused(lambda: client.s3.put_object(Bucket=bucket, Key=KEY, Body=b"2", IfNoneMatch="*")) == (
        "PreconditionFailed"
    )
    assert client.get().body == document(1)


def test_the_writer_may_do_nothing_but_put_the_one_object(client: SandboxClient) -> None:
    bucket = client.bucket
    assert refused(lambda: client.s3.put_object(Bucket=bucket, Key="other.json", Body=b"2")) == "AccessDenied"
    etag = client.put(document(1))
    under_a_condition = partial(client.s3.put_object, Bucket=bucket, Key=KEY, Body=b"2", IfMatch=etag)
    assert refused(under_a_condition) == "AccessDenied"  # S3 takes one only from a key that may read
    assert refused(lambda: client.s3.get_object(Bucket=bucket, Key=KEY)) == "AccessDenied"
    assert refused(lambda: client.s3.delete_object(Bucket=bucket, Key=KEY)) == "AccessDenied"
    assert refused(client.s3.list_buckets) == "AccessDenied"


def test_a_put_under_a_condition_replaces_what_it_names_and_nothing_else(client: SandboxClient) -> None:
    etag = client.put(document(1))
    client.sandbox.enforce_iam(False)
    try:
        owner = aws_client("s3", client.sandbox.url)
        put = partial(owner.put_object, Bucket=client.bucket, Key=KEY, Body=document(2))
        assert refused(partial(put, IfMatch='"of another"')) == "PreconditionFailed"
        assert client.get().body == document(1)
        put(IfMatch=etag)
        assert client.get().body == document(2)
        owner.delete_object(Bucket=client.bucket, Key=KEY)
        assert refused(partial(put, IfMatch=etag)) == "NoSuchKey"
    finally:
        client.sandbox.enforce_iam()


def test_a_bucket_that_does_not_exist_is_said_not_to(client: SandboxClient) -> None:
    assert refused(lambda: client.s3.put_object(Bucket="no-such-bucket", Key=KEY, Body=b"2")) == "NoSuchBucket"


def test_administration_is_listed_and_refuses_what_it_does_not_know(client: SandboxClient) -> None:
    state = client.admin("GET", "/_sandbox").json()
    assert state["what"] == "a stand-in for AWS, not AWS"
    assert state["samples"] == [client.sandbox.samples_url]
    assert "latency" in client.admin("GET", "/_sandbox/faults").json()["available"]
    for method, path, content, status in (
        ("PUT", "/_sandbox/faults", {"unknown": "1"}, 400),
        ("PUT", "/_sandbox/faults", ["latency"], 400),
        ("PUT", "/_sandbox/faults", {"latency": 5}, 400),
        ("PUT", "/_sandbox/enforce-iam", "yes", 400),
        ("POST", "/_sandbox/faults", {}, 404),
        ("GET", "/_sandbox/nothing", None, 404),
    ):
        answer = client.admin(method, path, content)
        assert answer.status == status
        assert answer.json()["message"]


def test_faults_are_adjusted_while_it_runs(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_faults({"error-rate": "on", "torn": "1%"})
    assert client.get().status == 500
    assert client.sandbox.state()["faults"] == {"error-rate": "on", "torn": "1%"}
    client.sandbox.set_fault("error-rate", "off")
    assert client.get().status == 200
    with pytest.raises(SandboxError, match="the value of the fault torn cannot be used"):
        client.sandbox.set_fault("torn", "some")


def test_no_secret_is_told(client: SandboxClient) -> None:
    secret = client.sandbox.outputs()["DataStoreSecretAccessKey"]
    for path in ("/_sandbox", "/_sandbox/faults", "/v1/samples"):
        assert secret not in client.ask(path=path).body.decode()


def test_nonsense_on_the_wire_does_no_harm(conditional_sandbox: RunningSandbox, client: SandboxClient) -> None:
    client.put(document(1))
    torn_headers = b"GET / HTTP/1.1\r\nHost: \xff\r\n: \r\n\r\n"
    for nonsense in (b"\x16\x03\x01\x02", b"GET\r\n\r\n", torn_headers, b"PRI * HTTP/2.0\r\n\r\n"):
        with socket.create_connection((client.url.hostname, client.url.port), timeout=5) as connection:
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert client.get().body == document(1)
    assert conditional_sandbox.state()["samples"]
