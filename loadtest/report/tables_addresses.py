"""The table of a run that read one object at several addresses: at the gateway and at the CDN in front of it, say."""

from __future__ import annotations

from loadtest import units
from loadtest.cleaned import clean
from loadtest.report.definitions import define
from loadtest.report.table import QUANTILE_COLUMNS, Column, Table
from loadtest.run.records import Verdict
from loadtest.summary.addresses import AddressRow
from loadtest.summary.findings import worst
from loadtest.summary.summary import Summary

NOTE = (
    "Each address is judged by its own reads, and each answer is that of the worst address. A reader keeps to one "
    "address. Reads that are older than what a read at another address had returned before break no promise of either "
    "address; those that are certainly too old are stale reads."
)


def addresses_table(summary: Summary) -> Table:
    """The addresses side by side; without rows in a run at one address."""

    def cells(row: AddressRow) -> tuple[str, ...]:
        staleness = f"at least {units.duration(row.largest_staleness_ns)}" if row.stale_reads else "none"
        return (
            clean(row.url),
            units.count(row.weight),
            units.count(row.reads),
            *(units.duration(value) for value in (row.p50_ns, row.p95_ns, row.p99_ns)),
            units.ratio(row.slowdown),
            units.count(row.stale_reads),
            staleness,
            units.count(row.older_than_elsewhere),
            units.share(row.not_modified_share),
            units.count(row.errors),
            own_answers(summary, row.verdicts),
        )

    quantiles = tuple(column for column in QUANTILE_COLUMNS if column.title in ("p50", "p95", "p99"))
    return Table(
        "addresses",
        "By address",
        (
            Column("address"),
            Column("weight", number=True),
            Column("reads", number=True),
            *quantiles,
            Column("slowdown", define("slowdown"), number=True),
            Column("stale reads", define("stale read"), number=True),
            Column("largest staleness", define("staleness"), number=True),
            Column(
                "older than elsewhere", "Older than what a read at another address had returned before.", number=True
            ),
            Column("304", "Of the requests that 304 could have answered.", number=True),
            Column("errors", number=True),
            Column("answers", "Of the four questions, for this address alone."),
        ),
        tuple(map(cells, summary.addresses)),
        "The object was read at one address.",
        NOTE,
    )


def own_answers(summary: Summary, verdicts: tuple[Verdict, ...]) -> str:
    """The answers of one part of a run: those that are not PASS, each with its question."""
    named = zip((question.id for question in summary.questions), verdicts, strict=True)
    not_passed = ", ".join(f"{name}: {verdict}" for name, verdict in named if verdict is not Verdict.PASS)
    return not_passed or worst(list(verdicts)).value
