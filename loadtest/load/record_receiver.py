"""The master's side of workers that do not see its files: their spools, as they send them, in the run directory.

What arrives is put where a worker beside the master would have put it itself, so nothing that comes later knows a
difference: the same registration, files, heartbeat and last word. Nothing is taken from a message but bytes and their
place: which files they go to is decided here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import gevent
from locust.exception import RPCError

from loadtest.load.record_sender import RECEIVED_MESSAGE
from loadtest.run.files import CLOSED_SUFFIX, HEARTBEAT_SUFFIX, INCOMPLETE_SUFFIX, SPOOL_FOLDER, SPOOL_SUFFIXES
from loadtest.run.presence import WORKER, Presence, unpacked

logger = logging.getLogger(__name__)

END_MESSAGE: Final = "read-model-end"
SILENCE_S: Final = 10.0
"""So long without anything new, and a worker that sends its records is not waited for."""
_TURN_S: Final = 0.05
_NO_SIZES: Final = dict.fromkeys(SPOOL_SUFFIXES, 0)


@dataclass
class _Copy:
    """The copy of one worker's spool."""

    name: Path
    presence: Presence
    files: dict[str, int]
    """Descriptors, by suffix."""
    sizes: dict[str, int] = field(default_factory=lambda: dict(_NO_SIZES))
    over: bool = False
    """Its last word has come; nothing is written any more."""
    complete: bool = False
    """All of it is in the run directory."""
    failed: bool = False
    """That it cannot be written has been said."""


class RecordReceiver:
    """Takes the records of one run; the master has one for each run that has such workers."""

    def __init__(self, runner: Any, run_dir: Path, run: str, shares: dict[str, int]) -> None:
        self._runner, self._run_dir, self._run, self._shares = runner, run_dir, run, shares
        self._copies: dict[str, _Copy] = {}
        self._unwritable: set[str] = set()
        self._waited = False
        self._closed = False

    def __bool__(self) -> bool:
        """Whether any worker sends its records."""
        return bool(self._copies)

    def end_workers(self) -> None:
        """Tell all workers that the run ends; they stop to read, and go on to send."""
        for client in self._shares:
            with contextlib.suppress(RPCError):
                self._runner.send_message(END_MESSAGE, None, client)

    def wait(self) -> None:
        """Wait until all that is to come is there; for nobody who is lost, or silent for long. Twice is fine."""
        had, deadline = -1, time.monotonic() + SILENCE_S
        while not self._waited and (waiting := [c for c, copy in self._copies.items() if not copy.over]):
            have = sum(sum(copy.sizes.values()) for copy in self._copies.values())
            if have != had:
                had, deadline = have, time.monotonic() + SILENCE_S
            if time.monotonic() > deadline or all(self._is_lost(client) for client in waiting):
                break
            gevent.sleep(_TURN_S)
        self._waited = True

    def close(self) -> None:
        """Take no more. A worker whose last word did not come is heard no more from now on. Twice is fine."""
        self._closed = True
        for copy in self._copies.values():
            if not copy.over:
                copy.presence.abandon()
                copy.over = True
            for descriptor in copy.files.values():
                os.close(descriptor)
            copy.files.clear()

    def _is_lost(self, client: str) -> bool:
        node = self._runner.clients.get(client)
        return node is not None and node.state == "missing"

    def on_records(self, msg: Any) -> None:
        """A worker has sent some; what is not of this run is another receiver's."""
        client, data = msg.node_id, msg.data
        if not isinstance(data, dict) or data.get("run") != self._run or client not in self._shares:
            return
        copy = self._copies.get(client) or self._begin(client)
        if copy is None:
            return
        suffix, at, content = data.get("suffix"), data.get("at"), data.get("content")
        if isinstance(suffix, str) and type(at) is int and isinstance(content, bytes) and not copy.over:
            try:
                self._take(copy, suffix, at, content)
            except OSError as error:  # it will be sent again
                if not copy.failed:
                    logger.error("%s cannot be written: %s; make room there.", copy.name, error.strerror)
                copy.failed = True
        with contextlib.suppress(RPCError):  # it has gone; it will send again
            said = {"run": self._run, "sizes": copy.sizes, "complete": copy.complete}
            self._runner.send_message(RECEIVED_MESSAGE, said, client)

    def _begin(self, client: str) -> _Copy | None:
        """The copy of a worker that sends for the first time; None when the run is over, or it cannot be written."""
        if self._closed or client in self._unwritable:
            return None
        share = self._shares[client]
        name = self._run_dir / SPOOL_FOLDER / f"{share}-sent"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with contextlib.ExitStack() as undo:
            try:
                presence = Presence(name, WORKER, share, self._run)
                undo.callback(presence.abandon)  # a lock that is held stands for somebody who still records
                files = {}
                for suffix in SPOOL_SUFFIXES:
                    files[suffix] = os.open(name.with_name(name.name + suffix), flags, 0o644)
                    undo.callback(os.close, files[suffix])
            except OSError as error:
                self._unwritable.add(client)
                logger.error("%s cannot be written: %s; make room there.", name, error.strerror)
                return None
            undo.pop_all()
        copy = self._copies[client] = _Copy(name, presence, files)
        return copy

    def _take(self, copy: _Copy, suffix: str, at: int, content: bytes) -> None:
        if suffix in copy.files:
            new = content[copy.sizes[suffix] - at :] if 0 <= at <= copy.sizes[suffix] else b""
            while new:  # what came before is here already; what would leave a gap is sent again
                written = os.pwrite(copy.files[suffix], new, copy.sizes[suffix])
                copy.sizes[suffix] += written
                new = new[written:]
        elif suffix == HEARTBEAT_SUFFIX:
            pulse = unpacked(content)
            there = pulse is not None and all(copy.sizes[s] >= pulse.files[s].size for s in SPOOL_SUFFIXES)
            if pulse is not None and there:
                copy.presence.beat(pulse)
        elif suffix in (CLOSED_SUFFIX, INCOMPLETE_SUFFIX):
            last = copy.presence.last
            if last is not None and all(copy.sizes[s] == last.files[s].size for s in SPOOL_SUFFIXES):
                copy.over = True  # even if that cannot be written: its presence ends with it
                copy.presence.close(last, complete=suffix == CLOSED_SUFFIX)
                copy.complete = True
