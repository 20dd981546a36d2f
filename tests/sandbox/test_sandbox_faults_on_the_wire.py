"""Faults of time, of connections and of writes: seen by a client, and not seen without them.

Times are compared with what was injected from below: a machine may be slower than the fault, never faster.
"""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import BotoCoreError
from gateway_bench import document
from sandbox_client import SandboxClient

from loadtest.sandbox.faults import timing
from loadtest.sandbox.faults.registry import FaultSet


def elapsed(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


def quickest(call: Callable[[], object], times: int = 10) -> float:
    return min(elapsed(call) for _ in range(times))


def eventually(holds: Callable[[], bool], limit_s: float = 60) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False


def test_latency(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("latency", "40ms")
    assert quickest(client.get) >= 0.04
    client.sandbox.set_fault("latency", "uniform(20ms,60ms)")
    assert quickest(client.get) >= 0.02
    client.sandbox.set_fault("latency", "off")
    assert eventually(lambda: elapsed(client.get) < 0.04)


def test_latency_is_for_each_read_not_for_all_together(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("latency", "300ms")

    def one_reader() -> None:
        with SandboxClient(client.sandbox) as reader:
            reader.get()

    def many_readers() -> None:
        readers = [threading.Thread(target=one_reader) for _ in range(8)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()

    assert 0.3 <= elapsed(many_readers) < 8 * 0.3


def test_freeze(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("freeze", "300ms/600ms")
    waits: list[float] = []

    def frozen_between_answers() -> bool:
        waits.append(elapsed(client.get))
        return len(waits) > 10 and max(waits) >= 0.29

    assert eventually(frozen_between_answers)


def test_write_block(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("write-block", "600ms")
    put = threading.Thread(target=client.put, args=(document(2),))
    put.start()
    waits: list[float] = []
    while put.is_alive():
        waits.append(elapsed(client.get))
    put.join()
    assert max(waits) >= 0.2
    assert client.get().body == document(2)
    assert eventually(lambda: elapsed(client.get) < 0.2)


def test_reads_go_on_during_a_put_without_write_block(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("write-block", "off")

    def several_during_a_put() -> bool:
        put = threading.Thread(target=client.put, args=(document(2, size=5_000_000),))
        put.start()
        reads = 0
        while put.is_alive():
            client.get()
            reads += 1
        return reads > 2

    assert eventually(several_during_a_put)


def test_reset_rate_cuts_the_connection_before_content_length(client: SandboxClient) -> None:
    client.put(document(1, size=200_000))
    client.sandbox.set_fault("reset-rate", "on")
    broken = 0
    for _ in range(10):
        try:
            client.get()
        except (http.client.IncompleteRead, ConnectionResetError, http.client.RemoteDisconnected):
            broken += 1
    assert broken == 10
    client.sandbox.set_fault("reset-rate", "off")
    assert client.get().status == 200


def test_304_with_body_leaves_bytes_on_the_connection(client: SandboxClient) -> None:
    etag = client.put(document(1))

    def raw_answer() -> bytes:
        request = f"GET {client.url.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIf-None-Match: {etag}\r\n\r\n"
        with socket.create_connection((client.url.hostname, client.url.port), timeout=10) as connection:
            connection.sendall(request.encode())
            return b"".join(iter(lambda: connection.recv(65536), b""))

    head, _, body = raw_answer().partition(b"\r\n\r\n")
    assert (head.split()[1], body) == (b"304", b"")
    assert b"content-length" not in head
    client.sandbox.set_fault("304-with-body", "on")
    head, _, body = raw_answer().partition(b"\r\n\r\n")
    assert (head.split()[1], body) == (b"304", document(1))
    assert f"content-length: {len(document(1))}".encode() in head


def test_lost_ack_takes_effect_without_an_answer(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("lost-ack", "on")
    with pytest.raises(BotoCoreError):
        client.put(document(2))
    assert eventually(lambda: client.get().body == document(2))
    client.sandbox.set_fault("lost-ack", "off")
    client.put(document(3))
    assert client.get().body == document(3)


def test_late_write_takes_effect_later_over_what_was_put_meanwhile(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("late-write", "1500ms")
    started = time.monotonic()
    with pytest.raises(BotoCoreError):
        client.put(document(2))
    client.sandbox.set_fault("late-write", "off")
    client.put(document(3))
    assert client.get().body == document(3)
    assert eventually(lambda: client.get().body == document(2))
    assert time.monotonic() - started >= 1.5


def test_a_lost_update_is_acknowledged_and_never_seen(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("lost-update", "on")
    assert client.put(document(2))
    assert client.get().body == document(1)
    client.sandbox.set_fault("lost-update", "off")
    client.put(document(3))
    assert client.get().body == document(3)


def test_two_contents_share_an_etag(client: SandboxClient) -> None:
    client.put(document(1))
    first = client.get().headers["etag"]
    client.sandbox.set_fault("shared-etag", "on")
    client.put(document(2))
    assert (client.get().body, client.get().headers["etag"]) == (document(2), first)
    assert client.get(**{"If-None-Match": first}).status == 304


def test_the_writer_is_told_the_etag_in_another_spelling(client: SandboxClient) -> None:
    for form in ("weak", "unquoted", "omitted", "other"):
        client.sandbox.set_fault("put-etag", form)
        told = client.s3.put_object(Bucket=client.bucket, Key="payload.json", Body=document(1)).get("ETag")
        read = client.get().headers["etag"]
        if form in ("weak", "unquoted"):
            assert told == {"weak": f"W/{read}", "unquoted": read.strip('"')}[form]
        else:
            assert told != read
            assert (told is None) is (form == "omitted")


def test_foreign_writer_puts_documents_of_another_run(client: SandboxClient) -> None:
    ours = document(1)
    client.put(ours)
    time.sleep(0.1)
    assert client.get().body == ours
    client.sandbox.set_fault("foreign-writer", "50ms")
    assert eventually(lambda: client.get().body != ours)
    foreign = json.loads(client.get().body)
    assert len(client.get().body) == len(ours)
    assert len(foreign["run"]) == 12
    assert eventually(lambda: json.loads(client.get().body)["version"] > foreign["version"])
    client.sandbox.set_fault("foreign-writer", "off")

    def stays() -> bool:
        client.put(ours)
        time.sleep(0.2)
        return client.get().body == ours

    assert eventually(stays)


def test_replica_lag_shows_the_past_for_a_while(client: SandboxClient) -> None:
    client.put(document(1))
    time.sleep(0.6)
    client.sandbox.set_fault("replica-lag", "500ms")
    started = time.monotonic()
    client.put(document(2))
    assert client.get().body == document(1) or time.monotonic() - started >= 0.5
    assert eventually(lambda: client.get().body == document(2))
    assert time.monotonic() - started >= 0.5


def test_cache_ttl_shows_the_past_until_the_time_is_up(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("cache-ttl", "500ms")
    started = time.monotonic()
    assert client.get().body == document(1)
    client.put(document(2))
    assert client.get().body == document(1) or time.monotonic() - started >= 0.5
    assert eventually(lambda: client.get().body == document(2))


DELAY_S = 0.3


def held(monkeypatch: pytest.MonkeyPatch, value: str, after_s: float | None) -> float:
    """How long a read is held that arrives so long after a PUT (None: there was none)."""
    held, now = [0.0], [100.0]

    async def pause(seconds: float) -> None:
        held[0] += seconds

    monkeypatch.setattr(timing, "pause", pause)
    monkeypatch.setattr(timing.time, "monotonic", lambda: now[0])
    faults = FaultSet(1)
    faults.set("after-write", value)
    if after_s is not None:
        faults.plan_put()
        now[0] += after_s
    for fault in faults.holding:
        asyncio.run(fault.hold())
    return held[0]


@pytest.mark.parametrize(("after_s", "expected"), [(None, 0), (1.4, 0), (1.5, 0.02), (3.4, 0.02), (3.5, 0)])
def test_reads_are_held_so_long_after_a_put(
    monkeypatch: pytest.MonkeyPatch, after_s: float | None, expected: float
) -> None:
    assert held(monkeypatch, "1.5s..3.5s,20ms", after_s) == expected


def test_latency_by_status_is_added_to_that_status_alone() -> None:
    faults = FaultSet(1)
    faults.update({"latency-200": "20ms", "latency-304": "1ms"})
    added = [sum(fault.answer_delay(status) for fault in faults.delaying) for status in (200, 304, 502)]
    assert added == [0.02, 0.001, 0]


def is_slow(call: Callable[[], object]) -> bool:
    return all(elapsed(call) >= DELAY_S for _ in range(2))


def is_quick(call: Callable[[], object]) -> bool:
    """Whether one of many is: a machine may be busy, and the fault would slow down each."""
    return any(elapsed(call) < DELAY_S for _ in range(50))


@pytest.mark.parametrize(("fault", "slow"), [("latency-200", 200), ("latency-304", 304)])
def test_latency_of_one_kind_of_answer(client: SandboxClient, fault: str, slow: int) -> None:
    etag = client.put(document(1))
    client.sandbox.set_fault(fault, "300ms")

    def unchanged() -> None:
        assert client.get(If_None_Match=etag).status == 304

    slowed, other = (client.get, unchanged) if slow == 200 else (unchanged, client.get)
    assert is_slow(slowed)
    assert is_quick(other)


def test_reads_soon_after_a_put_take_longer(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("after-write", "0s..30s,300ms")
    assert is_quick(client.get)  # no PUT since the fault was set
    client.put(document(2))
    assert is_slow(client.get)


def test_reads_before_and_after_the_span_do_not(client: SandboxClient) -> None:
    client.sandbox.set_fault("after-write", "30s..60s,300ms")
    client.put(document(1))
    assert is_quick(client.get)
    client.sandbox.set_fault("after-write", "0s..10ms,300ms")
    client.put(document(2))
    time.sleep(0.02)
    assert is_quick(client.get)
