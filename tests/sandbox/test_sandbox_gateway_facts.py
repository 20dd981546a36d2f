"""The sandbox answers as API Gateway in front of S3 does: one test for each thing that was looked up or recorded.

Each test names its row of the table "API Gateway REST in front of S3": what makes ETag and 304 work, and what breaks.
"""

import dataclasses
from collections.abc import Callable

import pytest
from gateway_bench import BUCKET, KEY, Bench, changed_api, changed_method, document, published

from loadtest.sandbox.stack.definition import DefinitionError, GatewayDefinition, GatewayResponse, IntegrationResponse
from loadtest.sandbox.stack.policy import role_policy

OLD = '"0123456789abcdef0123456789abcdef"'
Change = Callable[[GatewayDefinition], GatewayDefinition]


def test_row_original_template_200_no_etag_and_if_none_match_ignored() -> None:
    bench, version = published("original")
    answer = bench.get(If_None_Match=version.etag)
    assert (answer.status, answer.body) == (200, document(1))
    assert "etag" not in answer.headers
    assert "last-modified" not in answer.headers


def test_row_half_a_fix_is_worse_304_becomes_200_with_an_empty_body() -> None:
    bench, version = published("half")
    assert bench.get().body == document(1)
    answer = bench.get(If_None_Match=version.etag)
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")
    assert answer.headers["etag"] == version.etag


BEFORE, AT, AFTER = (f"Tue, 14 Nov 2023 22:13:{second} GMT" for second in (19, 20, 21))
LONG_BEFORE, LONG_AFTER = "Tue, 14 Nov 2003 22:13:20 GMT", "Tue, 14 Nov 2033 22:13:20 GMT"
SPELLINGS = ("If-None-Match", "if-none-match")
CONDITIONS = [
    # method request parameters: both spellings are mapped
    *(("conditional", {name: "{}"}, 304) for name in SPELLINGS),
    *(("conditional", {name: OLD}, 200) for name in SPELLINGS),
    # header case: regional endpoints pass names as sent, so one that is not mapped does not reach S3 …
    ("conditional", {"IF-NONE-MATCH": "{}"}, 200),
    # … and edge endpoints capitalize them
    *(("edge", {name: "{}"}, 304) for name in (*SPELLINGS, "IF-NONE-MATCH")),
    *(
        ("conditional", {name: since}, status)
        for name in ("If-Modified-Since", "if-modified-since")
        for since, status in ((BEFORE, 200), (AT, 304), (AFTER, 304), ("yesterday", 200))
    ),
    # weak, list and star are open, so the stricter reading is taken: RFC 9110 wants 304, moto answers 200
    *(("conditional", {"If-None-Match": form}, 200) for form in ("W/{}", "{}, " + OLD, OLD + ", {}", "*")),
    # RFC 9110, section 13.2.2: If-Modified-Since is not evaluated when If-None-Match is there
    ("conditional", {"If-None-Match": OLD, "If-Modified-Since": LONG_AFTER}, 200),
    ("conditional", {"If-None-Match": "{}", "If-Modified-Since": LONG_BEFORE}, 304),
]


@pytest.mark.parametrize(("variant", "headers", "status"), CONDITIONS)
def test_row_conditions(variant: str, headers: dict[str, str], status: int) -> None:
    bench = Bench(variant)
    version = bench.publish(document(1), modified=1_700_000_000.9)
    sent = {name: value.format(version.etag) for name, value in headers.items()}
    assert bench.ask(headers=sent).status == status


def test_row_header_case_a_mapping_of_one_spelling_takes_no_other() -> None:
    mapping = {"integration.request.header.If-None-Match": "method.request.header.If-None-Match"}
    bench, version = published(change=lambda it: changed_method(it, integration={"request_parameters": mapping}))
    assert bench.ask(headers={"if-none-match": version.etag}).status == 200
    assert bench.ask(headers={"If-None-Match": version.etag}).status == 304


def test_row_200_maps_etag_last_modified_cache_control_and_content_type() -> None:
    bench = Bench()
    version = bench.publish(document(1), content_type="application/vnd.samples+json")
    answer = bench.get()
    assert answer.headers == {
        "content-type": "application/vnd.samples+json",
        "cache-control": "no-cache",
        "etag": version.etag,
        "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT",
        "content-length": str(len(document(1))),
    }


