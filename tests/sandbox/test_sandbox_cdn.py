"""The CDN in front: keeps documents for its time, answers conditions from its copy, and touches nothing else."""

import asyncio

import pytest

from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.faults.timing import WriteGate
from loadtest.sandbox.faults.values import FaultValueError
from loadtest.sandbox.gateway.cdn import Cdn
from loadtest.sandbox.gateway.request_plan import Headers
from loadtest.sandbox.gateway.responses import GatewayAnswer
from loadtest.sandbox.http.protocol import SENT_HEADERS
from loadtest.sandbox.server.app import SandboxApp
from tests.sandbox.test_sandbox_cache import Clock

KEY = ("GET", "/v1/samples?")


class Gateway:
    """Answers with the latest version, and counts what it was asked."""

    def __init__(self) -> None:
        self.version, self.status = 1, 200
        self.asked: list[Headers] = []

    async def __call__(self, sent: Headers) -> GatewayAnswer:
        self.asked.append(sent)
        body = f"version {self.version}".encode()
        tag = f'"{self.version}"'.encode()
        headers = ((b"content-type", b"application/json"), (b"content-length", b"9"), (b"etag", tag))
        return GatewayAnswer(self.status, headers, body)


class InFront:
    def __init__(self) -> None:
        self.clock, self.gateway = Clock(), Gateway()
        self._cdn = Cdn(self.clock)

    def get(self, *sent: tuple[bytes, bytes], ttl: float | None = 2.0) -> GatewayAnswer:
        return asyncio.run(self._cdn.answer(KEY, list(sent), ttl, self.gateway))


def field(answer: GatewayAnswer, name: bytes) -> bytes | None:
    return dict(answer.headers).get(name)


def test_a_copy_is_answered_until_its_time_is_up_and_says_how_old_it_is() -> None:
    front = InFront()
    assert field(front.get(), b"age") == b"0"
    front.gateway.version = 2
    front.clock.now += 1.9
    old = front.get()
    assert (old.body, field(old, b"age"), len(front.gateway.asked)) == (b"version 1", b"1", 1)
    front.clock.now += 0.1
    assert front.get().body == b"version 2"


@pytest.mark.parametrize("condition", [b'"1"', b'W/"1"', b'"0", "1"', b"*"])
def test_conditions_are_answered_from_the_copy_and_not_passed_on(condition: bytes) -> None:
    front = InFront()
    front.get((b"If-None-Match", b'"0"'), (b"x-api-key", b"key"))
    front.gateway.version = 2
    confirmed = front.get((b"if-none-match", condition))
    assert (confirmed.status, confirmed.body, field(confirmed, b"etag")) == (304, b"", b'"1"')
    assert field(confirmed, b"content-length") is None and field(confirmed, b"age") == b"0"
    assert front.get((b"If-None-Match", b'"2"')).status == 200  # the new version, which the copy does not know of
    assert front.gateway.asked == [[(b"x-api-key", b"key")]]


def test_errors_are_not_kept() -> None:
    front = InFront()
    front.gateway.status = 503
    assert front.get().status == 503
    front.gateway.status = 200
    assert front.get().status == 200
    front.clock.now += 2
    front.gateway.status = 500
    assert front.get().status == 500
    assert field(front.get(), b"age") is None


def test_without_the_fault_everything_is_passed_on_as_it_is() -> None:
    front = InFront()
    for version in (1, 2):
        front.gateway.version = version
        passed = front.get((b"If-None-Match", b'"1"'), ttl=None)
        assert (passed.body, field(passed, b"age")) == (f"version {version}".encode(), None)
    assert front.gateway.asked == [[(b"If-None-Match", b'"1"')]] * 2


@pytest.mark.parametrize("value", ["2000ms", "ttl", "ttl0", "ttl-1s", "for ttl2s", "ttl11m"])
def test_a_wrong_value_is_refused(value: str) -> None:
    with pytest.raises(FaultValueError):
        FaultSet(1).set("cdn", value)


def test_the_fault_is_set_and_taken_away() -> None:
    faults = FaultSet(1)
    faults.set("cdn", "ttl2000ms")
    assert faults.cdn_ttl == 2.0 and faults.cache_ttl is None
    faults.set("cdn", "off")
    assert faults.cdn_ttl is None


@pytest.mark.parametrize("path", ["/_cdn/v1/samples", "/_cdn/_aws/execute-api/abc/v1/samples", "/_cdn/nothing"])
def test_a_path_behind_the_cdn_that_nobody_serves_gets_the_gateways_own_answer(path: str) -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"path": path, "method": "GET", "query_string": b"", "headers": [], SENT_HEADERS: []}
    asyncio.run(SandboxApp(FaultSet(1), WriteGate())(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 403
