"""The API as data: what each mapping answers, and when its fingerprint changes."""

from typing import Any

import pytest

from stacks.api_definition import ApiDefinition, MethodDefinition, documents_api_definition

URI = "arn:aws:apigateway:eu-central-1:s3:path/bucket/payload.json"


def definition(**settings: Any) -> ApiDefinition:
    return documents_api_definition({"/samples": URI}, **settings)


def methods(api: ApiDefinition) -> tuple[MethodDefinition, ...]:
    (document,) = api.documents
    return document.methods


def method(api: ApiDefinition, verb: str) -> MethodDefinition:
    return next(method for method in methods(api) if method.http_method == verb)


def test_the_conditional_mapping_tells_the_answers_apart() -> None:
    api = definition()
    assert [method.http_method for method in methods(api)] == ["GET", "HEAD"]
    for verb in ("GET", "HEAD"):
        selected = {answer.status: answer.selection_pattern for answer in method(api, verb).responses}
        assert selected == {200: "200", 304: "304", 404: "404", 502: None}


def test_get_and_head_answer_alike() -> None:
    api = definition(cors_origins=("*",))
    assert method(api, "GET").responses == method(api, "HEAD").responses
    assert method(api, "GET").request_headers == method(api, "HEAD").request_headers


def test_data_is_passed_through_and_errors_have_a_body_of_their_own() -> None:
    bodies = {answer.status: answer.body for answer in method(definition(), "GET").responses}
    assert bodies[200] is None
    assert bodies[304] is None
    assert '"message"' in str(bodies[404])
    assert '"message"' in str(bodies[502])


@pytest.mark.parametrize("settings", [{}, {"cors_origins": ("*",)}, {"cors_origins": ("https://a", "https://b")}])
def test_headers_that_the_gateway_writes_itself_are_never_mapped(settings: dict[str, Any]) -> None:
    never = {"content-length", "date", "transfer-encoding", "connection", "authorization", "te", "expect", "host"}
    for verb in methods(definition(**settings)):
        assert not never & {name.lower() for name in verb.request_headers}
        for answer in verb.responses:
            assert not never & {name.lower() for name in answer.headers}


def test_the_original_mapping_is_200_for_everything() -> None:
    (get,) = methods(definition(mapping="original"))
    assert (get.http_method, get.request_headers) == ("GET", ())
    (answer,) = get.responses
    assert (answer.status, answer.selection_pattern, answer.headers, answer.body) == (200, None, {}, None)


def test_the_half_mapping_passes_the_validator_on_and_knows_only_200() -> None:
    (get,) = methods(definition(mapping="half"))
    assert get.request_headers == ("If-None-Match", "if-none-match")
    (answer,) = get.responses
    assert (answer.status, answer.selection_pattern) == (200, None)
    assert answer.headers == {"ETag": "integration.response.header.ETag"}


@pytest.mark.parametrize("origins", [("*",), ("https://a.example",), ("https://a.example", "https://b.example")])
def test_with_cors_every_answer_may_be_read_and_etag_is_exposed(origins: tuple[str, ...]) -> None:
    api = definition(cors_origins=origins)
    answers = [answer.headers for verb in methods(api) for answer in verb.responses]
    answers += [answer.headers for answer in api.gateway_responses]
    assert {answer.response_type for answer in api.gateway_responses} == {"DEFAULT_4XX", "DEFAULT_5XX"}
    assert len(answers) == 4 + 4 + 1 + 2
    for headers in answers:
        assert "Access-Control-Allow-Origin" in headers
        assert headers["Access-Control-Expose-Headers"] == "'ETag'"


def test_one_origin_is_a_constant() -> None:
    api = definition(cors_origins=("https://a.example",))
    allowed = {a.headers["Access-Control-Allow-Origin"] for verb in methods(api) for a in verb.responses}
    assert allowed == {"'https://a.example'"}


def test_of_several_origins_s3_names_the_one_that_asked() -> None:
    get = method(definition(cors_origins=("https://a.example", "https://b.example")), "GET")
    assert {"Origin", "origin"} < set(get.request_headers)
    for answer in get.responses:
        from_s3 = (
            answer.headers["Access-Control-Allow-Origin"] == "integration.response.header.Access-Control-Allow-Origin"
        )
        assert from_s3 == (answer.status in {200, 304})
        assert ("Vary" in answer.headers) == from_s3


def test_a_preflight_allows_the_conditional_headers() -> None:
    options = method(definition(cors_origins=("*",)), "OPTIONS")
    assert options.back_end == "none"
    (answer,) = options.responses
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Methods"] == "'GET,HEAD,OPTIONS'"
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]


def test_a_cached_answer_is_kept_apart_by_what_was_asked() -> None:
    get = method(definition(cached=True), "GET")
    assert get.cache_key_headers == get.request_headers != ()
    assert method(definition(cached=True, mapping="original"), "GET").cache_key_headers == ()
    assert method(definition(), "GET").cache_key_headers == ()


def test_equal_definitions_have_equal_fingerprints() -> None:
    assert definition().fingerprint() == definition().fingerprint()


def test_every_change_of_the_definition_changes_the_fingerprint() -> None:
    others: list[dict[str, Any]] = [
        {},
        {"mapping": "original"},
        {"mapping": "half"},
        {"endpoint_type": "edge"},
        {"cors_origins": ("*",)},
        {"cors_origins": ("https://a.example",)},
        {"cached": True},
        {"api_key_required": True},
    ]
    fingerprints = {definition(**settings).fingerprint() for settings in others}
    served: list[dict[str, str]] = [
        {"/samples": URI + "x"},
        {"/prices": URI},
        {"/samples": URI, "/prices": URI},
        {"/samples": URI, "/prices": URI + "x"},
    ]
    fingerprints |= {documents_api_definition(each).fingerprint() for each in served}
    assert len(fingerprints) == len(others) + len(served)


def test_the_order_of_documents_deploys_nothing_anew() -> None:
    served = {"/samples": URI, "/prices": URI + "x"}
    backwards = dict(reversed(served.items()))
    assert documents_api_definition(served).fingerprint() == documents_api_definition(backwards).fingerprint()


def test_readers_need_a_key_and_a_browser_s_preflight_does_not() -> None:
    api = definition(api_key_required=True, cors_origins=("*",))
    assert {m.http_method: m.api_key_required for m in methods(api)} == {"GET": True, "HEAD": True, "OPTIONS": False}
    (answer,) = method(api, "OPTIONS").responses
    assert "X-Api-Key" in answer.headers["Access-Control-Allow-Headers"]
    (answer,) = method(definition(cors_origins=("*",)), "OPTIONS").responses
    assert "X-Api-Key" not in answer.headers["Access-Control-Allow-Headers"]
