"""The parts of the sandbox by themselves: policies, templates, references, conditions, ranges, chunks, throttling."""

import json
from pathlib import Path
from typing import Any

import pytest
from gateway_bench import SYNTH, Bench, changed_method, published
from hypothesis import given
from hypothesis import strategies as st

from loadtest.sandbox.aws import chunked as aws_chunked
from loadtest.sandbox.aws.requests import aws_request, is_signed
from loadtest.sandbox.gateway.templates import compile_template
from loadtest.sandbox.gateway.throttle import TokenBucket
from loadtest.sandbox.stack.definition import DefinitionError
from loadtest.sandbox.stack.policy import PolicyError, role_policy
from loadtest.sandbox.stack.references import Resolver
from loadtest.sandbox.stack.synth import find_stack, read_stack
from loadtest.sandbox.store import s3
from loadtest.sandbox.store.cors import with_cors
from loadtest.sandbox.store.cors_rule import CorsRule
from loadtest.sandbox.store.objects import object_version

OBJECT = "arn:aws:s3:::bucket/payload.json"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "permitted"),
    [
        ([], False),
        ([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECT}], True),
        ([{"Effect": "Allow", "Action": ["S3:Get*"], "Resource": ["arn:aws:s3:::bucket/*"]}], True),
        ([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}], False),
        ([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}], False),
        ([EVERYTHING, {"Effect": "Deny", "Action": "s3:*", "Resource": OBJECT}], False),
        ({"Effect": "Allow", "Action": "s3:GetObjec?", "Resource": "arn:aws:s3:::bucket/payload?json"}, True),
    ],
)  # fmt: skip
def test_policies(statements: Any, permitted: bool) -> None:
    policy = role_policy([json.dumps({"Statement": statements})])
    assert policy.permits("s3:GetObject", OBJECT) is permitted


@pytest.mark.parametrize("document_", ["", "[]", "{}", '{"Statement":[{"Effect":"Allow","Condition":{}}]}'])
def test_policies_that_cannot_be_interpreted(document_: str) -> None:
    with pytest.raises(PolicyError):
        role_policy([document_])


def test_templates_of_text_and_context() -> None:
    template = compile_template('{"id":"$context.requestId","m":${context.error.messageString}, "$1.50": "#1"}', "it")
    rendered = template.render({"requestId": "R", "error.messageString": '"no"'})
    assert rendered == '{"id":"R","m":"no", "$1.50": "#1"}'
    assert compile_template("{}", "it").is_static


@pytest.mark.parametrize(
    "text", ["#set($a = 1)", "$input.body", "$util.escapeJavaScript('a')", "#if(true)#end", "$context.nothing", "${x}"]
)
def test_templates_with_more_than_that_are_refused(text: str) -> None:
    with pytest.raises(DefinitionError, match="The template of GET /samples uses"):
        compile_template(text, "GET /samples")


def conditions(**named: str) -> int:
    version = object_version(b"0123456789", '"e"', 1_700_000_000.5, {})
    return s3.get_object(version, {name.replace("_", "-"): value for name, value in named.items()}, "k", True).status


