"""Each fault of answers: it acts as its help says, in the share that was asked for, and not at all when it is off."""

import asyncio
import json
from collections.abc import Callable
from random import Random
from types import SimpleNamespace

import pytest
from gateway_bench import Bench, Seen, document
from hypothesis import given
from hypothesis import strategies as st

from loadtest.sandbox.faults.answers import PAGES, REWRITINGS
from loadtest.sandbox.faults.base import Delivery, ObjectRead
from loadtest.sandbox.faults.bodies import differing_range
from loadtest.sandbox.faults.entity_tags import FORMS
from loadtest.sandbox.faults.registry import BY_NAME, FaultSet
from loadtest.sandbox.faults.timing import WriteGate
from loadtest.sandbox.faults.validators import BodyOn304
from loadtest.sandbox.http.protocol import SENT_HEADERS, TRANSPORT
from loadtest.sandbox.server.app import SandboxApp
from loadtest.sandbox.store.objects import S3Answer, StoredObject, object_version

OLD, NEW = document(1), document(2)


def two_versions(seed: int = 1, variant: str = "conditional") -> Bench:
    bench = Bench(variant, seed)
    bench.publish(OLD)
    bench.wait(1)
    bench.publish(NEW)
    return bench


def etag_of(bench: Bench, body: bytes) -> str:
    return next(each.etag for each in bench.stored._versions if each is not None and each.body == body)


def is_mix(body: bytes) -> bool:
    halves = ((OLD, NEW), (NEW, OLD))
    cuts = range(1, len(NEW))
    return body not in (OLD, NEW) and any(body == one[:cut] + two[cut:] for one, two in halves for cut in cuts)


def is_one_byte_off(body: bytes) -> bool:
    return len(body) == len(NEW) and sum(a != b for a, b in zip(body, NEW, strict=True)) == 1


def confirmed(bench: Bench) -> Seen:
    answer = bench.get(If_None_Match=etag_of(bench, NEW))
    assert (answer.status, answer.body) == (304, b"")
    return answer


Judge = Callable[[Bench], bool]

ACTING: dict[str, Judge] = {
    "torn": lambda bench: is_mix(bench.get().body),
    "truncate": lambda bench: (body := bench.get().body) != NEW and NEW.startswith(body),
    "corrupt": lambda bench: is_one_byte_off(bench.get().body),
    "etag-swap": lambda bench: (answer := bench.get()).headers["etag"] != etag_of(bench, answer.body),
    "no-etag": lambda bench: "etag" not in bench.get().headers,
    "304-without-etag": lambda bench: "etag" not in confirmed(bench).headers,
    "304-other-etag": lambda bench: confirmed(bench).headers["etag"] == etag_of(bench, OLD),
    "flapping-etag": lambda bench: bench.get().headers["etag"] != etag_of(bench, NEW),
    "error-page": lambda bench: bench.get().body in PAGES,
    "rewrite": lambda bench: (body := bench.get().body) != NEW and json.loads(body) == json.loads(NEW),
    "ignore-if-none-match": lambda bench: bench.get(If_None_Match=etag_of(bench, NEW)).status == 200,
    "stale-304": lambda bench: bench.get(If_None_Match=etag_of(bench, OLD)).status == 304,
    "always-304": lambda bench: bench.get().status == 304,
    "error-rate": lambda bench: bench.get().status == 500,
    "throttle-rate": lambda bench: bench.get().status == 429,
}


@pytest.mark.parametrize("name", ACTING)
def test_it_fires_always_never_and_in_its_share(name: str) -> None:
    bench = two_versions()
    assert not any(ACTING[name](bench) for _ in range(200))
    bench.faults.set(name, "on")
    assert all(ACTING[name](bench) for _ in range(200))
    bench.faults.set(name, "0.3")
    fired = sum(ACTING[name](bench) for _ in range(1000))
    assert 240 <= fired <= 360  # more than four standard deviations either way
    bench.faults.set(name, "off")
    assert not any(ACTING[name](bench) for _ in range(200))


@pytest.mark.parametrize("name", ACTING)
def test_the_seed_repeats_the_choices_and_other_faults_do_not_change_them(name: str) -> None:
    def choices(seed: int, *others: str) -> list[bool]:
        bench = two_versions(seed)
        bench.faults.update({name: "0.5", **dict.fromkeys(others, "0ms,0ms")})
        return [ACTING[name](bench) for _ in range(64)]

    assert choices(7) == choices(7) == choices(7, "replicas")
    assert choices(7) != choices(8)