def test_row_304_maps_validators_and_has_no_body() -> None:
    bench, version = published()
    answer = bench.get(If_None_Match=version.etag)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == version.etag
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert "content-length" not in answer.headers


def test_row_404_has_a_json_template() -> None:
    answer = Bench().get()
    assert answer.status == 404
    assert answer.json() == {"message": "The read model has not been published yet."}
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")


def _with_role(definition: GatewayDefinition, *statements: dict[str, str]) -> GatewayDefinition:
    document_ = {"Statement": [{"Effect": "Allow", **statement} for statement in statements]}
    return dataclasses.replace(definition, roles={arn: role_policy([document_]) for arn in definition.roles})


READ = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/{KEY}"}
LIST = {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}


def test_row_default_502_so_that_a_broken_role_is_never_a_200() -> None:
    bench, _ = published(change=lambda definition: _with_role(definition, LIST))
    answer = bench.get()
    assert answer.status == 502
    assert answer.json() == {"message": "The read model could not be fetched."}


def test_row_403_or_404_for_a_missing_object_depends_on_list_bucket() -> None:
    """With the default mapping 404 is told apart; without s3:ListBucket S3 says 403, which is the default answer."""
    assert Bench(change=lambda definition: _with_role(definition, READ, LIST)).get().status == 404
    assert Bench(change=lambda definition: _with_role(definition, READ)).get().status == 502


def test_row_default_of_200_hides_errors_missing_key_answers_200_with_xml() -> None:
    answer = Bench("original").get()
    assert answer.status == 200
    assert b"<Code>NoSuchKey</Code>" in answer.body
    assert answer.headers["content-type"] == "application/json"


def _responses(*responses: IntegrationResponse) -> Change:
    def change(definition: GatewayDefinition) -> GatewayDefinition:
        declared = {
            response.status_code: frozenset(response.response_parameters) | frozenset({"method.response.header.X"})
            for response in responses
        }
        return changed_method(definition, responses=declared, integration={"responses": responses})

    return change


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [("200", True), ("2\\d{2}", True), ("2.*", True), ("20", False), ("00", False), ("2", False)],
)
def test_row_selection_pattern_is_matched_against_the_whole_status(pattern: str, matches: bool) -> None:
    bench, _ = published(change=_responses(IntegrationResponse(201, pattern), IntegrationResponse(502, None)))
    assert bench.get().status == (201 if matches else 502)


def test_row_no_match_and_no_default_is_500() -> None:
    bench, _ = published(change=_responses(IntegrationResponse(404, "404")))
    answer = bench.get()
    assert (answer.status, answer.json()) == (500, {"message": "Internal server error"})


