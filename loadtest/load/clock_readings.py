"""The messages by which a worker's clock is compared with the master's, and how the master keeps what they said."""

from __future__ import annotations

import contextlib
import struct
import time
from pathlib import Path
from typing import Any, BinaryIO, Final

from loadtest.run.clocks import clock_name

CLOCK_MESSAGE: Final = "read-model-clock"
READING_MESSAGE: Final = "read-model-reading"
_EXCHANGE: Final = struct.Struct("<3q")
"""``EXCHANGE_DTYPE``, without NumPy."""


class Exchanges:
    """The exchanges with one worker: in memory until the run has a directory, and in a file from then on."""

    def __init__(self) -> None:
        self.clock = ""
        """What the worker calls its clock."""
        self.place = ""
        """Where its user says that it reads from."""
        self._waiting: list[bytes] = []
        self._file: BinaryIO | None = None

    def add(self, sent_ns: int, remote_ns: int, received_ns: int, clock: str, place: str) -> None:
        self.clock, self.place = clock, place
        self._waiting.append(_EXCHANGE.pack(sent_ns, remote_ns, received_ns))
        self._write()

    def keep(self, path: Path) -> None:
        """Write all to this new file, as it comes."""
        self._file = path.open("xb", buffering=0)
        self._write()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # without exchanges the clock is known less well, and that is judged
                while self._waiting:
                    self._file.write(self._waiting[0])
                    del self._waiting[0]


def answer_reading(runner: Any, msg: Any, place: str) -> None:
    """The worker's side of an exchange: answer at once with the reading of its own clock."""
    reading = {"sent_ns": msg.data["sent_ns"], "read_ns": time.monotonic_ns(), "clock": clock_name(), "place": place}
    runner.send_message(READING_MESSAGE, reading)
