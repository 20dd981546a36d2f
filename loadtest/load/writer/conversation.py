"""Talking to a process that works beside the readers: it is told on its standard input, and heard on its output.

Both sides send one JSON object a line. The process ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import gevent

from loadtest.errors import UsageError
from loadtest.load.writer.events import MOST_LINE_BYTES, EndlessLineError, events_of
from loadtest.load.writer.writer import PUT_TIME_LIMIT_S
from loadtest.project import PROJECT

_GRACE_S: Final = PUT_TIME_LIMIT_S + 5
_LAST_GRACE_S: Final = 10


class Conversation:
    """The talk with one process, which begins when this is made.

    Args:
        module: what the process runs.
        name: what it is called in sentences.
        on_aside: called with each event that comes while another one is waited for.
    """

    def __init__(self, module: str, name: str, on_aside: Callable[[dict[str, Any]], None]) -> None:
        self._name = name
        self._on_aside = on_aside
        self._last_words = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT
        )

    def tell(self, message: dict[str, Any]) -> None:
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]
        except (BrokenPipeError, ValueError):
            pass  # it has ended; its last words give the reason

    def wait_for(self, key: str, what: str) -> dict[str, Any]:
        """The next event that has ``key``.

        Raises:
            UsageError: none came; ``what`` the process did not do is part of the sentence.
        """
        with gevent.Timeout(_GRACE_S * 2, False):
            for event in self.events():
                if key in event:
                    return event
                self._on_aside(event)
            self.end()
            raise UsageError(f"The {self._name} {what}: {self.why_it_ended()}.")
        self.end()
        raise UsageError(
            f"The {self._name} {what} within {_GRACE_S * 2} s; check the network and what gives your AWS credentials."
        )

    def events(self) -> Iterator[dict[str, Any]]:
        """What the process says, until it ends; one that prints a line without an end is ended."""
        try:
            for event in events_of(self.process.stdout):  # type: ignore[arg-type]
                self._last_words = event.get("ended", self._last_words)
                yield event
        except EndlessLineError:
            self._last_words = f"it printed a line of more than {MOST_LINE_BYTES:,} bytes"
            self.process.terminate()

    def end(self) -> None:
        """Let the request in flight end, then end the process. Ending it twice is fine."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._end_at_once()

    def _end_at_once(self) -> None:
        """End the process, whose request hangs; a watcher ends the publish command before itself."""
        self.process.terminate()
        try:
            self.process.wait(_LAST_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def why_it_ended(self) -> str:
        if self._last_words:
            return self._last_words
        code = self.process.returncode
        if code is not None and code < 0:
            return f"it was killed ({_signal_name(-code)})"
        return "it ended without saying why" if not code else f"it ended with exit code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