def test_row_unmapped_content_type_becomes_json() -> None:
    bench = Bench("original")
    bench.publish(b"<xml/>", content_type="application/xml")
    assert bench.get().headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda it: changed_method(it, responses={}), "GET /samples has an integration response .* AWS would refuse"),
        (
            lambda it: changed_method(it, responses=dict.fromkeys((200, 304, 404, 502), frozenset())),
            "does not declare; AWS would refuse",
        ),
        (
            lambda it: changed_method(it, request_parameters={}),
            "does not declare in its request parameters; AWS would refuse",
        ),
        (lambda it: changed_api(it, binary_media_types=("*/*",)), "leave both off"),
        (lambda it: changed_api(it, minimum_compression_size=0), "leave both off"),
    ],
    ids=["responses", "response headers", "request headers", "binary media types", "compression"],
)
def test_row_what_is_not_declared_or_breaks_the_document_is_refused(change: Change, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        Bench(change=change)


@pytest.mark.parametrize("name", ["Date", "Content-Length", "Connection", "Server", "WWW-Authenticate", "User-Agent"])
def test_row_never_map_these_responses_they_are_remapped(name: str) -> None:
    parameters = {f"method.response.header.{name}": "'mine'"}
    bench, _ = published(change=_responses(IntegrationResponse(200, None, parameters)))
    answer = bench.get()
    assert answer.headers[f"x-amzn-remapped-{name.lower()}"] == "mine"
    assert answer.headers["content-length"] == str(len(document(1)))


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Authorization", "Connection", "Expect", "TE"])
def test_row_never_map_these_requests_they_fail_with_500(name: str) -> None:
    source = f"method.request.header.{name}"

    mapping = {"request_parameters": {f"integration.request.header.{name}": source}}
    bench, _ = published(change=lambda it: changed_method(it, request_parameters={source: False}, integration=mapping))
    assert bench.ask(headers={name: "something"}).status == 500
    assert bench.get().status == 200


def test_row_unknown_path_or_method_is_403() -> None:
    bench, _ = published()
    for method, path in (("GET", "/"), ("GET", "/other"), ("POST", "/samples"), ("DELETE", "/samples")):
        answer = bench.ask(method, path)
        assert (answer.status, answer.json()) == (403, {"message": "Missing Authentication Token"})
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_row_head_on_a_get_only_resource_is_403() -> None:
    assert Bench("original").ask("HEAD").status == 403


def test_row_head_wants_its_own_method_and_mirrors_get() -> None:
    bench, version = published()
    got, head = bench.get(), bench.ask("HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers == {name: value for name, value in got.headers.items() if name != "content-length"}
    assert bench.ask("HEAD", headers={"If-None-Match": version.etag}).status == 304
    assert Bench().ask("HEAD").status == 404


def test_row_throttled_is_429() -> None:
    bench, _ = published("throttled")
    answers = [bench.get() for _ in range(5)]
    assert [answer.status for answer in answers[:3]] == [200, 200, 200]
    assert (answers[-1].status, answers[-1].json()) == (429, {"message": "Too Many Requests"})


def test_row_bytes_that_are_not_utf8_are_altered_while_the_etag_stays() -> None:
    bench = Bench()
    version = bench.publish(b'{"a":"\xff"}')
    answer = bench.get()
    assert answer.body == '{"a":"\N{REPLACEMENT CHARACTER}"}'.encode()
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["etag"] == version.etag
    plain = "ü€😀".encode()
    bench.publish(plain)
    assert bench.get().body == plain


def test_row_same_bytes_same_etag_other_bytes_another() -> None:
    bench, first = published()
    bench.publish(document(1))
    assert bench.get(If_None_Match=first.etag).status == 304
    bench.publish(document(2))
    assert bench.get(If_None_Match=first.etag).status == 200


def test_row_limits_a_payload_above_ten_megabytes_fails() -> None:
    bench = Bench()
    bench.publish(b"1" * 10_485_760)
    assert bench.get().status == 200
    bench.publish(b"1" * 10_485_761)
    assert (bench.get().status, bench.get().json()) == (500, {"message": "Internal server error"})


def test_row_cors_one_origin_on_every_answer_errors_and_the_gateways_own_included() -> None:
    bench = Bench("one-origin")
    missing = bench.get()
    version = bench.publish(document(1))
    answers = {
        200: bench.get(),
        304: bench.get(If_None_Match=version.etag),
        404: missing,
        403: bench.ask("GET", "/other"),
        204: bench.ask("OPTIONS", headers={"Origin": "https://site.example", "Access-Control-Request-Method": "GET"}),
    }
    for status, answer in answers.items():
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "https://site.example"
        assert answer.headers["access-control-expose-headers"] == "ETag"
    assert "If-None-Match" in answers[204].headers["access-control-allow-headers"]
    assert answers[204].body == b""


def test_row_cors_several_origins_s3_names_the_one_that_asks() -> None:
    bench, _ = published("two-origins")
    for origin in ("https://site.example", "https://other.example"):
        answer = bench.get(Origin=origin)
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in bench.get(Origin="https://stranger.example").headers
    assert "access-control-allow-origin" not in bench.get().headers
    assert bench.get(origin="https://site.example").headers["access-control-allow-origin"] == "https://site.example"


def test_gateway_responses_own_status_and_template() -> None:
    own = GatewayResponse(
        "THROTTLED",
        503,
        {"gatewayresponse.header.Retry-After": "'1'"},
        {"application/json": '{"id":"$context.requestId","why":$context.error.messageString}'},
    )
    bench = Bench("throttled", change=lambda it: changed_api(it, gateway_responses=(own,)))
    answer = [bench.get() for _ in range(5)][-1]
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.json() == {"id": "the-request-id", "why": "Too Many Requests"}


def test_row_s3_promise_a_read_after_a_put_returns_it() -> None:
    bench = Bench()
    for version in range(20):
        bench.publish(document(version))
        assert bench.get().body == document(version)
        bench.wait(1)


def test_a_stack_with_everything_is_read() -> None:
    bench, _ = published("everything")
    assert bench.get().status == 200
    assert bench.gateway.routes["/samples"]["GET"].cached_ttl == 5
