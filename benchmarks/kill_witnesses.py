"""Watches a run from outside: how many reads were answered, and until when each of its processes lived."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

from benchmarks.kill_cases import WORKER_1, WORKER_2, WRITER
from loadtest.sandbox.process import RunningSandbox


class Counter:
    """How many reads the sandbox had answered, and when; until it is gone."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.seen: list[tuple[int, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, args=(sandbox,), daemon=True)
        self._thread.start()

    def _count(self, sandbox: RunningSandbox) -> None:
        while not self._over.wait(0.02):
            try:
                answered = sandbox.state()["answered"]
            except (OSError, ValueError, HTTPException):  # it ended, or ends while it answers
                return
            self.seen.append((time.monotonic_ns(), answered))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def at(self, moment_ns: int) -> int:
        """The count at a moment: the last one that was seen before it."""
        return max((answered for at, answered in self.seen if at <= moment_ns), default=0)

    def most_within(self, seconds: float) -> int:
        """The most that were answered within so many seconds."""
        return max((later - self.at(at - int(seconds * 1e9)) for at, later in self.seen), default=0)


class Lives:
    """Until when each process that records was alive, and since when it certainly had ended."""

    def __init__(self, run_dir: Path) -> None:
        self.until: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(run_dir,), daemon=True)
        self._thread.start()

    def _watch(self, run_dir: Path) -> None:
        known: dict[str, int] = {}
        while not self._over.wait(0.02):
            known.update(registered(run_dir))
            for name, process in known.items():
                if is_alive(process):
                    self.until[name] = time.monotonic_ns()
                else:
                    self.gone.setdefault(name, time.monotonic_ns())

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def most_absent_s(self, end_ns: int) -> float:
        """How long before the end of the run the first of them had ended, at least: this one may have looked late."""
        return max(((end_ns - gone) / 1e9 for gone in self.gone.values()), default=0.0)


def registered(run_dir: Path) -> Iterator[tuple[str, int]]:
    """Each process that records, and its number."""
    for path in run_dir.glob("spool/*.recorder"):
        with contextlib.suppress(ValueError, FileNotFoundError):  # half written, or packed away just now
            said = json.loads(path.read_text())
            named = WRITER if said["role"] == "writer" else (WORKER_1, WORKER_2)[said["share"]]
            yield named, said["process"]


def anybody_lives(run_dir: Path) -> bool:
    return any(is_alive(process) for _, process in registered(run_dir))


def is_alive(process: int) -> bool:
    return Path(f"/proc/{process}/exe").exists()  # which one that has ended and was not waited for has no more
