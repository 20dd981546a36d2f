"""``run.json``: what a run was, validated. Only what judging needs is typed; everything else is passed on as it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, JsonValue, ValidationError

from loadtest.errors import RunError
from loadtest.run.files import RUN_FILE
from loadtest.run.history.attendance import Attendance, missing
from loadtest.run.history.looks import RunLooks
from loadtest.run.history.run_entries import (
    Entry,
    RunClock,
    RunDocuments,
    RunEnd,
    RunPlan,
    RunSettings,
    RunSource,
    WriterTrouble,
)
from loadtest.run.observed.watcher_journal import Watched
from loadtest.run.records import SEVERAL_OBJECTS_FORMAT
from loadtest.run.settings import PUBLISH
from stacks.user_input import UnreadableFileError, cut, is_folder, read_small_file

NO_PLACE: Final = "no place named"
"""The place of workers without ``--place``, in a run in which others have one."""


class RunInfo(Entry):
    """All of ``run.json``."""

    format: int
    run: str
    started: str
    clock: RunClock
    settings: RunSettings
    target: dict[str, JsonValue]
    host: dict[str, JsonValue] = Field(default_factory=dict)
    versions: dict[str, JsonValue] = Field(default_factory=dict)
    plan: RunPlan | None = None
    ended: RunEnd = RunEnd(reason="not recorded")
    writer: list[WriterTrouble] = Field(default_factory=list)
    source: RunSource | None = None
    attendance: Attendance | None = None
    watch: Watched | None = None
    looks: RunLooks | None = None
    documents: RunDocuments = RunDocuments()
    clock_uncertainty_ns: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """By worker whose clock is not the master's: 99 % of its reads are moved outwards by at most this."""

    @property
    def workers_by_place(self) -> dict[str, tuple[int, ...]]:
        """The workers that read from each place; empty where none was named."""
        processes = self.attendance.processes if self.attendance is not None else ()
        workers = [process for process in processes if process.role == "worker"]
        if not any(worker.place for worker in workers):
            return {}
        named = {worker.place or NO_PLACE for worker in workers}
        return {
            place: tuple(worker.share for worker in workers if (worker.place or NO_PLACE) == place)
            for place in sorted(named)
        }

    def of_workers(self, workers: Sequence[int]) -> RunInfo:
        """The same for some of the workers only. It has no places, because these workers are of one place."""
        if self.attendance is None:
            return self
        everybody = self.attendance.processes
        own = [each for each in everybody if each.role != "worker" or each.share in workers]
        count = sum(each.role == "worker" for each in everybody)
        names = {str(worker) for worker in workers}
        rate = self.settings.arrival_rate * len(workers) / max(1, count)
        attendance = {
            "processes": [each.model_copy(update={"place": ""}) for each in own],
            "readers": None,  # how many of them are of these workers is not known
            "began": None,
        }
        return self.model_copy(
            update={
                "attendance": self.attendance.model_copy(update=attendance),
                "settings": self.settings.model_copy(update={"arrival_rate": rate}),
                "clock_uncertainty_ns": {
                    worker: width for worker, width in self.clock_uncertainty_ns.items() if worker in names
                },
            }
        )

    @property
    def is_watched(self) -> bool:
        """Whether somebody else published the documents, and this run only watched."""
        return self.settings.writer != PUBLISH

    @property
    def missing(self) -> tuple[str, ...]:
        """One sentence for each missing part of the record; empty when it is whole."""
        if self.attendance is not None:
            start_ns = self.plan.start_ns if self.plan is not None else 0
            return missing(self.attendance, start_ns, None if self.ended.recovered else self.ended.at_ns)
        if self.ended.lost:
            return (
                "Not every load-generating process wrote all that it had recorded: what is said rests on the rest.",
            )
        if self.ended.recovered:
            return ("The run was cut short, and its record does not say who should have recorded until when.",)
        return ()

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """The addresses that were read, each with its weight; most runs have one."""
        entries = self.target.get("addresses")
        addresses = [
            (str(one.get("url")), weight)
            for one in (entries if isinstance(entries, list) else ())
            if isinstance(one, dict) and isinstance(weight := one.get("weight"), int) and weight > 0
        ]
        return tuple(addresses) or ((self.target_name, 1),)

    @property
    def objects(self) -> dict[str, tuple[int, ...]]:
        """The keys of the objects of a run that has several, each with the numbers of its addresses; else empty."""
        said = self.target.get("addresses")
        keys = [one.get("object_key") for one in (said if isinstance(said, list) else ()) if isinstance(one, dict)]
        named = [str(key) for key in keys if key is not None]
        if len(named) < len(self.addresses):
            return {}
        return {key: tuple(number for number, own in enumerate(named) if own == key) for key in dict.fromkeys(named)}

    def of_object(self, number: int) -> RunInfo:
        """What it says of one of several objects: its addresses, their share of the reads, its part of the writes."""
        key, numbers = list(self.objects.items())[number]
        own: list[JsonValue] = [
            {"url": url, "weight": weight} for url, weight in (self.addresses[place] for place in numbers)
        ]
        target: dict[str, JsonValue] = {name: value for name, value in self.target.items() if name != "addresses"}
        target |= {"url": self.addresses[numbers[0]][0], "object_key": key}
        share = sum(self.addresses[place][1] for place in numbers) / sum(weight for _, weight in self.addresses)
        settings = {
            "arrival_rate": self.settings.arrival_rate * share,
            "write_interval": self.settings.write_interval * len(self.objects),
        }
        return self.model_copy(
            update={
                "target": target | ({"addresses": own} if len(own) > 1 else {}),
                "settings": self.settings.model_copy(update=settings),
            }
        )

    @property
    def target_name(self) -> str:
        """The address that was read, for a sentence."""
        return str(self.target.get("url") or "the target")

    @property
    def object_name(self) -> str:
        """The object that was written, for a sentence."""
        bucket, key = self.target.get("bucket"), self.target.get("object_key")
        return f"s3://{bucket}/{key}" if bucket and key else "the object"


def read_run_info(run_dir: Path) -> RunInfo:
    """``run.json`` of a run directory.

    Raises:
        RunError: it is missing, is not valid, or is of a newer format.
    """
    path = run_dir / RUN_FILE
    if not is_folder(run_dir):
        raise RunError(
            f"{cut(str(run_dir))} is not a directory: give the directory of a recorded run, for example runs/latest."
        )
    try:
        content = read_small_file(path)
    except FileNotFoundError:
        raise RunError(f"{run_dir} holds no {RUN_FILE}: it is not the directory of a recorded run.") from None
    except UnreadableFileError as error:
        raise RunError(f"{path} cannot be read ({error}): check its permissions.") from None
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        raise RunError(f"{path} is not JSON: the run is damaged; restore the file or measure again.") from None
    if not isinstance(plain, dict):
        raise RunError(f"{path} holds no JSON object: the run is damaged; restore the file or measure again.")
    number = plain.get("format")
    if isinstance(number, int) and number > SEVERAL_OBJECTS_FORMAT:
        raise RunError(
            f"{path} has format {number} and this program knows up to {SEVERAL_OBJECTS_FORMAT}: use the version that "
            "wrote it."
        )
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise RunError(f"{path} has format {number!r}, expected a number from 1 on: the run is damaged.")
    try:
        return RunInfo.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RunError(
            f"{path}: {place}: {first['msg']}; the run is damaged, or was not written by this program."
        ) from None
