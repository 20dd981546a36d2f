"""The master's side of workers that do not see its files: it writes the spools that they send into the run directory.

It writes them where a worker beside the master would have written them itself: the same registration, files, heartbeat
and closing mark. So nothing later sees a difference. Only bytes and their place are taken from a message: which file
they go to is decided here.
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

from loadtest.load.workers.record_sender import RECEIVED_MESSAGE
from loadtest.run.files import CLOSED_SUFFIX, HEARTBEAT_SUFFIX, INCOMPLETE_SUFFIX, SPOOL_FOLDER, SPOOL_SUFFIXES
from loadtest.run.spool.presence import WORKER, Presence, unpacked

logger = logging.getLogger(__name__)

END_MESSAGE: Final = "read-model-end"
SILENCE_S: Final = 10.0
"""A worker that sends nothing new for so long is not waited for any more."""
_HEARD_S: Final = 3.0
"""A worker that has sent something within so long is not lost. One whose connection is back sends again by then."""
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
    """Its closing mark has come, and nothing is written any more."""
    complete: bool = False
    """All of it is in the run directory."""
    failed: bool = False
    """It could not be written, and that has been logged."""
    heard: float = field(default_factory=time.monotonic)
    """When its worker last sent anything."""


class RecordReceiver:
    """Takes the records of one run that workers send."""

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
        """Tell all workers that the run ends. They stop reading, and go on sending."""
        for client in self._shares:
            with contextlib.suppress(RPCError):
                self._runner.send_message(END_MESSAGE, None, client)

    def wait(self) -> None:
        """Wait until all records are here, but not for workers that are lost or silent. Waiting twice is fine."""
        had, deadline = -1, time.monotonic() + SILENCE_S
        while not self._waited and (waiting := [c for c, copy in self._copies.items() if not copy.over]):
            have = sum(sum(copy.sizes.values()) for copy in self._copies.values())
            if have != had:
                had, deadline = have, time.monotonic() + SILENCE_S
            if time.monotonic() > deadline or all(map(self._is_lost, waiting)):
                break
            gevent.sleep(_TURN_S)
        self._waited = True

    def close(self) -> None:
        """Take no more records, also from workers that have not finished. Closing twice is fine."""
        self._closed = True
        for copy in self._copies.values():
            if not copy.over:
                copy.presence.abandon()
                copy.over = True
            for descriptor in copy.files.values():
                os.close(descriptor)
            copy.files.clear()

    def _is_lost(self, client: str) -> bool:
        """Whether Locust has lost a worker, which sends nothing either: records are back before the next heartbeat."""
        node = self._runner.clients.get(client)
        silent = time.monotonic() - self._copies[client].heard > _HEARD_S
        return node is not None and node.state == "missing" and silent

    def on_records(self, msg: Any) -> None:
        """Take in what a worker has sent, if it is of this run."""
        client, data = msg.node_id, msg.data
        if not isinstance(data, dict) or data.get("run") != self._run or client not in self._shares:
            return
        copy = self._copies.get(client) or self._begin(client)
        if copy is None:
            return
        copy.heard = time.monotonic()
        suffix, at, content = data.get("suffix"), data.get("at"), data.get("content")
        if isinstance(suffix, str) and type(at) is int and isinstance(content, bytes) and not copy.over:
            try:
                self._take(copy, suffix, at, content)
            except OSError as error:  # it will be sent again
                if not copy.failed:
                    logger.error("%s cannot be written: %s; make room there.", copy.name, error.strerror)
                copy.failed = True
        with contextlib.suppress(RPCError):  # it has gone; if it comes back it sends again
            received = {"run": self._run, "sizes": copy.sizes, "complete": copy.complete}
            self._runner.send_message(RECEIVED_MESSAGE, received, client)

    def _begin(self, client: str) -> _Copy | None:
        """Begin the copy of a worker that sends for the first time; None when the run is over, or on a full disk."""
        if self._closed or client in self._unwritable:
            return None
        share = self._shares[client]
        name = self._run_dir / SPOOL_FOLDER / f"{share}-sent"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with contextlib.ExitStack() as undo:
            try:
                presence = Presence(name, WORKER, share, self._run)
                undo.callback(presence.abandon)  # while its lock is held it counts as recording
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
            while new:  # bytes that are here already are skipped; bytes after a gap are sent again
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
                copy.over = True  # even if the mark cannot be written, because the presence ends here
                copy.presence.close(last, complete=suffix == CLOSED_SUFFIX)
                copy.complete = True
