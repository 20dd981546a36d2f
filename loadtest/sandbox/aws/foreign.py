"""Another writer of the same object, for the fault ``foreign-writer``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from itertools import count
from secrets import token_hex

from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.http.pause import pause
from loadtest.sandbox.store.objects import ObjectStore

Put = Callable[[str, str, bytes], Awaitable[None]]


class ForeignPublisher:
    """Puts documents of another run, as long as the fault is on."""

    def __init__(self, store: ObjectStore, faults: FaultSet, put: Put) -> None:
        self._store = store
        self._faults = faults
        self._put = put
        self._task: asyncio.Task[None] | None = None
        self._period: float | None = None

    def adjust(self) -> None:
        """Start, stop or change the pace, as the faults now say. Call it within the event loop."""
        period = self._faults.foreign_writes_every
        if period == self._period:
            return
        self._period = period
        if self._task is not None:
            self._task.cancel()
        self._task = None if period is None else asyncio.create_task(self._write_every(period))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _write_every(self, period: float) -> None:
        from loadtest.run.documents.made_up import MINIMUM_BYTES, render  # noqa: PLC0415 - numpy, which nothing else here needs

        run = token_hex(6)
        for version in count():
            await pause(period)
            for bucket, key, size in self._store.present():
                document = await asyncio.to_thread(render, run, version, max(size, MINIMUM_BYTES))
                await self._put(bucket, key, document)
