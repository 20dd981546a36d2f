"""What is killed in each run of ``benchmarks.kills``, and when: drawn from the number of the run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

READERS: Final = 8
MASTER, WORKER_1, WORKER_2, WRITER, REPORT, SANDBOX = "Locust", "worker 1", "worker 2", "writer", "report", "sandbox"


@dataclass(frozen=True)
class Killing:
    """One run and what is done to it."""

    number: int
    workers: int  # 0: the readers are in the one Locust process
    planned_s: float | None  # length that the run was given; None: it is ended by Ctrl-C
    first: tuple[str, ...]  # killed at once …
    first_s: float  # … so long after the first read was recorded
    then: tuple[str, ...]  # and these later
    then_s: float

    @property
    def text(self) -> str:
        """For a row of the table."""
        kinds = f"{self.workers} workers" if self.workers else "one process"
        length = f"{self.planned_s:g} s" if self.planned_s else "open"
        killed = f"{', '.join(self.first)} at {self.first_s:.1f} s"
        if self.then:
            killed += f"; {', '.join(self.then)} at {self.then_s:.1f} s"
        return f"{kinds:<12} {length:<6} {killed}"


def killing(number: int) -> Killing:
    """The run of this number, always the same."""
    draw = random.Random(f"kill/{number}")
    workers = draw.choice((0, 2, 2))
    names = [MASTER, WRITER, SANDBOX, REPORT] + ([WORKER_1, WORKER_2] if workers else [])
    first = tuple(sorted(draw.sample(names, draw.choice((1, 1, 2, 3, len(names))))))
    rest = [name for name in names if name not in first]
    then = tuple(sorted(rest)) if rest and draw.random() < 0.3 else ()
    first_s = draw.uniform(0.3, 5.0)
    planned_s = draw.choice((7.0, 7.0, None))
    return Killing(number, workers, planned_s, first, first_s, then, first_s + draw.uniform(0.5, 2.0))
