"""``duel.html``: one page that holds everything it needs, like the report of a run, and with its style."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from loadtest.compare.comparison import Comparison, Group
from loadtest.report.page import assets, page_environment
from loadtest.report.table import Column, Table

_FOLDER: Final = Path(__file__).with_name("page_parts")


def page(comparison: Comparison) -> str:
    return (
        page_environment(_FOLDER)
        .get_template("duel.html")
        .render(
            duel=comparison,
            worse=comparison.not_passed,
            tables=[_table(number, group) for number, group in enumerate(comparison.groups)],
            **assets(),
        )
    )


def _table(number: int, group: Group) -> Table:
    columns = (
        Column("", ""),
        Column("base", number=True),
        Column("new", number=True),
        Column("change", number=True),
        Column(""),
    )
    rows = tuple(
        (row.name, row.base, row.new, row.change, row.verdict.value if row.verdict else "") for row in group.rows
    )
    return Table(f"group-{number}", group.title, columns, rows, "Nothing to show.")