def test_if_match_and_if_unmodified_since() -> None:
    assert conditions(if_match='"e"') == conditions(if_match="*") == conditions(if_match="e") == 200
    assert conditions(if_match='"other"') == 412
    assert conditions(if_unmodified_since="Tue, 14 Nov 2023 22:13:19 GMT") == 412
    assert conditions(if_unmodified_since="Tue, 14 Nov 2023 22:13:20 GMT") == 200
    assert conditions(if_unmodified_since="never") == 200


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-2", 206, b"89"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=10-", 416, None),
        ("bytes=3-1", 416, None),
        ("bytes=-", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_ranges(wanted: str, status: int, body: bytes | None) -> None:
    version = object_version(b"0123456789", '"e"', 0, {})
    answer = s3.get_object(version, {"range": wanted}, "k", True)
    assert answer.status == status
    if body is not None:
        assert (answer.body, answer.headers["content-length"]) == (body, str(len(body)))


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6))
def test_aws_chunked_bodies(chunks: list[bytes]) -> None:
    signed = b"".join(b"%x;chunk-signature=abc\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    assert aws_chunked.decode(signed + b"0;chunk-signature=abc\r\n\r\n") == b"".join(chunks)
    assert aws_chunked.decode(signed + b"0\r\nx-amz-checksum-crc32:abc\r\n\r\n") == b"".join(chunks)


def test_aws_chunked_bodies_that_are_not() -> None:
    for body in (b"", b"zz\r\n", b"5\r\nabc"):
        with pytest.raises(ValueError, match=r"."):
            aws_chunked.decode(body)
    assert aws_chunked.is_aws_chunked({"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
    assert not aws_chunked.is_aws_chunked({"x-amz-content-sha256": "e3b0", "content-encoding": "gzip"})


def test_what_a_signed_request_is_about() -> None:
    header = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"
    request = aws_request("PUT", "/bucket/a%20b/c.json", "x-id=PutObject", header.format("s3"))
    assert (request.bucket, request.key, request.region) == ("bucket", "a b/c.json", "eu-west-1")
    assert request.is_about_object_itself
    assert not aws_request("PUT", "/bucket/key", "acl", header.format("s3")).is_about_object_itself
    assert not aws_request("PUT", "/bucket", "", header.format("s3")).is_about_object_itself
    assert aws_request("POST", "/", "", header.format("iam")).bucket == ""
    presigned = "X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0"
    assert aws_request("PUT", "/bucket/key", presigned, "").is_about_object_itself
    assert is_signed({b"authorization": b"AWS4-HMAC-SHA256 Credential=x"}, b"")
    assert is_signed({}, presigned.encode())
    assert not is_signed({b"authorization": b"Bearer x"}, b"a=b")


def test_cors_rules_of_a_bucket() -> None:
    rules = (CorsRule(("https://*.example",), ("GET",), ("ETag",), 60), CorsRule(("*",), ("HEAD",)))
    version = object_version(b"1", '"e"', 0, {})
    headers = with_cors(version.whole, rules, "https://a.example", "GET").headers
    assert headers["access-control-allow-origin"] == "https://a.example"
    assert (headers["access-control-expose-headers"], headers["access-control-max-age"]) == ("ETag", "60")
    assert with_cors(version.whole, rules, "https://b.test", "HEAD").headers["access-control-allow-origin"] == "*"
    assert with_cors(version.whole, rules, "https://b.test", "GET") is version.whole


def test_token_bucket() -> None:
    now = 0.0
    bucket = TokenBucket(10, 2, lambda: now)
    assert [bucket.takes() for _ in range(3)] == [True, True, False]
    now += 0.1
    assert [bucket.takes() for _ in range(2)] == [True, False]
    now += 60
    assert [bucket.takes() for _ in range(3)] == [True, True, False]


STACK: dict[str, Any] = {
    "provider": {"aws": [{"region": "${var.region}"}]},
    "variable": {"region": {"default": "cn-north-1"}},
    "data": {
        "aws_region": {"here": {}},
        "aws_iam_policy_document": {
            "it": {"statement": [{"actions": ["s3:GetObject"], "resources": ["${aws_s3_bucket.b.arn}/*"]}]}
        },
    },
    "resource": {
        "aws_s3_bucket": {"b": {"bucket_prefix": "mine-"}},
        "aws_iam_role": {"r": {"name": "role", "path": "/team/"}},
        "aws_lambda_function": {"f": {"function_name": "f"}},
    },
}  # fmt: skip


def test_references_to_configuration_and_to_what_aws_chooses() -> None:
    resolver = Resolver(STACK)
    bucket = resolver.value("${aws_s3_bucket.b.id}")
    assert bucket.startswith("mine-")
    assert resolver.value("x ${aws_s3_bucket.b.arn} y") == f"x arn:aws-cn:s3:::{bucket} y"
    assert resolver.value("${data.aws_region.here.name}") == resolver.region == "cn-north-1"
    assert resolver.value("${aws_iam_role.r.arn}") == "arn:aws-cn:iam::123456789012:role/team/role"
    assert resolver.value("$${not.a.reference}") == "$${not.a.reference}".replace("$${", "${")
    policy = json.loads(resolver.value("${data.aws_iam_policy_document.it.json}"))
    expected = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"arn:aws-cn:s3:::{bucket}/*"]}
    assert policy["Statement"] == [expected]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("${aws_lambda_function.f.arn}", "an attribute that AWS chooses"),
        ("${aws_s3_bucket.missing.id}", "which is not in it"),
        ('${join("-", [1])}', "cannot work out; deploy the stack into an empty sandbox"),
    ],
)
def test_references_that_cannot_be_resolved(text: str, sentence: str) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        Resolver(STACK).value(text)


