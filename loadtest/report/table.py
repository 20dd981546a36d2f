"""The records of a table and of a number, and the columns of quantiles that several tables share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from loadtest import units
from loadtest.report.definitions import define
from loadtest.summary.speed import Quantiles


@dataclass(frozen=True)
class Column:
    """One column; ``definition`` is shown on hover, "" if the title needs none."""

    title: str
    definition: str = ""
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table, or the sentence that replaces it when there is nothing to show."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str
    note: str = ""


class Shown(NamedTuple):
    """One column, and its cell for a row of the summary."""

    column: Column
    cell: Callable[[Any], str]


def number(title: str, cell: Callable[[Any], str], definition: str = "") -> Shown:
    return Shown(Column(title, definition, number=True), cell)


def quantile(name: str) -> Shown:
    return number(name, lambda row: units.duration(getattr(row, f"{name}_ns")), define(name))


def table_of(  # noqa: PLR0917 - what a table is made of
    name: str, title: str, shown: Sequence[Shown], rows: Iterable[Any], empty: str, note: str = ""
) -> Table:
    cells = tuple(tuple(each.cell(row) for each in shown) for row in rows)
    return Table(name, title, tuple(each.column for each in shown), cells, empty, note)


@dataclass(frozen=True)
class Fact:
    """One number with its name and its definition."""

    name: str
    text: str
    definition: str


QUANTILE_COLUMNS: Final = tuple(
    Column(name, define(name), number=True) for name in ("p50", "p90", "p95", "p99", "p99.9", "max")
)
FEW_QUANTILE_COLUMNS: Final = tuple(column for column in QUANTILE_COLUMNS if column.title in ("p50", "p90", "p99"))


def quantile_cells(quantiles: Quantiles, marked: Collection[str] = ()) -> tuple[str, ...]:
    """p50 to p99.9 and max as text; those in ``marked`` with a dagger."""
    q = quantiles
    values = (q.p50_ns, q.p90_ns, q.p95_ns, q.p99_ns, q.p999_ns, q.max_ns)
    return tuple(
        units.duration(value) + (" †" if column.title in marked else "")
        for column, value in zip(QUANTILE_COLUMNS, values, strict=True)
    )
