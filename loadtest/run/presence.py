"""A recording process says in the run directory that it is there, until when it has recorded, and that it is done.

Three small files beside its spool: ``NAME.recorder`` is written before anything is recorded and is kept locked, so that
whoever reports can tell a live recorder from a dead one (a lock ends with its process, however that ends; a process id
comes again, and looks different from another container or time namespace). ``NAME.heartbeat`` says up to which moment
everything is on disk, and how much that is; a disk that takes no more makes it stand still. ``NAME.closed``, or
``NAME.incomplete`` when not all could be written, is the last word.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

REGISTRATION_SUFFIX: Final = ".recorder"
HEARTBEAT_SUFFIX: Final = ".heartbeat"
CLOSED_SUFFIX: Final = ".closed"
INCOMPLETE_SUFFIX: Final = ".incomplete"
"""Marks the spool of a process that records no more, and that could not write all that it had recorded."""

WORKER: Final = "worker"
WRITER: Final = "writer"
KINDS: Final = ("etags", "requests", "bodies", "reads", "samples")
"""Files of a spool, in the order in which they are flushed: what is named before what names it."""
_COUNTED: Final = (*KINDS, "journal")
"""Records of each kind; of the writer's journal its bytes."""
_BEATS_WITHIN_S: Final = 1.5
_HEARTBEAT: Final = struct.Struct(f"<{2 + len(_COUNTED)}q")


@dataclass(frozen=True)
class Pulse:
    """Everything up to ``until_ns`` is on disk: so many records of each kind, of so many sessions."""

    until_ns: int
    sessions: int = 0
    records: dict[str, int] = field(default_factory=dict)


class Presence:
    """The presence of this process in one run; made before anything is recorded."""

    def __init__(self, name: Path, role: str, share: int, run: str) -> None:
        self._name = name
        self._registration = os.open(_path(name, REGISTRATION_SUFFIX), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        self._heartbeat = os.open(_path(name, HEARTBEAT_SUFFIX), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        said = {"run": run, "role": role, "share": share, "process": os.getpid(), "since_ns": time.monotonic_ns()}
        said["locked"] = _lock(self._registration)
        os.write(self._registration, json.dumps(said).encode() + b"\n")

    def beat(self, pulse: Pulse) -> None:
        """Say up to when everything is on disk. One small write in place, whole or not at all."""
        counts = (pulse.records.get(kind, 0) for kind in _COUNTED)
        os.pwrite(self._heartbeat, _HEARTBEAT.pack(pulse.until_ns, pulse.sessions, *counts), 0)

    def close(self, pulse: Pulse, *, complete: bool) -> None:
        """The last word. The lock ends after it, for a recorder that is heard no more and not closed was killed.

        Raises:
            OSError: it could not be written.
        """
        try:
            mark = _path(self._name, CLOSED_SUFFIX if complete else INCOMPLETE_SUFFIX)
            self.beat(pulse)
            mark.touch()
        finally:
            os.close(self._registration)
            os.close(self._heartbeat)


def registration_of(path: Path) -> dict[str, Any] | None:
    """What a recorder said when it began; None when that cannot be read (it was killed while it wrote it)."""
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    numbers = isinstance(said, dict) and all(type(said.get(name)) is int for name in ("share", "process", "since_ns"))
    return said if numbers and isinstance(said.get("role"), str) else None


def pulse_of(registration: Path) -> Pulse | None:
    """The last heartbeat of a recorder; None when there was none."""
    try:
        content = registration.with_suffix(HEARTBEAT_SUFFIX).read_bytes()
    except OSError:
        return None
    if len(content) != _HEARTBEAT.size:
        return None
    until_ns, sessions, *counts = _HEARTBEAT.unpack(content)
    return Pulse(until_ns, sessions, dict(zip(_COUNTED, counts, strict=True)))


def is_alive(registration: Path) -> bool:
    """Whether the process of this registration still records."""
    if registration.with_suffix(CLOSED_SUFFIX).exists() or registration.with_suffix(INCOMPLETE_SUFFIX).exists():
        return False
    with registration.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return _goes_on(registration)
    said = registration_of(registration)
    return said is not None and not said.get("locked") and _goes_on(registration)


def _goes_on(registration: Path) -> bool:
    """Whether the heartbeat moves; for file systems without locks."""
    before = pulse_of(registration)
    time.sleep(_BEATS_WITHIN_S)
    return pulse_of(registration) != before


def _path(name: Path, suffix: str) -> Path:
    return name.with_name(name.name + suffix)


def _lock(descriptor: int) -> bool:
    """Some network file systems have no locks; there a dead recorder cannot be told from a live one."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