def test_stacks_are_found_by_name(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="run `make synth`, or start with --empty"):
        find_stack(tmp_path, None)
    for name in ("one", "two"):
        folder = tmp_path / "stacks" / name
        folder.mkdir(parents=True)
        (folder / "cdk.tf.json").write_text("{}")
    with pytest.raises(DefinitionError, match="holds the stacks one, two; say which one with --stack"):
        find_stack(tmp_path, None)
    with pytest.raises(DefinitionError, match="holds no stack 'three', but one, two"):
        find_stack(tmp_path, "three")
    assert find_stack(tmp_path, "two")[0] == "two"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"resource":{"aws_api_gateway_rest_api":{"a":{}}}}', "\x00"])
def test_files_that_are_no_stack(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cdk.tf.json"
    file.write_text(content)
    with pytest.raises(DefinitionError, match=r"."):
        read_stack("x", file)


@pytest.mark.parametrize("kind", ["aws_api_gateway_integration", "aws_api_gateway_stage", "aws_iam_role"])
def test_stacks_that_lack_something(tmp_path: Path, kind: str) -> None:
    content = json.loads((SYNTH / "conditional.tf.json").read_text())
    del content["resource"][kind]
    file = tmp_path / "cdk.tf.json"
    file.write_text(json.dumps(content))
    with pytest.raises(DefinitionError):
        read_stack("x", file)


@pytest.mark.parametrize(
    ("integration", "sentence"),
    [
        ({"uri": "arn:aws:apigateway:us-east-1:lambda:path/x"}, "serves only"),
        ({"uri": "arn:aws:apigateway:us-east-1:s3:path/{bucket}/{key}"}, "without path parameters"),
        ({"http_method": "PUT"}, "reads only"),
        ({"type": "HTTP_PROXY"}, "knows AWS"),
        ({"role": "arn:aws:iam::1:role/stranger"}, "not a role of this stack"),
        ({"request_parameters": {"integration.request.path.a": "'b'"}}, "interprets request headers"),
    ],
)
def test_integrations_that_cannot_be_served(integration: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        Bench(change=lambda definition: changed_method(definition, integration=integration))


def test_methods_with_authorization_cannot_be_served() -> None:
    with pytest.raises(DefinitionError, match="does not interpret"):
        Bench(change=lambda definition: changed_method(definition, authorization="AWS_IAM"))


def test_required_parameters_are_asked_for_where_they_are_validated() -> None:
    needed = {f"method.request.header.{name}": name == "If-None-Match" for name in
              ("If-None-Match", "if-none-match", "If-Modified-Since", "if-modified-since")}  # fmt: skip
    bench, version = published(
        change=lambda it: changed_method(it, request_parameters=needed, validates_parameters=True)
    )
    answer = bench.get()
    assert (answer.status, answer.json()) == (400, {"message": "Missing required request parameters: [If-None-Match]"})
    assert bench.get(If_None_Match=version.etag).status == 304