@pytest.mark.parametrize("name", ["torn", "truncate", "corrupt", "etag-swap", "error-page", "rewrite"])
def test_content_length_says_what_is_sent(name: str) -> None:
    bench = two_versions()
    bench.publish(document(3, size=900))
    bench.faults.set(name, "on")
    for _ in range(50):
        answer = bench.get()
        assert answer.headers["content-length"] == str(len(answer.body))


@pytest.mark.parametrize("name", ["torn", "etag-swap", "304-other-etag"])
def test_one_version_cannot_be_mixed(name: str) -> None:
    bench = Bench()
    version = bench.publish(NEW)
    bench.faults.set(name, "on")
    answer = bench.get()
    assert (answer.body, answer.headers["etag"]) == (NEW, version.etag)


def test_etag_swap_goes_both_ways() -> None:
    bench = two_versions()
    bench.faults.set("etag-swap", "on")
    assert {bench.get().body for _ in range(50)} == {OLD, NEW}


@pytest.mark.parametrize("form", FORMS)
def test_own_etags_name_contents_one_to_one_and_are_honoured(form: str) -> None:
    bench = two_versions()
    bench.faults.set("own-etags", form)
    answer = bench.get()
    own = answer.headers["etag"]
    assert (answer.body, own) == (NEW, FORMS[form](etag_of(bench, NEW)))
    assert own != etag_of(bench, NEW)
    again = bench.get(If_None_Match=own)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", own)
    assert bench.get(If_None_Match=FORMS[form](etag_of(bench, OLD))).status == 200
    assert (bench.get(If_None_Match=etag_of(bench, NEW)).status == 304) is (form == "weak")
    assert bench.get(If_Modified_Since="Tue, 01 Jan 2030 00:00:00 GMT").status == 304


def test_a_second_server_honours_only_its_own_etags() -> None:
    bench = two_versions()
    bench.faults.set("flapping-etag", "on")
    own = bench.get().headers["etag"]
    assert bench.get(If_None_Match=own).status == 304
    assert bench.get(If_None_Match=etag_of(bench, NEW)).status == 200
    bench.faults.set("flapping-etag", "off")
    assert bench.get(If_None_Match=own).status == 200


@pytest.mark.parametrize("how", REWRITINGS)
def test_a_document_is_rewritten_in_the_way_that_was_asked_for(how: str) -> None:
    bench = two_versions()
    bench.faults.set("rewrite", f"on,{how}")
    assert bench.get().body == REWRITINGS[how](NEW) != NEW


def test_a_stale_304_carries_the_validator_that_was_sent() -> None:
    bench = two_versions()
    bench.faults.set("stale-304", "on")
    old = etag_of(bench, OLD)
    assert bench.get(If_None_Match=old).headers["etag"] == old
    assert bench.get(If_None_Match='"unheard of"').status == 200
    assert bench.get().status == 200


def test_an_old_validator_is_known_long_after_its_version_is_forgotten() -> None:
    bench = Bench()
    bench.faults.set("stale-304", "on")
    first = bench.publish(document(0)).etag
    for version in range(1, 50):
        bench.wait(1000)
        bench.publish(document(version))
    assert bench.get(If_None_Match=first).status == 304


def test_faults_of_validators_do_nothing_where_the_mapping_hides_them() -> None:
    bench = two_versions(variant="original")
    bench.faults.update({"etag-swap": "on", "stale-304": "on", "no-etag": "on"})
    assert all("etag" not in bench.get().headers for _ in range(20))


def read_of(body: bytes, method: str = "GET") -> ObjectRead:
    stored = StoredObject()
    version = object_version(body, '"e"', 0, {})
    stored.publish(version)
    return ObjectRead(stored, version, {}, method)


def test_304_with_body_sends_the_object_after_304s_of_get_only() -> None:
    fault = BodyOn304("on", Random(1))
    for status, method, forced in ((304, "GET", NEW), (304, "HEAD", None), (200, "GET", None)):
        delivery = Delivery(b"")
        fault.deliver(status, read_of(NEW, method), delivery)
        assert delivery.forced_body == forced


def test_reset_rate_cuts_before_the_end() -> None:
    faults = FaultSet(1)
    faults.set("reset-rate", "on")
    cuts = set()
    for _ in range(200):
        delivery = Delivery(b"12345")
        faults.delivering[0].deliver(200, None, delivery)
        cuts.add(delivery.cut_after)
    assert cuts == {0, 1, 2, 3, 4}
    delivery = Delivery(b"")
    faults.delivering[0].deliver(304, None, delivery)
    assert delivery.cut_after == 0


