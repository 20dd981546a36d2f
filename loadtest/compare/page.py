"""``duel.html``: one page that holds everything it needs, like the report of a run, and with its style."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from loadtest.compare.comparison import Comparison, Group
from loadtest.report.page import assets, page_environment
from loadtest.report.table import Column, Table
from loadtest.run.records import Verdict

_FOLDER: Final = Path(__file__).with_name("page_parts")


def page(made: Comparison) -> str:
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE)
    return (
        page_environment(_FOLDER)
        .get_template("duel.html")
        .render(
            duel=made,
            worse=[row for verdict in order for row in made.rows if row.verdict is verdict],
            tables=[_table(number, group) for number, group in enumerate(made.groups)],
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
