"""The table of a run that was read from several places."""

from __future__ import annotations

from loadtest import units
from loadtest.report.definitions import define
from loadtest.report.table import QUANTILE_COLUMNS, Column, Table
from loadtest.report.tables_addresses import own_answers
from loadtest.summary.places import PlaceRow
from loadtest.summary.summary import Summary

NOTE = (
    "Each place is judged by the reads of its own workers; what one FAILs the run FAILs. A place whose interval "
    "against the others holds 1.00x does not differ from them beyond chance. A lag that is shorter than the "
    "uncertainty of a place's clocks may go unseen there."
)


def places_table(summary: Summary) -> Table:
    """The places side by side; without rows in a run from one place."""

    def cells(row: PlaceRow) -> tuple[str, ...]:
        return (
            row.place,
            units.count(row.workers),
            units.count(row.reads),
            *(units.duration(value) for value in (row.p50_ns, row.p95_ns, row.p99_ns)),
            _against_others(row),
            units.count(row.stale_reads),
            f"at least {units.duration(row.largest_staleness_ns)}" if row.stale_reads else "none",
            units.share(row.not_modified_share),
            units.count(row.errors),
            units.duration(row.clock_uncertainty_ns) if row.clock_uncertainty_ns else "the master's",
            own_answers(summary, row.verdicts),
        )

    quantiles = tuple(column for column in QUANTILE_COLUMNS if column.title in ("p50", "p95", "p99"))
    return Table(
        "places",
        "By place",
        (
            Column("place"),
            Column("workers", number=True),
            Column("reads", number=True),
            *quantiles,
            Column("p50 against all others", "Window by window, with its interval.", number=True),
            Column("stale reads", define("stale read"), number=True),
            Column("largest staleness", define("staleness"), number=True),
            Column("304", "Of the requests that 304 could have answered.", number=True),
            Column("errors", number=True),
            Column("clock known to", "The largest uncertainty of its workers' clocks.", number=True),
            Column("answers", "Of the four questions, for this place alone."),
        ),
        tuple(map(cells, summary.places)),
        "The object was read from one place.",
        NOTE,
    )


def _against_others(row: PlaceRow) -> str:
    if row.against_others is None or row.against_others_low is None or row.against_others_high is None:
        return "too few windows"
    interval = units.interval(units.ratio(row.against_others_low), units.ratio(row.against_others_high))
    beyond = "" if row.against_others_low > 1 or row.against_others_high < 1 else ", not beyond chance"
    return f"{units.ratio(row.against_others)} ({interval}{beyond})"
