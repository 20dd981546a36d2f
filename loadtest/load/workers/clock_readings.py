"""The messages by which a worker's clock is compared with the master's, and how the master keeps the readings."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from loadtest.load.options.option_values import LONGEST_PLACE
from loadtest.run.clocks.clocks import clock_name
from loadtest.run.clocks.exchange_files import ExchangeRows
from loadtest.run.history.run_entries import LATEST_NS

CLOCK_MESSAGE: Final = "read-model-clock"
READING_MESSAGE: Final = "read-model-reading"


class Reading(NamedTuple):
    """A worker's answer: the master's reading that it was sent, its own, and the names of its clock and place."""

    sent_ns: int
    read_ns: int
    clock: str
    place: str

    @classmethod
    def of(cls, data: object, now_ns: int) -> Reading | None:
        """The reading in a message; None when no worker can have sent it. A worker of another version may send less."""
        if not isinstance(data, dict):
            return None
        sent_ns, read_ns, clock, place = (data.get(name) for name in ("sent_ns", "read_ns", "clock", "place"))
        if type(sent_ns) is not int or type(read_ns) is not int or not 0 <= sent_ns <= now_ns:
            return None
        if not 0 <= read_ns < LATEST_NS:
            return None
        is_name = isinstance(place, str) and len(place) <= LONGEST_PLACE and place.isprintable()
        return cls(sent_ns, read_ns, clock if isinstance(clock, str) else "", str(place) if is_name else "")


class Exchanges:
    """The exchanges with one worker: in memory until the run has a directory, and in a file from then on."""

    def __init__(self) -> None:
        self.clock = ""
        """The worker's name for its clock."""
        self.place = ""
        """Where its user says that it reads from."""
        self._rows = ExchangeRows()
        self._waiting = bytearray()
        self._file: BinaryIO | None = None

    def add(self, sent_ns: int, remote_ns: int, received_ns: int, clock: str, place: str) -> None:
        self.clock, self.place = clock, place
        self._waiting += self._rows.next(sent_ns, remote_ns, received_ns)
        self._write()

    def keep(self, path: Path) -> None:
        """Write all exchanges to this new file, now and as they come."""
        self._file = path.open("xb", buffering=0)
        self._write()

    def close(self) -> None:
        if self._file is not None:
            self._write()
            self._file.close()
            self._file = None

    def _write(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # tried again; what is missing at the end shows when the run is sealed
                while self._waiting:
                    del self._waiting[: self._file.write(self._waiting)]  # a full disk may take a part of one


def answer_reading(runner: Any, msg: Any, place: str) -> None:
    """The worker's side of an exchange: answer at once with the reading of its own clock."""
    reading = {"sent_ns": msg.data["sent_ns"], "read_ns": time.monotonic_ns(), "clock": clock_name(), "place": place}
    runner.send_message(READING_MESSAGE, reading)
