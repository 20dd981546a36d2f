"""How a recording process marks in the run directory that it is there, until when it has recorded, and that it is done.

There are three small files beside its spool. ``NAME.recorder`` is written before anything is recorded and is kept
locked, so that a live recorder can be distinguished from a dead one: a lock ends with its process, however that ends,
while a process id comes again, and is different in another container. ``NAME.heartbeat`` has the moment up to which
everything is on disk, how much that is, and its checksum; on a full disk it stands still. ``NAME.closed``, or
``NAME.incomplete`` when not everything could be written, is the closing mark.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import struct
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from loadtest.run.files import (
    CLOSED_SUFFIX,
    HEARTBEAT_SUFFIX,
    INCOMPLETE_SUFFIX,
    JOURNAL_NAME,
    REGISTRATION_SUFFIX,
    SPOOL_SUFFIXES,
)

WORKER: Final = "worker"
WRITER: Final = "writer"
_COUNTED: Final = (*SPOOL_SUFFIXES, JOURNAL_NAME)
_BEATS_WITHIN_S: Final = 1.5
_HEARTBEAT: Final = struct.Struct(f"<2q{'qI' * len(_COUNTED)}")
_CHECKSUM: Final = struct.Struct("<I")


@dataclass(frozen=True)
class Written:
    """How much of a file is on disk, and its CRC-32, which shows whether it was altered, cut or mixed up later."""

    size: int = 0
    crc: int = 0

    def and_then(self, content: bytes) -> Written:
        """The same with ``content`` after it."""
        return Written(self.size + len(content), zlib.crc32(content, self.crc))


@dataclass(frozen=True)
class Pulse:
    """A heartbeat: everything up to ``until_ns`` is on disk, with the size of each file and the number of sessions."""

    until_ns: int
    sessions: int = 0
    files: dict[str, Written] = field(default_factory=dict)
    """By the suffix of a spool's file, or the name of the writer's journal."""


class Presence:
    """The presence of this process in one run, made before anything is recorded."""

    def __init__(self, name: Path, role: str, share: int, run: str) -> None:
        self._name = name
        self.last: Pulse | None = None
        content = {"run": run, "role": role, "share": share, "process": os.getpid(), "since_ns": time.monotonic_ns()}
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        with contextlib.ExitStack() as undo:  # a lock that stays held would mean that somebody still records
            self._registration = os.open(_path(name, REGISTRATION_SUFFIX), flags, 0o644)
            undo.callback(os.close, self._registration)
            self._heartbeat = os.open(_path(name, HEARTBEAT_SUFFIX), flags, 0o644)
            undo.callback(os.close, self._heartbeat)
            content["locked"] = _lock(self._registration)
            os.write(self._registration, json.dumps(content).encode() + b"\n")
            undo.pop_all()

    def beat(self, pulse: Pulse) -> None:
        """Note up to when everything is on disk: one small write in place, whole or not at all."""
        written = (pulse.files.get(name, Written()) for name in _COUNTED)
        numbers = (number for each in written for number in (each.size, each.crc))
        content = _HEARTBEAT.pack(pulse.until_ns, pulse.sessions, *numbers)
        os.pwrite(self._heartbeat, content + _CHECKSUM.pack(zlib.crc32(content)), 0)
        self.last = pulse

    def abandon(self) -> None:
        """Release the lock without a closing mark, for a process that is not heard from any more."""
        os.close(self._registration)
        os.close(self._heartbeat)

    def close(self, pulse: Pulse, *, complete: bool) -> None:
        """Leave the closing mark. The lock ends after that, because a recorder without lock and mark was killed.

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
    """What a recorder wrote when it began; None when that cannot be read (it was killed while writing)."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("role"), str):
        return None
    return content if all(type(content.get(name)) is int for name in ("share", "process", "since_ns")) else None


def pulse_of(registration: Path) -> Pulse | None:
    """The last heartbeat of a recorder; None when there is none, or it is damaged."""
    try:
        content = registration.with_suffix(HEARTBEAT_SUFFIX).read_bytes()
    except OSError:
        return None
    return unpacked(content)


def unpacked(content: bytes) -> Pulse | None:
    """The heartbeat in the content of its file; None when it is damaged."""
    packed, checksum = content[: _HEARTBEAT.size], content[_HEARTBEAT.size :]
    if len(packed) != _HEARTBEAT.size or checksum != _CHECKSUM.pack(zlib.crc32(packed)):
        return None
    until_ns, sessions, *numbers = _HEARTBEAT.unpack(packed)
    written = (Written(size, crc) for size, crc in zip(numbers[::2], numbers[1::2], strict=True))
    return Pulse(until_ns, sessions, dict(zip(_COUNTED, written, strict=True)))


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
    content = registration_of(registration)
    return content is not None and not content.get("locked") and _goes_on(registration)


def _goes_on(registration: Path) -> bool:
    """Whether the heartbeat moves. This is used on file systems without locks."""
    before = pulse_of(registration)
    time.sleep(_BEATS_WITHIN_S)
    return pulse_of(registration) != before


def _path(name: Path, suffix: str) -> Path:
    return name.with_name(name.name + suffix)


def _lock(descriptor: int) -> bool:
    """Lock a file, and return whether that worked: some network file systems have no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
