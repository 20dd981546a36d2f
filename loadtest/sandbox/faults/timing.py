"""Faults of time: slow answers, and times without any answer."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

from loadtest.sandbox.faults.base import Fault, LatencyFault, PutPlan
from loadtest.sandbox.faults.values import FaultValueError, duration, positive_duration
from loadtest.sandbox.http.pause import pause
from stacks.user_input import shown


class AddedLatency(LatencyFault):
    """Every answer of the gateway takes longer."""

    name = "latency"
    help = (
        "added to the service time of every read, before the object is read: 5ms, normal(5ms,1ms) (mean, standard "
        "deviation), uniform(1ms,9ms), exp(5ms) (mean) or lognormal(5ms,0.5) (median, sigma)"
    )

    async def hold(self) -> None:
        await pause(self.drawn())


class LatencyOf(LatencyFault):
    """Answers of one status take longer."""

    status: ClassVar[int]

    def answer_delay(self, status: int) -> float:
        return self.drawn() if status == self.status else 0.0


class LatencyOf200(LatencyOf):
    """Whole documents take longer."""

    name = "latency-200"
    help = "added to the service time of every answer 200, after the object is read: values as for latency"
    status = 200


class LatencyOf304(LatencyOf):
    """Short answers take longer."""

    name = "latency-304"
    help = "added to the service time of every answer 304, after the object is read: values as for latency"
    status = 304


class AfterWrite(Fault):
    """A PUT leaves something behind."""

    name = "after-write"
    form = "FROM..TO,DURATION"
    help = (
        "reads that arrive between FROM and TO after the last PUT of the object arrived take DURATION longer "
        "(1.5s..3.5s,20ms; 0..4s,20ms)"
    )

    def take(self, value: str) -> None:
        span, comma, length = value.partition(",")
        start, dots, end = span.partition("..")
        if not comma or not dots:
            raise FaultValueError(f"{value!r} has no span and duration; write it like 1.5s..3.5s,20ms")
        self._from, self._to, self._length = duration(start), positive_duration(end), positive_duration(length)
        if self._to <= self._from:
            raise FaultValueError(f"{value!r} ends before it begins; write the earlier time first")
        self._put_at: float | None = None

    def writing(self, plan: PutPlan) -> None:
        self._put_at = time.monotonic()

    async def hold(self) -> None:
        if self._put_at is not None and self._from <= time.monotonic() - self._put_at < self._to:
            await pause(self._length)


class Freeze(Fault):
    """Now and then the gateway answers nothing for a while."""

    name = "freeze"
    form = "DURATION/PERIOD"
    help = (
        "no read is answered for DURATION in every PERIOD (1s/10s: 9 s of service, then 1 s of silence, from the time "
        "it is set); reads in flight or arriving then are answered when it ends"
    )

    def take(self, value: str) -> None:
        duration_text, slash, period_text = value.partition("/")
        if not slash:
            raise FaultValueError(f"{shown(value)} has no period; write it like 1s/10s")
        self._duration, self._period = positive_duration(duration_text), positive_duration(period_text)
        if self._duration >= self._period:
            raise FaultValueError(f"{shown(value)} is frozen all the time; the period must be longer than the freeze")
        self._set_at = time.monotonic()

    def _left(self) -> float:
        phase = (time.monotonic() - self._set_at) % self._period
        return max(0.0, self._period - phase) if phase >= self._period - self._duration else 0.0

    async def hold(self) -> None:
        await pause(self._left())

    async def release(self) -> None:
        await pause(self._left())


class WriteBlock(Fault):
    """Reads wait while the object is being written."""

    name = "write-block"
    form = "DURATION"
    help = (
        "each PUT of the object takes at least DURATION, and reads that arrive while one is in flight wait until it is "
        "acknowledged"
    )

    def take(self, value: str) -> None:
        self._least = positive_duration(value)

    def writing(self, plan: PutPlan) -> None:
        plan.least_duration = max(plan.least_duration, self._least)
        plan.blocks_reads = True


class WriteGate:
    """Closed while a PUT that blocks reads is in flight."""

    def __init__(self) -> None:
        self._in_flight = 0
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_closed(self) -> bool:
        return self._in_flight > 0

    def enter(self) -> None:
        """A PUT that blocks reads begins."""
        self._in_flight += 1
        self._open.clear()

    def leave(self) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._open.set()

    async def passed(self) -> None:
        """Return when no such PUT is in flight."""
        while self._in_flight:
            await self._open.wait()
