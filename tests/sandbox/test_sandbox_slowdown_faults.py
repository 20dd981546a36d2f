"""Faults that slow down one kind of answer, or reads some time after a PUT, and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from gateway_bench import document
from sandbox_client import SandboxClient
from test_sandbox_faults_on_the_wire import elapsed

from loadtest.sandbox.faults import timing
from loadtest.sandbox.faults.registry import FaultSet

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
