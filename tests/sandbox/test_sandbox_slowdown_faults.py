"""Faults that slow down one kind of answer, or reads some time after a PUT, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from gateway_bench import document
from sandbox_client import SandboxClient

from loadtest.sandbox.process import SandboxError

DELAY_S = 0.3


def quickest(call: Callable[[], object], times: int = 5) -> float:
    def elapsed() -> float:
        started = time.monotonic()
        call()
        return time.monotonic() - started

    return min(elapsed() for _ in range(times))


@pytest.mark.parametrize(("fault", "slow"), [("latency-200", 200), ("latency-304", 304)])
def test_latency_of_one_kind_of_answer(client: SandboxClient, fault: str, slow: int) -> None:
    etag = client.put(document(1))
    client.sandbox.set_fault(fault, "300ms")
    whole = quickest(client.get)
    unchanged = quickest(lambda: client.get(If_None_Match=etag))
    slowed, other = (whole, unchanged) if slow == 200 else (unchanged, whole)
    assert slowed >= DELAY_S
    assert other < slowed


def test_reads_soon_after_a_put_take_longer(client: SandboxClient) -> None:
    client.put(document(1))
    client.sandbox.set_fault("after-write", "0s..30s,300ms")
    assert quickest(client.get) < DELAY_S  # no PUT since the fault was set
    client.put(document(2))
    assert quickest(client.get) >= DELAY_S


def test_reads_before_and_after_the_span_do_not(client: SandboxClient) -> None:
    client.sandbox.set_fault("after-write", "30s..60s,300ms")
    client.put(document(1))
    assert quickest(client.get) < DELAY_S
    client.sandbox.set_fault("after-write", "0s..10ms,300ms")
    client.put(document(2))
    time.sleep(0.02)
    assert quickest(client.get) < DELAY_S


@pytest.mark.parametrize("value", ["20ms", "1s,20ms", "2s..1s,20ms", "1s..1s,20ms", "0s..4s", "0s..4s,0ms", "..,"])
def test_a_span_that_is_none_is_refused_in_a_sentence(client: SandboxClient, value: str) -> None:
    with pytest.raises(SandboxError):
        client.sandbox.set_fault("after-write", value)
