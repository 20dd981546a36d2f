"""Runs the user's own publisher on this suite's schedule: one run at a time, each with its exit code as an outcome.

Its output is shown nowhere, unless it fails: then its last lines are shown, without secrets. It has a session of its
own, so that Ctrl-C does not reach it. It is ended with the run, also when the process that runs it was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO, Final

from loadtest.cleaned import LEAST_SECRET, without_hidden
from loadtest.target.put_errors import shown

ENDING_S: Final = 3
"""Time for a command to end by itself when the run is over."""
_LAST_BYTES: Final = 4096
_LONGEST_SECRET: Final = 64 * 1024
"""Bytes read before the ones that are shown: a secret of which only the end were read would not be recognised."""
_LOOK_S: Final = 0.5
_LAST_LINES: Final = 5
_SECRETS: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECURITY_TOKEN")


@dataclass(frozen=True)
class Ran:
    """One run of the command. ``code`` is None when it was ended together with the load test."""

    called_ns: int
    returned_ns: int
    code: int | None
    said: str = ""


class PublishCommand:
    """Runs ``command`` in a shell at each due time; due times that pass while it still runs are left out."""

    def __init__(self, command: str, folder: str, secrets: Callable[[], Iterable[str]] = tuple) -> None:
        self._command = command
        self._folder = folder
        self._secrets = secrets
        self._parent = os.getppid()
        self._over = threading.Event()
        self._beginning = threading.Lock()
        """Held while a run begins, so that no run can begin unseen while ``stop`` ends the current one."""
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._done: SimpleQueue[Ran] = SimpleQueue()
        self.running_since_ns: int | None = None

    def start(self, due_times: Iterator[int], late_ns: int) -> None:
        """Begin; a run that would be later than ``late_ns`` is left out."""
        self._thread = threading.Thread(target=self._on_schedule, args=(due_times, late_ns), daemon=True)
        self._thread.start()

    def finished(self) -> list[Ran]:
        """The runs that have ended since the last call."""
        runs = []
        while not self._done.empty():
            runs.append(self._done.get())
        return runs

    def stop(self) -> bool:
        """End the current run and everything that it started. Returns whether there was one."""
        with self._beginning:
            self._over.set()
            process = self._process
        was_running = process is not None and process.poll() is None
        if process is not None and was_running:
            _end(process)
        if self._thread is not None:
            self._thread.join(ENDING_S)
        return was_running

    def _on_schedule(self, due_times: Iterator[int], late_ns: int) -> None:
        for due in due_times:
            now = time.monotonic_ns()
            if now - due > late_ns:
                continue
            if self._over.wait(max(0, due - now) / 1e9):
                return
            self._run()
            if self._over.is_set():
                return

    def _run(self) -> None:
        with tempfile.TemporaryFile() as output:
            self.running_since_ns = called = time.monotonic_ns()
            try:
                with self._beginning:
                    if self._over.is_set():
                        self.running_since_ns = None
                        return
                    self._process = subprocess.Popen(  # noqa: S602 - it is the user's own command line
                        self._command,
                        shell=True,
                        cwd=self._folder,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                code = self._ended(self._process)
                last_lines = "" if code == 0 else self._last_lines(output)
            except OSError as error:
                code, last_lines = 127, self._shown(f"{type(error).__name__}: {error.strerror}")
            own_code = code if not self._over.is_set() or code == 0 else None
            self._done.put(Ran(called, time.monotonic_ns(), own_code, last_lines if own_code else ""))
            self.running_since_ns = None

    def _ended(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for a run to end, and return its exit code."""
        while True:
            try:
                return process.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                if os.getppid() != self._parent:  # it was killed; this process itself may hang in a HEAD
                    self._over.set()
                    _end(process)

    def _last_lines(self, output: IO[bytes]) -> str:
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - _LAST_BYTES - _LONGEST_SECRET))
        text = self._without_secrets(output.read().decode("utf-8", "replace"))
        lines = text[-_LAST_BYTES:].splitlines()
        return self._shown(" | ".join(line for line in lines[-_LAST_LINES:] if line.strip()))

    def _shown(self, text: str) -> str:
        return shown(self._without_secrets(text))

    def _without_secrets(self, text: str) -> str:
        known = {*self._secrets(), *(os.environ.get(name, "") for name in _SECRETS)}
        for secret in sorted(filter(_is_long_enough, known), key=len, reverse=True):
            text = text.replace(secret, "…")
        return without_hidden(text)


def _is_long_enough(secret: str) -> bool:
    return len(secret) >= LEAST_SECRET


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a run and everything that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_S)


def tell_of(ran: Ran, note: Callable[..., None], trouble: Callable[[str], None]) -> None:
    """Note one run in the journal, and report it when it failed."""
    note("command", called_ns=ran.called_ns, returned_ns=ran.returned_ns, code=ran.code, said=ran.said)
    if ran.code:
        last_lines = f": {ran.said}" if ran.said else ""
        trouble(f"the publish command ended with exit code {ran.code}{last_lines}")
