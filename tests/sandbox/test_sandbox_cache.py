"""Row "Stage cache": API Gateway's cache as a stack configures it, and as the fault turns it on."""

import dataclasses

import pytest
from gateway_bench import Bench, document

from loadtest.sandbox.gateway import cache as cache_module
from loadtest.sandbox.gateway.responses import GatewayAnswer
from loadtest.sandbox.stack.definition import GatewayDefinition, MethodSettings


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def cached_bench(clock: Clock, variant: str = "cached", **settings: object) -> Bench:
    def change(definition: GatewayDefinition) -> GatewayDefinition:
        own = {path: dataclasses.replace(each, **settings) for path, each in definition.stage.settings.items()}  # type: ignore[arg-type]
        return dataclasses.replace(definition, stage=dataclasses.replace(definition.stage, settings=own))

    bench = Bench(variant, change=change)
    bench.gateway._cache = cache_module.ResponseCache(clock)
    return bench


def replaced(bench: Bench) -> Bench:
    """Read the first document, and put the second in its place."""
    bench.publish(document(1))
    assert bench.get().body == document(1)
    bench.publish(document(2))
    return bench


def test_row_stage_cache_serves_the_old_version_until_its_time_is_up() -> None:
    clock = Clock()
    bench = replaced(cached_bench(clock))
    clock.now += 0.999
    assert bench.get().body == document(1)
    clock.now += 0.001
    assert bench.get().body == document(2)


def test_row_stage_cache_is_for_get_only() -> None:
    bench = replaced(cached_bench(Clock()))
    second = bench.stored.current
    assert bench.get().headers["etag"] == bench.stored.before(second).etag
    assert bench.ask("HEAD").headers["etag"] == second.etag


def test_row_stage_cache_holds_at_most_a_mebibyte() -> None:
    bench = cached_bench(Clock())
    for size, kept in ((1_048_576, True), (1_048_577, False)):
        bench.gateway._cache = cache_module.ResponseCache(Clock())
        bench.publish(b"1" * size)
        bench.get()
        bench.publish(b"2")
        assert (bench.get().body != b"2") is kept


def test_cache_key_parameters_keep_validators_apart() -> None:
    bench = cached_bench(Clock())
    version = bench.publish(document(1))
    assert bench.get(If_None_Match=version.etag).status == 304
    assert bench.get().status == 200
    assert bench.get(If_None_Match='"other"').status == 200


def test_without_cache_keys_a_304_goes_to_readers_who_asked_no_such_thing() -> None:
    """Not established for AWS, which is known to keep answers other than 200: the stricter reading."""
    bench = Bench()
    bench.faults.set("cache-ttl", "10s")
    version = bench.publish(document(1))
    assert bench.get(If_None_Match=version.etag).status == 304
    assert bench.get().status == 304


def test_no_cache_without_settings() -> None:
    assert replaced(Bench()).get().body == document(2)


@pytest.mark.parametrize("name", ["Cache-Control", "cache-control"])
def test_clients_cannot_invalidate_without_authorization(name: str) -> None:
    answer = replaced(cached_bench(Clock())).ask(headers={name: "max-age=0"})
    assert answer.body == document(1)
    assert "199" in answer.headers["warning"]


@pytest.mark.parametrize(
    ("settings", "status", "version"),
    [
        ({"cache_control_needs_authorization": False}, 200, 2),
        ({"unauthorized_cache_control": "SUCCEED_WITHOUT_RESPONSE_HEADER"}, 200, 1),
        ({"unauthorized_cache_control": "FAIL_WITH_403"}, 403, None),
    ],
)
def test_invalidation_as_the_stage_says(settings: dict[str, object], status: int, version: int | None) -> None:
    answer = replaced(cached_bench(Clock(), **settings)).ask(headers={"Cache-Control": "max-age=0"})
    assert answer.status == status
    assert "warning" not in answer.headers
    if version is not None:
        assert answer.body == document(version)


def test_the_oldest_entries_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MOST_ENTRIES", 2)
    cache = cache_module.ResponseCache(Clock())
    for key in "abc":
        cache.keep(key, GatewayAnswer(200, (), key.encode()))
    assert [cache.find(key, 1) is not None for key in "abc"] == [False, True, True]


def test_settings_of_one_method_come_before_those_of_all() -> None:
    bench = Bench("everything")
    get, head = bench.gateway.routes["/samples"]["GET"], bench.gateway.routes["/samples"]["HEAD"]
    assert get.settings.caching_enabled
    assert not head.settings.caching_enabled
    assert isinstance(head.settings, MethodSettings)
    assert head.bucket is not None
