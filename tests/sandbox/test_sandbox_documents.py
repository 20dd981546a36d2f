"""Several documents and API keys: what a synthesized stack says of them is what the sandbox answers."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from gateway_bench import BUCKET, SYNTH, Bench, document

from loadtest.sandbox.aws.provision import document_urls, outputs_of
from loadtest.sandbox.stack.definition import DefinitionError, GatewayDefinition, ReaderKey
from loadtest.sandbox.stack.synth import read_stack
from loadtest.sandbox.store.objects import object_version

BASE = "http://127.0.0.1:5000"
FORBIDDEN = (403, {"message": "Forbidden"}, "ForbiddenException")
THROTTLED = (429, {"message": "Too Many Requests"}, "TooManyRequestsException")
USED_UP = (429, {"message": "Limit Exceeded"}, "LimitExceededException")


def put(bench: Bench, key: str, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    bench.store.track(BUCKET, key).publish(object_version(body, f'"{key}"', 1_700_000_000, headers))


def keyed(*keys: ReaderKey) -> Bench:
    bench = Bench("keyed", change=lambda definition: dataclasses.replace(definition, keys=keys))
    put(bench, "prices.json", document(1))
    return bench


def asked(bench: Bench, **headers: str) -> tuple[int, Any, str]:
    answer = bench.ask("GET", "/prices", {name.replace("_", "-"): value for name, value in headers.items()})
    return answer.status, answer.json(), answer.headers.get("x-amzn-errortype", "")


def test_each_path_serves_its_own_object() -> None:
    bench = Bench("documents")
    served = {"/samples": "payload.json", "/prices": "prices.json", "/shop/offers": "shop/offers.json"}
    for number, key in enumerate(served.values()):
        put(bench, key, document(number))
    for number, (path, key) in enumerate(served.items()):
        answer = bench.ask("GET", path)
        assert (answer.status, answer.body, answer.headers["etag"]) == (200, document(number), f'"{key}"')
        assert bench.ask("GET", path, {"If-None-Match": f'"{key}"'}).status == 304
        assert bench.ask("HEAD", path).headers["etag"] == f'"{key}"'
    assert bench.ask("GET", "/shop").status == 403, "a part of a path is no document"


def test_the_cache_keeps_documents_apart_and_below_the_first_level_too() -> None:
    bench = Bench("documents")
    for key in ("payload.json", "prices.json", "shop/offers.json"):
        put(bench, key, document(1))
    for path in ("/samples", "/prices", "/shop/offers"):
        assert bench.ask("GET", path).body == document(1)
    for key in ("payload.json", "prices.json", "shop/offers.json"):
        put(bench, key, document(2))
    for path in ("/samples", "/prices", "/shop/offers"):
        assert bench.ask("GET", path).body == document(1), f"{path} is cached"


def test_without_a_key_or_with_a_wrong_one_it_is_403() -> None:
    bench = keyed(ReaderKey("right"))
    assert asked(bench) == FORBIDDEN
    for wrong in ("", "wrong", "Right", "right ", "right, right"):
        assert asked(bench, x_api_key=wrong) == FORBIDDEN
    assert asked(bench, authorization="right") == FORBIDDEN
    for name in ("x_api_key", "X_Api_Key", "X_API_KEY"):
        assert asked(bench, **{name: "right"})[0] == 200
    assert bench.ask("HEAD", "/also").status == 403
    assert bench.ask("HEAD", "/also", {"x-api-key": "right"}).status == 200


def test_a_refusal_may_be_read_by_a_page_and_a_preflight_needs_no_key() -> None:
    bench = keyed(ReaderKey("right"))
    assert bench.ask("GET", "/prices").headers["access-control-allow-origin"] == "https://site.example"
    preflight = bench.ask("OPTIONS", "/prices")
    assert preflight.status == 204
    assert "X-Api-Key" in preflight.headers["access-control-allow-headers"]


def test_where_no_plan_holds_a_key_nobody_passes() -> None:
    assert asked(keyed(), x_api_key="any") == FORBIDDEN


def test_each_key_has_its_own_limits() -> None:
    bench = keyed(ReaderKey("few", rate=0.001, burst=2), ReaderKey("three", quota=3), ReaderKey("free"))
    few = [asked(bench, x_api_key="few") for _ in range(4)]
    assert [answer[0] for answer in few] == [200, 200, 429, 429]
    assert few[-1] == THROTTLED
    three = [asked(bench, x_api_key="three") for _ in range(5)]
    assert [answer[0] for answer in three] == [200, 200, 200, 429, 429]
    assert three[-1] == USED_UP
    assert {asked(bench, x_api_key="free")[0] for _ in range(20)} == {200}


def test_the_stack_s_own_key_is_made_up_and_its_plan_is_read() -> None:
    (key,) = read_stack("keyed", SYNTH / "keyed.tf.json").definition.keys
    (other,) = read_stack("keyed", SYNTH / "keyed.tf.json").definition.keys
    assert (key.rate, key.burst, key.quota) == (0.001, 3, 5)
    assert len(key.value) == 40
    assert key.value != other.value
    assert key.value not in repr(key)


def change(file: Path, kind: str, **changes: Any) -> Path:
    content = json.loads((SYNTH / "keyed.tf.json").read_text())
    (resource,) = content["resource"][kind].values()
    resource.update(changes)
    file.write_text(json.dumps(content))
    return file


def keys_of(file: Path) -> list[str]:
    return [key.value for key in read_stack("keyed", file).definition.keys]


def test_a_key_that_the_stack_gives_is_that_key(tmp_path: Path) -> None:
    assert keys_of(change(tmp_path / "a.json", "aws_api_gateway_api_key", value="given" * 8)) == ["given" * 8]


def test_a_key_that_is_off_or_of_another_stage_opens_nothing(tmp_path: Path) -> None:
    assert keys_of(change(tmp_path / "a.json", "aws_api_gateway_api_key", enabled=False)) == []
    other = [{"api_id": "another", "stage": "v1"}]
    assert keys_of(change(tmp_path / "a.json", "aws_api_gateway_usage_plan", api_stages=other)) == []


def test_what_the_sandbox_does_not_interpret_is_refused_in_one_sentence(tmp_path: Path) -> None:
    content = json.loads((SYNTH / "keyed.tf.json").read_text())
    (plan,) = content["resource"]["aws_api_gateway_usage_plan"].values()
    stages = [plan["api_stages"][0] | {"throttle": [{"path": "/prices/GET", "rate_limit": 1, "burst_limit": 1}]}]
    with pytest.raises(DefinitionError, match=r"^The usage plan 'read-model-readers' throttles single methods"):
        keys_of(change(tmp_path / "a.json", "aws_api_gateway_usage_plan", api_stages=stages))

    def from_authorizer(definition: GatewayDefinition) -> GatewayDefinition:
        return dataclasses.replace(definition, api=dataclasses.replace(definition.api, api_key_source="AUTHORIZER"))

    with pytest.raises(DefinitionError, match=r"^The REST API takes API keys from 'AUTHORIZER'"):
        Bench("keyed", change=from_authorizer)


def test_outputs_lead_to_the_sandbox_and_not_to_the_real_domain() -> None:
    stack = read_stack("keyed", SYNTH / "keyed.tf.json")
    for name in ("id", "secret"):
        (logical,) = stack.resolver.names("aws_iam_access_key")
        stack.resolver.choose(f"aws_iam_access_key.{logical}.{name}", "made-up")
    outputs = outputs_of(stack, BASE)["keyed"]
    stage = f"{BASE}/_aws/execute-api/{stack.definition.api.id}/v1"
    assert outputs["DocumentUrls"] == {"/prices": f"{stage}/prices", "/also": f"{stage}/also"}
    assert outputs["SamplesUrl"] == f"{stage}/prices", "the stack says which is the first"
    assert set(document_urls(BASE, stack.definition)) == set(outputs["DocumentUrls"].values())
    (key,) = stack.definition.keys
    assert outputs["ApiKey"] == key.value
    assert "CustomDomainUrl" not in outputs
    assert "CustomDomainTarget" not in outputs


def test_what_the_sandbox_does_without_is_said() -> None:
    assert read_stack("conditional", SYNTH / "conditional.tf.json").left_out == ()
    domain, acl = read_stack("keyed", SYNTH / "keyed.tf.json").left_out
    assert domain.startswith("The domain data.example.com is not served here")
    assert acl.startswith("The web ACL arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/")
