"""Loads of Locust users in processes of their own that take turns; for ``reader_rate``.

The speed of a core changes from second to second, so loads that run one after the other cannot be compared. These take
turns of a quarter of a second, by SIGSTOP and SIGCONT, so that all meet the same fast and slow seconds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from benchmarks.nginx import Served

RUN = "0123456789ab"
USERS = 20
GENERATOR_CORE, SERVER_CORE = 0, 1
SLICE_S = 0.25


class Case(NamedTuple):
    """One line of the table."""

    name: str
    payload_bytes: int
    wanted: float
    share: float = 0.0
    over_tls: bool = False
    numbered: bool = False
    """Each answer has an id of its own, as API Gateway's have: no head is like one before."""


class Load:
    """A load in a process of its own, warm and standing still."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.result: dict[str, Any] = {}

    def go(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        """End it, and keep its own result.

        Raises RuntimeError when a read of it failed.
        """
        self._process.terminate()
        self.go()
        self.result = json.loads(self._process.communicate(timeout=30)[0])
        if self.result["failures"]:
            raise RuntimeError(f"{self.result['failures']} reads failed in a load; the rate means nothing.")

    @property
    def reads_per_cpu_second(self) -> float:
        """How many reads it made in a second of its own CPU."""
        return float(self.result["reads"]) / (self.result["cpu_seconds"] or 1)


@contextmanager
def started(
    kind: str,
    served: Served,
    case: Case,
    *,
    core: int = GENERATOR_CORE,
    users: int = USERS,
    rate: float = 0,
    recorded: Sequence[str] = (),
) -> Iterator[Load]:
    """A load that is warm; it is gone after the block. ``recorded`` is where, as options of ``reader_load``."""
    command = ["taskset", "-c", str(core), sys.executable, "-m", "benchmarks.reader_load", kind, served.url, RUN]
    command += [str(case.payload_bytes), str(users), f"--share={case.share}", f"--rate={rate}", *recorded]
    trusted = {"SSL_CERT_FILE": str(served.certificate)} if served.certificate else {}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **trusted})
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"The {kind} load did not start; its own message is above.")
        yield Load(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(10)


def answers(served: Served) -> int:
    """How many requests nginx has taken so far, including this one."""
    with urllib.request.urlopen(served.status_url) as response:
        return int(response.read().split(b"requests")[1].split()[2])


def taking_turns(peers: Sequence[Served], groups: Sequence[Sequence[Load]], turns: int) -> list[float]:
    """Run one group of loads at a time, ``turns`` times each; reads per second of each group, as servers count."""
    reads, seconds = [0] * len(groups), [0.0] * len(groups)
    for turn in range(turns):
        order = range(len(groups)) if turn % 2 else reversed(range(len(groups)))
        for number in order:
            before = sum(map(answers, peers))
            for load in groups[number]:
                load.go()
            began = time.perf_counter()
            time.sleep(SLICE_S)
            for load in groups[number]:
                load.stop()
            seconds[number] += time.perf_counter() - began
            reads[number] += sum(map(answers, peers)) - before - len(peers)
    return [count / seconds_taken for count, seconds_taken in zip(reads, seconds, strict=True)]