def test_a_304_that_is_reset_never_begins_even_if_a_body_was_to_follow_it() -> None:
    """Its head alone would be a whole 304, so neither fault of it would be seen."""
    bench = two_versions()
    asked = [(b"If-None-Match", etag_of(bench, NEW).encode())]
    bench.faults.update({"304-with-body": "on", "reset-rate": "on"})
    sent: list[object] = []
    cut: list[bool] = []

    async def send(message: object) -> None:
        sent.append(message)

    transport = SimpleNamespace(get_extra_info=lambda _: None, abort=lambda: cut.append(True))
    scope = {"method": "GET", SENT_HEADERS: asked, TRANSPORT: transport}
    app = SandboxApp(bench.faults, WriteGate())
    asyncio.run(app._from_gateway(bench.gateway, "/samples", scope, send))
    assert (sent, cut) == ([], [True])


def test_faults_of_writes_plan_each_put() -> None:
    faults = FaultSet(1)
    assert faults.plan_put() == faults.plan_put()
    assert not faults.plan_put().answer_is_lost
    faults.update({"lost-ack": "0.5", "late-write": "200ms,0.5", "write-block": "50ms"})
    plans = [faults.plan_put() for _ in range(400)]
    assert 150 <= sum(plan.answer_is_lost for plan in plans) <= 250
    assert 150 <= sum(plan.effect_delay == 0.2 for plan in plans) <= 250
    assert all(plan.blocks_reads and plan.least_duration == 0.05 for plan in plans)
    faults.update({"lost-update": "0.5", "shared-etag": "0.5", "put-etag": "omitted"})
    plans = [faults.plan_put() for _ in range(400)]
    assert 150 <= sum(plan.is_lost for plan in plans) <= 250
    assert 150 <= sum(plan.keeps_etag for plan in plans) <= 250
    told = {}
    for form in ("weak", "unquoted", "omitted", "other"):
        faults.set("put-etag", form)
        make = faults.plan_put().etag_told
        assert make is not None
        told[form] = make('"a"')
    assert (told["weak"], told["unquoted"], told["omitted"]) == ('W/"a"', "a", None)
    assert told["other"] not in ('"a"', None)
    faults.set("late-write", "1s")
    assert all(faults.plan_put().effect_delay == 1.0 for _ in range(20))


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=1, max_size=40))
def test_the_differing_range_is_where_two_bodies_differ(one: bytes, other: bytes) -> None:
    if one == other:
        return
    first, last = differing_range(one, other)
    longest = max(len(one), len(other))
    differs = [one[i : i + 1] != other[i : i + 1] for i in range(longest)]
    assert first == differs.index(True)
    assert last == longest - 1 - differs[::-1].index(True)


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60), st.integers(0, 2**32))
def test_whatever_the_bodies_faults_keep_their_word(old: str, new: str, seed: int) -> None:
    stored = StoredObject()
    stored.publish(object_version(old.encode(), '"1"', 0, {}))
    version = object_version(new.encode(), '"2"', 0, {})
    stored.publish(version)
    read = ObjectRead(stored, version, {}, "GET")
    answers: dict[str, S3Answer] = {
        name: BY_NAME[name]("on", Random(seed)).alter(read, version.whole) for name in ("torn", "truncate", "corrupt")
    }
    assert all(answer.headers["content-length"] == str(len(answer.body)) for answer in answers.values())
    truncated = answers["truncate"].body
    assert len(truncated) < len(new.encode())
    assert new.encode().startswith(truncated)
    truncated.decode()
    changed = sum(a != b for a, b in zip(answers["corrupt"].body, new.encode(), strict=True))
    assert changed == (1 if any(ord(letter) < 128 for letter in new) else 0)


def test_every_fault_has_a_help_text_and_is_tested_on_the_bench_or_over_http() -> None:
    over_http = {"latency", "latency-200", "latency-304", "after-write", "freeze", "write-block", "foreign-writer"}
    over_http |= {"lost-update", "shared-etag", "put-etag", "cdn"}
    here = {"own-etags", "replica-lag", "replicas", "304-with-body", "reset-rate", "lost-ack", "late-write"}
    here |= {"cache-ttl"}
    assert set(BY_NAME) == over_http | here | set(ACTING)
    assert all(len(kind.help) > 30 and kind.form for kind in BY_NAME.values())
