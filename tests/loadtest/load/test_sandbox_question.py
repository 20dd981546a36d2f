"""Only this project's sandbox is called one: nothing else is, wherever it listens and whatever it answers."""

import json
from dataclasses import replace

import pytest

from loadtest.sandbox.marker import ADMIN_PATH, identified
from loadtest.target.finding import Target
from tests.targets.odd_store import running_odd_store


@pytest.mark.parametrize(
    "answer", ["200|{}", "404|gone", "200|[]", "200|not json", '200|{"what": "AWS"}', "200|" + "[" * 5000]
)
def test_another_store_on_loopback_is_no_sandbox(answer: str) -> None:
    with running_odd_store(getfail=answer) as odd:
        odd.hold(json.dumps({"what": "a document"}).encode())
        for url in (f"{odd.url}/v1/samples", f"{odd.url}/_aws/execute-api/abc/prod/v1/samples"):
            target = identified(Target(url, "bkt", "payload.json", "us-east-1", odd.url, None))
            assert (target.is_sandbox, target.kind) == (False, "other")
            assert target.public()["s3_endpoint_url"] == odd.url
        assert ADMIN_PATH in {request.target for request in odd.requests}


def test_a_target_that_looks_like_no_emulator_is_not_asked() -> None:
    with running_odd_store() as odd:
        target = Target(f"{odd.url}/v1/samples", "bkt", "payload.json", "us-east-1", None, None)
        assert not identified(
            replace(target, s3_endpoint_url="https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com")
        ).is_sandbox
        assert not odd.requests
