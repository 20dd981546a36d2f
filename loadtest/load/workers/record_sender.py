"""A worker without the master's files sends what it records: its spool, byte for byte, while the run goes on.

The spool on the worker's own disk is the record; this only copies it. Chunks carry their place in the file, the master
answers how much it has, and what is not acknowledged in time is sent again from there: a lost connection costs time
and nothing else. Little is under way at once, so a slow master costs no memory. Chunks are small, so no read waits.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gevent
from gevent.event import Event
from locust.exception import RPCError

from loadtest.run.files import CLOSED_SUFFIX, HEARTBEAT_SUFFIX, INCOMPLETE_SUFFIX, SPOOL_SUFFIXES
from loadtest.run.spool.presence import unpacked

logger = logging.getLogger(__name__)

RECORDS_MESSAGE: Final = "read-model-records"
RECEIVED_MESSAGE: Final = "read-model-records-received"
CHUNK_BYTES: Final = 16 * 1024
UNDER_WAY_BYTES: Final = 64 * CHUNK_BYTES
_TURN_S: Final = 0.4
_PAUSE_S: Final = 0.001
"""Between two steps, so that reads that are due are made."""
_PATIENCE_S: Final = 2.0
"""After so long without progress, what is under way counts as lost, whatever else the master answers."""


class RecordSender:
    """Sends one spool, once started; ``name`` is its path without a suffix, ``run`` the run that it is of."""

    def __init__(self, runner: Any, name: Path, run: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._runner, self._name, self._run, self._clock = runner, name, run, clock
        self._sent = dict.fromkeys(SPOOL_SUFFIXES, 0)
        self._received = dict.fromkeys(SPOOL_SUFFIXES, 0)
        self._beat = b""
        self._moved = clock()
        self._all_there = Event()
        self._greenlet: gevent.Greenlet | None = None

    def start(self) -> None:
        """Send what is recorded, now and as it comes, in between the reads."""
        self._greenlet = gevent.spawn(self._run_on)

    def on_received(self, run: str, sizes: dict[str, int], *, complete: bool) -> None:
        """Note how much of each file the master has, and whether that is all."""
        if run != self._run:
            return
        for suffix in SPOOL_SUFFIXES:
            received = min(int(sizes.get(suffix, 0)), self._size(suffix))
            if received > self._received[suffix]:
                self._received[suffix], self._moved = received, self._clock()
                self._sent[suffix] = max(self._sent[suffix], received)
        if complete:
            self._all_there.set()

    def finish(self, patience_s: float) -> bool:
        """Wait until the master has everything. Then the files on this disk are removed; otherwise they are kept."""
        there = self._all_there.wait(patience_s)
        if self._greenlet is not None:
            self._greenlet.kill()
        folder = self._name.parents[1]
        if there:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            logger.error("The master did not take all that was recorded here; it is kept in %s.", folder)
        return bool(there)

    def _run_on(self) -> None:
        while not self._all_there.is_set():
            try:
                self.send_what_is_there()
            except (RPCError, OSError) as error:
                logger.debug("Records could not be sent: %s", error)
            gevent.sleep(_TURN_S)

    def send_what_is_there(self) -> None:
        """Send one turn's share of what is not sent yet.

        Raises:
            RPCError: it could not be sent.
            OSError: it could not be read.
        """
        if self._clock() - self._moved > _PATIENCE_S:
            self._sent, self._beat, self._moved = dict(self._received), b"", self._clock()
        closed = next((s for s in (CLOSED_SUFFIX, INCOMPLETE_SUFFIX) if self._path(s).exists()), "")
        beat = self._path(HEARTBEAT_SUFFIX).read_bytes()  # before the files: it says less than they hold
        for suffix in SPOOL_SUFFIXES:
            gevent.sleep(_PAUSE_S)
            self._send_file(suffix)
        pulse = unpacked(beat)
        sent_all = pulse is not None and all(self._sent[s] >= pulse.files[s].size for s in SPOOL_SUFFIXES)
        if sent_all and (beat != self._beat or closed):
            self._beat = beat
            self._send(HEARTBEAT_SUFFIX, 0, beat)
            if closed:
                self._send(closed, 0, b"")

    def _send_file(self, suffix: str) -> None:
        size = self._size(suffix)
        with self._path(suffix).open("rb", buffering=0) as file:
            while self._sent[suffix] < size and self._under_way() < UNDER_WAY_BYTES:
                if not self._under_way():
                    self._moved = self._clock()  # patience begins with what is waited for
                at = self._sent[suffix]
                content = os.pread(file.fileno(), min(CHUNK_BYTES, size - at), at)
                self._send(suffix, at, content)
                self._sent[suffix] = at + len(content)
                gevent.sleep(_PAUSE_S)

    def _under_way(self) -> int:
        return sum(self._sent.values()) - sum(self._received.values())

    def _send(self, suffix: str, at: int, content: bytes) -> None:
        self._runner.send_message(RECORDS_MESSAGE, {"run": self._run, "suffix": suffix, "at": at, "content": content})

    def _size(self, suffix: str) -> int:
        return self._path(suffix).stat().st_size

    def _path(self, suffix: str) -> Path:
        return self._name.with_name(self._name.name + suffix)
