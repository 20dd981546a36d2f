"""``trend.html``: one page that holds everything it needs, like the report of a run, and with its style."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from loadtest.report.page import assets, page_environment
from loadtest.report.table import Column, Table
from loadtest.run.records import Verdict
from loadtest.trend.charts import number_chart
from loadtest.trend.markdown import effect, gap_text, letters
from loadtest.trend.records import Trend
from loadtest.trend.runs import moment, short_name

_FOLDER: Final = Path(__file__).with_name("page_parts")


def page(trend: Trend) -> str:
    numbers = sorted(trend.numbers, key=lambda number: list(Verdict).index(number.verdict))
    sections = [(number, number_chart(trend, number)) for number in numbers]
    return (
        page_environment(_FOLDER)
        .get_template("trend.html")
        .render(
            trend=trend,
            times=[moment(point) for point in trend.runs],
            sections=sections,
            specs=[chart for _, chart in sections if chart.spec],
            changes=changes_table(trend),
            promises=promises_table(trend),
            promises_first=any(one.verdict is Verdict.FAIL for one in trend.promises),
            runs=runs_table(trend),
            **assets(),
        )
    )


def changes_table(trend: Trend) -> Table:
    columns = (Column("run", number=True), Column("number"), Column(""), Column("change"))
    rows = tuple(
        (str(change.run + 1), number.title, effect(change), change.text) for number, change in trend.newest_changes
    )
    return Table("changes", "All changes", columns, rows, "No number changed.")


def promises_table(trend: Trend) -> Table:
    """Verdicts of checks and thresholds, run by run."""
    columns = (Column("promise"), Column(""), Column("runs, oldest first"), Column("what became of it"))
    worst_first = sorted(trend.promises, key=lambda one: list(Verdict).index(one.verdict))
    rows = tuple(
        (
            one.title,
            one.verdict.value,
            letters(one.verdicts),
            f"{one.sentence} Acknowledged: {one.acknowledged}" if one.acknowledged else one.sentence,
        )
        for one in worst_first
    )
    note = "✓ passed, ✗ failed, ? undecided, · not checked, or judged by other tolerances."
    return Table("promises", "Promises", columns, rows, "The runs have no checks.", note)


def runs_table(trend: Trend) -> Table:
    titles = ("run", "what", "began", "branch", "verdict", "unlike the run before")
    columns = tuple(Column(title, number=title == "run") for title in titles)
    rows = [
        (
            str(place),
            short_name(point),
            moment(point),
            point.branch,
            point.verdict.value,
            ", ".join(filter(None, (point.differs, gap_text(point.gap_ns)))),
        )
        for place, point in enumerate(trend.runs, 1)
    ]
    return Table("runs", "All runs", columns, tuple(reversed(rows)), "There are no runs.")
