"""The table of a run of several objects."""

from __future__ import annotations

from loadtest import units
from loadtest.cleaned import clean
from loadtest.report.definitions import define
from loadtest.report.table import QUANTILE_COLUMNS, Column, Table
from loadtest.report.tables_addresses import own_answers
from loadtest.summary.objects import ObjectRow
from loadtest.summary.summary import Summary

NOTE = (
    "One writer replaces the objects in turn. Each object is judged by the reads at its own addresses and by its own "
    "writes, and an answer is as bad as that of the worst object. A document of another object is never one that may "
    "come from there: the mapping is crossed."
)


def objects_table(summary: Summary) -> Table:
    """The objects side by side; without rows in a run that had one."""

    def cells(row: ObjectRow) -> tuple[str, ...]:
        return (
            clean(row.object_key),
            clean(", ".join(row.urls)),
            units.count(row.weight),
            units.count(row.writes),
            units.count(row.reads),
            *(units.duration(value) for value in (row.p50_ns, row.p95_ns, row.p99_ns)),
            units.ratio(row.slowdown),
            units.count(row.stale_reads),
            f"at least {units.duration(row.largest_staleness_ns)}" if row.stale_reads else "none",
            units.count(row.of_other_objects),
            units.share(row.not_modified_share),
            units.count(row.errors),
            own_answers(summary, tuple(answer.verdict for answer in row.answers)),
        )

    quantiles = tuple(column for column in QUANTILE_COLUMNS if column.title in ("p50", "p95", "p99"))
    return Table(
        "objects",
        "By object",
        (
            Column("object"),
            Column("read at"),
            Column("weight", number=True),
            Column("writes", "Acknowledged, after its first version.", number=True),
            Column("reads", number=True),
            *quantiles,
            Column("slowdown", define("slowdown"), number=True),
            Column("stale reads", define("stale read"), number=True),
            Column("largest staleness", define("staleness"), number=True),
            Column("of other objects", define("crossed mapping"), number=True),
            Column("304", "Of the requests that 304 could have answered.", number=True),
            Column("errors", number=True),
            Column("answers", "Of the four questions, for this object alone."),
        ),
        tuple(map(cells, summary.objects)),
        "The run had one object.",
        NOTE,
    )
