"""What all processes of a run must agree on: sent once by the coordinator to every Locust worker."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loadtest.run.documents.kind import Description
from loadtest.run.schedule import ArrivalProcess, Arrivals, Rests, WindowSchedule, arrival_times


@dataclass(frozen=True)
class Plan:
    """The run as a worker needs to know it. Holds no key to write with: workers only read.

    The rests are as in :class:`loadtest.run.schedule.Rests`; runs of old versions had none.

    ``start_ns`` is CLOCK_MONOTONIC of the host named by ``boot_id``; a worker of another host cannot use it.
    """

    run: str
    run_dir: str
    boot_id: str
    url: str = field(repr=False)
    start_ns: int
    window_ns: int
    seed: int
    payload_bytes: int
    """Of the largest document."""
    arrival_rate: float
    arrival_process: str
    conditional_share: float
    workers: int
    documents: Description
    """Which documents; see :mod:`loadtest.run.documents`."""
    rest_windows: int = 0
    rest_pairs: int = 0
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent with every read. Their values are secrets: they are in the message to the workers, and in no file."""
    cert: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        pairs = tuple((str(name), str(value)) for name, value in self.headers)  # a message has lists of them
        object.__setattr__(self, "headers", pairs)

    @property
    def most_document_bytes(self) -> int:
        """So long may a document become while the run goes on: others may publish longer ones than the first."""
        return int(self.documents.get("most_bytes", self.payload_bytes))

    def windows(self) -> WindowSchedule:
        return WindowSchedule(self.start_ns, self.window_ns, self.seed, Rests(self.rest_windows, self.rest_pairs))

    def arrivals(self, share: int) -> Arrivals | None:
        """The arrivals of one of ``workers`` shares, or None for a closed loop."""
        if not self.arrival_rate:
            return None
        process = ArrivalProcess(self.arrival_process)
        schedule = arrival_times(self.start_ns, self.arrival_rate, process, self.seed)
        return Arrivals(schedule, share % self.workers, self.workers)

    def message(self) -> dict[str, Any]:
        """The plan as Locust can send it."""
        return asdict(self)


def boot_id() -> str:
    """Names this boot of this host, and with it what CLOCK_MONOTONIC counts from; empty where there is no such name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
