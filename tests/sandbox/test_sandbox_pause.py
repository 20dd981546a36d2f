"""Pauses are never shorter than asked for, end in the order in which they are due, and can be cancelled."""

import asyncio
import time

import pytest

from loadtest.sandbox.http import pause as pause_module
from loadtest.sandbox.http.pause import pause


def test_many_sleepers_wake_in_order_and_not_early() -> None:
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        started = time.monotonic()
        await pause(seconds)
        assert time.monotonic() - started >= seconds
        woken.append(seconds)

    async def all_of_them() -> None:
        await asyncio.gather(*(sleeper(seconds) for seconds in (0.03, 0.0004, 0.02, 0.01, 0.0, -1.0)))

    asyncio.run(all_of_them())
    assert woken[-4:] == [0.0004, 0.01, 0.02, 0.03]


def test_a_cancelled_sleeper_does_not_hold_up_the_others() -> None:
    async def some() -> None:
        cancelled = asyncio.create_task(pause(0.01))
        other = asyncio.create_task(pause(0.02))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.wait_for(other, 10)
        with pytest.raises(asyncio.CancelledError):
            await cancelled

    asyncio.run(some())


def test_without_timer_descriptors_the_event_loop_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable() -> None:
        raise OSError("no such call")

    monkeypatch.setattr(pause_module, "PreciseTimer", unavailable)
    started = time.monotonic()
    asyncio.run(pause(0.01))
    assert time.monotonic() - started >= 0.009
