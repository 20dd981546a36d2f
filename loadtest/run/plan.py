"""What all processes of a run must agree on. The coordinator sends it once to every Locust worker."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from loadtest.run.addresses import due_at
from loadtest.run.documents.kind import Description
from loadtest.run.duel_schedule import DuelSchedule, schedule_of
from loadtest.run.schedule import ArrivalProcess, Arrivals, Rests, WindowSchedule, arrival_times


@dataclass(frozen=True)
class Plan:
    """The run as a worker needs to know it. It holds no key to write with, because workers only read.

    The rests are as in :class:`loadtest.run.schedule.Rests`; runs of old versions had none.

    ``start_ns`` is on the CLOCK_MONOTONIC of the host named by ``boot_id``; a worker with another clock converts it.
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
    side: str = ""
    """Which side of a duel this is; "" for a run of its own."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Sent with every read. Their values are secrets: they are in the message to the workers, and in no file."""
    cert: str = ""
    key: str = ""
    addresses: tuple[tuple[str, int], ...] = field(default=(), repr=False)
    """All of them, each with its weight, where there are several; ``url`` is the first."""
    objects: tuple[int, ...] = ()
    """For each address the number of its object, where they are of several."""

    def __post_init__(self) -> None:
        several = tuple((str(url), int(weight)) for url, weight in self.addresses)
        object.__setattr__(self, "addresses", several)
        object.__setattr__(self, "objects", tuple(map(int, self.objects)))
        pairs = tuple((str(name), str(value)) for name, value in self.headers)  # a message has lists of them
        object.__setattr__(self, "headers", pairs)

    @property
    def most_document_bytes(self) -> int:
        """The most bytes that a document may get while the run goes on: others may publish longer ones."""
        return int(self.documents.get("most_bytes", self.payload_bytes))

    def windows(self) -> WindowSchedule:
        rests = Rests(self.rest_windows, self.rest_pairs)
        return schedule_of(self.start_ns, self.window_ns, self.seed, rests, self.side)

    @property
    def weights(self) -> tuple[int, ...]:
        return tuple(weight for _, weight in self.addresses) or (1,)

    def at(self, address: int) -> Plan:
        """The plan as the readers of one address need to know it."""
        if not self.addresses:
            return self
        own = {"object": self.objects[address]} if self.objects else {}
        return replace(self, url=self.addresses[address][0], documents=self.documents | own)

    def rate_at(self, address: int) -> float:
        """The reads per second due at an address in one process; 0 in a closed loop."""
        return self.arrival_rate / self.workers * self.weights[address] / sum(self.weights)

    def arrivals(self, share: int, address: int = 0) -> Arrivals | None:
        """The arrivals of one of ``workers`` shares at an address, or None for a closed loop."""
        if not self.arrival_rate:
            return None
        process = ArrivalProcess(self.arrival_process)
        windows = self.windows()
        schedule: Iterator[int]
        if isinstance(windows, DuelSchedule):  # as if its turns followed each other without a gap
            schedule = map(windows.moment, arrival_times(0, self.arrival_rate, process, self.seed))
        else:
            schedule = arrival_times(self.start_ns, self.arrival_rate, process, self.seed)
        if len(self.weights) < 2:
            return Arrivals(schedule, share % self.workers, self.workers)
        own = itertools.islice(schedule, share % self.workers, None, self.workers)
        return Arrivals(due_at(address, self.weights, own))

    def message(self) -> dict[str, Any]:
        """The plan as Locust can send it."""
        return asdict(self)


def boot_id() -> str:
    """The name of this boot of this host, from which CLOCK_MONOTONIC counts; "" where there is no such name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
