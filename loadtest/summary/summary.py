"""Summary: everything that a report may say about a run, and how it goes to ``summary.json`` and back.

Reports only format a Summary; they compute nothing. The same run gives the same bytes: keys are sorted, floats are
rounded where they are computed, and the time of the analysis is not recorded. ``summary.schema.json`` in this folder is
the JSON Schema, made from these records by ``python -m loadtest.summary.summary``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from loadtest.errors import UsageError
from loadtest.run.records import FORMAT_VERSION, Verdict
from loadtest.summary.findings import CheckResult, Question, Record, ThresholdResult
from loadtest.summary.generator import Availability, Generator
from loadtest.summary.parts import AddressRow, ObjectRow, PlaceRow
from loadtest.summary.speed import Impact, Latency
from loadtest.summary.versions import Conditional, Consistency
from loadtest.whole_files import write_whole
from stacks.user_input import UnreadableFileError, read_small_file

SCHEMA_PATH: Final = Path(__file__).with_name("summary.schema.json")


class SummaryError(UsageError):
    """A summary file cannot be used; the text is one sentence for the user."""


class NotForUsError(SummaryError):
    """A summary file that cannot be read here but may be whole: of a newer format, or without permission to read it."""


@dataclass(frozen=True)
class Ended(Record):
    """How the run came to its end."""

    reason: str
    at_ns: int | None  # since the origin
    recovered: bool  # from the spools of a run that was killed
    missing: tuple[str, ...] = ()  # a sentence for each process of which a part of the record is missing


@dataclass(frozen=True)
class Source(Record):
    """What was measured, by the names that people gave it; "" where there is none."""

    label: str
    commit: str
    branch: str


@dataclass(frozen=True)
class Run(Record):
    """Which run this is about. ``settings``, ``target``, ``host`` and ``versions`` are as in ``run.json``."""

    id: str
    started: str  # wall-clock time, a label only
    origin_ns: int  # time 0 of every axis, on the clock of the run
    duration_ns: int  # from the first read's call to the last return
    reads: int
    writes: int
    windows: int
    workers: int
    sessions: int
    settings: dict[str, JsonValue]
    target: dict[str, JsonValue]
    host: dict[str, JsonValue]
    versions: dict[str, JsonValue]
    ended: Ended
    source: Source | None = None  # None: recorded by a version that did not know of it


@dataclass(frozen=True)
class Summary(Record):
    """Everything a report may say."""

    format: int
    verdict: Verdict
    questions: tuple[Question, Question, Question, Question]  # impact, whole, freshness, conditional
    checks: tuple[CheckResult, ...]
    latency: Latency
    consistency: Consistency
    conditional: Conditional
    impact: Impact
    availability: Availability
    generator: Generator
    thresholds: tuple[ThresholdResult, ...]
    run: Run
    addresses: tuple[AddressRow, ...] = ()  # where the object was read at several
    places: tuple[PlaceRow, ...] = ()  # where it was read from several
    objects: tuple[ObjectRow, ...] = ()  # of a run that has several


@cache
def adapter() -> TypeAdapter[Summary]:
    """What checks and writes a Summary; it is made once, as that takes a while."""
    return TypeAdapter(Summary)


class _Untitled(GenerateJsonSchema):
    """Fields have no title: it would only repeat the name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(of: TypeAdapter[Any], title: str) -> dict[str, Any]:
    made = of.json_schema(schema_generator=_Untitled, union_format="primitive_type_array")
    return {**made, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}


def schema() -> dict[str, Any]:
    return json_schema(adapter(), "summary.json of a load test run")


def summary_bytes(summary: Summary) -> bytes:
    """``summary.json`` as bytes; a value that JSON cannot hold (NaN) is a ValueError, not a number."""
    plain = adapter().dump_python(summary, mode="json")
    return (json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_summary(summary: Summary, path: Path) -> None:
    """Write ``summary.json``, as a whole or not at all."""
    write_whole(path, summary_bytes(summary))


def read_summary(path: Path) -> Summary:
    """Read ``summary.json``.

    Raises:
        SummaryError: it is missing, is no summary, or is of a newer format than this program knows.
    """
    try:
        content = read_small_file(path)
    except FileNotFoundError:
        raise SummaryError(f"{path} does not exist: run the report command on the run first.") from None
    except UnreadableFileError as error:
        raise NotForUsError(f"{path} cannot be read ({error}): run the report command on the run first.") from None
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        raise SummaryError(f"{path} is not JSON: run the report command on the run again.") from None
    version = plain.get("format") if isinstance(plain, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise NotForUsError(f"{path} has format {version}, this program knows up to {FORMAT_VERSION}: use a newer one.")
    try:
        return adapter().validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise SummaryError(f"{path} is not a summary: {place}: {first['msg']}.") from None


if __name__ == "__main__":
    SCHEMA_PATH.write_text(json.dumps(schema(), indent=2, sort_keys=True) + "\n")
