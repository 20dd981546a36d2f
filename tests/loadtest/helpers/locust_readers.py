"""Locust users that read as a plan says, without a run around them; for tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from locust.env import Environment
from spooled_runs import RUN, SIZE

from benchmarks.reader_load import closed_loop
from loadtest.http1.access import NO_ACCESS, Access
from loadtest.load.reading.reader import SamplesReader
from loadtest.load.reading.recorder import Recorder
from loadtest.run.plan import Plan


class Reader(SamplesReader):
    """Locust wants every user to have a host; this one reads where its plan says."""

    host = "http://host"


def plan_for(url: str, folder: Path, access: Access = NO_ACCESS, **others: Any) -> Plan:
    plan = closed_loop(url, RUN, str(folder), SIZE, **others)
    return replace(plan, headers=access.headers, cert=access.cert, key=access.key)


def environment_of(recorder: Callable[[], Recorder], user: type[SamplesReader] = Reader, **others: Any) -> Environment:
    """An environment whose readers ask ``recorder`` for theirs, as they ask the run."""
    environment = Environment(user_classes=[user], **others)
    environment.read_model = SimpleNamespace(recorder=recorder)  # type: ignore[attr-defined]
    return environment


def started(recorder: Callable[[], Recorder], count: int) -> list[SamplesReader]:
    """Readers that have started. Locust's statistics, which its runner keeps, are those of their environment."""
    environment = environment_of(recorder)
    environment.create_local_runner()
    readers: list[SamplesReader] = [Reader(environment) for _ in range(count)]
    for reader in readers:
        reader.on_start()
    return readers


@contextmanager
def a_reader(plan: Plan) -> Iterator[SamplesReader]:
    recorder = Recorder(plan, 0)
    (reader,) = started(lambda: recorder, 1)
    try:
        yield reader
    finally:
        reader.on_stop()
        recorder.close()


def failures(reader: SamplesReader) -> list[str]:
    return [str(error.error) for error in reader.environment.stats.errors.values()]
