"""Tables of speed: latency, the slowdown while writing, and the windows that it was measured in."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.measurements import ImpactEstimate, LatencyRow, Quantiles
from loadtest.reports.definitions import define
from loadtest.reports.table import QUANTILE_COLUMNS, Column, Table, quantile_cells
from loadtest.reports.wording import clean
from loadtest.summary import Summary

_LATENCY_COLUMNS = (Column("reads"), Column("how many", number=True), *QUANTILE_COLUMNS)


def _latency_cells(row: LatencyRow, quantiles: Quantiles) -> tuple[str, ...]:
    return (row.label, units.count(quantiles.count), *quantile_cells(quantiles))


def latency_tables(summary: Summary) -> tuple[Table, Table]:
    """Response time and service time of each population."""
    rows = [row for row in summary.latency.rows if row.response.count]
    empty = "No read succeeded, so there is no latency to show."
    return (
        Table(
            "response-time",
            "Response time",
            _LATENCY_COLUMNS,
            tuple(_latency_cells(row, row.response) for row in rows),
            empty,
            define("response time"),
        ),
        Table(
            "service-time",
            "Service time",
            _LATENCY_COLUMNS,
            tuple(_latency_cells(row, row.service) for row in rows),
            empty,
            define("service time"),
        ),
    )


_IMPACT_COLUMNS = (
    Column("compared at"),
    Column("slowdown", define("slowdown"), number=True),
    Column("95 % interval", define("95 % interval"), number=True),
    Column("pairs", "Pairs of windows that the comparison rests on.", number=True),
    Column("verdict"),
    Column("in words"),
)


def _impact_cells(estimate: ImpactEstimate) -> tuple[str, ...]:
    known = estimate.low is not None and estimate.high is not None
    return (
        estimate.quantile,
        units.ratio(estimate.ratio),
        f"{units.ratio(estimate.low)} to {units.ratio(estimate.high)}" if known else units.NOTHING,
        units.count(estimate.pairs),
        estimate.verdict.value,
        clean(estimate.text),
    )


def impact_tables(summary: Summary) -> tuple[Table, Table]:
    """Writing windows against quiet ones, and reads that meet a PUT against those that do not."""
    impact = summary.impact
    return (
        Table(
            "impact",
            "Writing windows against quiet windows",
            _IMPACT_COLUMNS,
            tuple(_impact_cells(estimate) for estimate in impact.estimates),
            "This run had no pairs of quiet and writing windows, so there is nothing to compare.",
            clean(impact.method),
        ),
        Table(
            "overlap",
            "Reads that were due during a PUT against reads of the same window that were not",
            _IMPACT_COLUMNS,
            tuple(_impact_cells(estimate) for estimate in impact.overlap),
            "Too few reads were due during a PUT, so there is nothing to compare.",
        ),
    )


MOST_WINDOWS: Final = 200
"""Windows that are listed; a longer list is one for machines, and is in ``summary.json``."""


def windows_table(summary: Summary) -> Table:
    """Every window that was recorded, as it was used."""
    rows = tuple(
        (
            units.count(window.index),
            units.count(window.pair),
            window.kind,
            f"{units.seconds(window.start_ns)} to {units.seconds(window.end_ns)}",
            units.count(window.reads),
            units.count(window.puts),
            units.duration(window.p50_ns),
            units.duration(window.p90_ns),
            units.duration(window.p99_ns),
            clean(window.dropped) or "yes",
        )
        for window in summary.impact.windows[:MOST_WINDOWS]
    )
    columns = (
        Column("window", define("window"), number=True),
        Column("pair", number=True),
        Column("kind"),
        Column("when", "Since the start of the run."),
        Column("reads", number=True),
        Column("PUTs", define("PUT"), number=True),
        *QUANTILE_COLUMNS[:3],
        Column("used", "Whether it is used; if not, why."),
    )
    empty = "This run had no windows: the writer wrote all the time, or the run was too short for one."
    note = clean(summary.impact.windows_note)
    if len(summary.impact.windows) > MOST_WINDOWS:
        note = f"{note} The first {MOST_WINDOWS} are shown here; the others are in summary.json.".strip()
    return Table("windows", "Windows", columns, rows, empty, note)
