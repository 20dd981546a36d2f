"""The parts of a run side by side: its objects, its addresses, and the places that read, each judged by its own reads.

A column that several of these tables have is defined once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from loadtest import units
from loadtest.cleaned import clean
from loadtest.report.definitions import define
from loadtest.report.table import Column, Shown, Table, number, quantile, table_of
from loadtest.run.records import Verdict
from loadtest.summary.findings import worst
from loadtest.summary.parts import ObjectRow, PlaceRow
from loadtest.summary.summary import Summary


def _staleness(row: Any) -> str:
    return f"at least {units.duration(row.largest_staleness_ns)}" if row.stale_reads else "none"


def _against_others(row: PlaceRow) -> str:
    if row.against_others is None or row.against_others_low is None or row.against_others_high is None:
        return "too few windows"
    interval = units.interval(units.ratio(row.against_others_low), units.ratio(row.against_others_high))
    beyond = "" if row.against_others_low > 1 or row.against_others_high < 1 else ", not beyond chance"
    return f"{units.ratio(row.against_others)} ({interval}{beyond})"


_WEIGHT: Final = number("weight", lambda row: units.count(row.weight))
_READS: Final = (number("reads", lambda row: units.count(row.reads)), *map(quantile, ("p50", "p95", "p99")))
_SLOWDOWN: Final = number("slowdown", lambda row: units.ratio(row.slowdown), define("slowdown"))
_STALE: Final = (
    number("stale reads", lambda row: units.count(row.stale_reads), define("stale read")),
    number("largest staleness", _staleness, define("staleness")),
)
_SAVED_AND_FAILED: Final = (
    number("304", lambda row: units.share(row.not_modified_share), "Of the requests that 304 could have answered."),
    number("errors", lambda row: units.count(row.errors)),
)
_OBJECT: Final = (
    Shown(Column("object"), lambda row: clean(row.object_key)),
    Shown(Column("read at"), lambda row: clean(", ".join(row.urls))),
    _WEIGHT,
    number("writes", lambda row: units.count(row.writes), "Acknowledged, after its first version."),
    *_READS,
    _SLOWDOWN,
    *_STALE,
    number("of other objects", lambda row: units.count(row.of_other_objects), define("crossed mapping")),
    *_SAVED_AND_FAILED,
)
_ADDRESS: Final = (
    Shown(Column("address"), lambda row: clean(row.url)),
    _WEIGHT,
    *_READS,
    _SLOWDOWN,
    *_STALE,
    number(
        "older than elsewhere",
        lambda row: units.count(row.older_than_elsewhere),
        "Older than what a read at another address had returned before.",
    ),
    *_SAVED_AND_FAILED,
)
_PLACE: Final = (
    Shown(Column("place"), lambda row: row.place),
    number("workers", lambda row: units.count(row.workers)),
    *_READS,
    number("p50 against all others", _against_others, "Window by window, with its interval."),
    *_STALE,
    *_SAVED_AND_FAILED,
    number(
        "clock known to",
        lambda row: units.duration(row.clock_uncertainty_ns) if row.clock_uncertainty_ns else "the master's",
        "The largest uncertainty of its workers' clocks.",
    ),
)
_OBJECTS_NOTE: Final = (
    "One writer replaces the objects in turn. Each object is judged by the reads at its own addresses and by its own "
    "writes, and an answer is as bad as that of the worst object. A document of another object is never one that may "
    "come from there: the mapping is crossed."
)
_ADDRESSES_NOTE: Final = (
    "Each address is judged by its own reads, and each answer is that of the worst address. A reader keeps to one "
    "address. Reads that are older than what a read at another address had returned before break no promise of either "
    "address; those that are certainly too old are stale reads."
)
_PLACES_NOTE: Final = (
    "Each place is judged by the reads of its own workers; what one FAILs the run FAILs. A place whose interval "
    "against the others holds 1.00x does not differ from them beyond chance. A lag that is shorter than the "
    "uncertainty of a place's clocks may go unseen there."
)


def part_tables(summary: Summary) -> tuple[Table, ...]:
    """A table for each way in which the run had several parts; most runs have none."""
    tables = (
        ("objects", "object", summary.objects, _OBJECT, _OBJECTS_NOTE),
        ("addresses", "address", summary.addresses, _ADDRESS, _ADDRESSES_NOTE),
        ("places", "place", summary.places, _PLACE, _PLACES_NOTE),
    )
    return tuple(_table(summary, *of_parts) for of_parts in tables if of_parts[2])


def _table(  # noqa: PLR0917 - what a table is made of
    summary: Summary, name: str, part: str, rows: Sequence[Any], shown: Sequence[Shown], note: str
) -> Table:
    answers = Column("answers", f"Of the four questions, for this {part} alone.")
    shown = (*shown, Shown(answers, lambda row: _own_answers(summary, row)))
    return table_of(name, f"By {part}", shown, rows, "", note)


def _own_answers(summary: Summary, row: Any) -> str:
    """The answers of one part: those that are not PASS, each with its question."""
    verdicts = [answer.verdict for answer in row.answers] if isinstance(row, ObjectRow) else list(row.verdicts)
    named = zip((question.id for question in summary.questions), verdicts, strict=True)
    not_passed = ", ".join(f"{name}: {verdict}" for name, verdict in named if verdict is not Verdict.PASS)
    return not_passed or worst(verdicts).value
