"""A comparison as Markdown, for a pull-request comment: the verdict and what is worse first, the tables folded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loadtest import units
from loadtest.compare.comparison import Comparison, Group
from loadtest.compare.rows import Row
from loadtest.report.markdown_text import bold, escape, folded, table, verdict_sign
from loadtest.run.records import Verdict
from loadtest.summary.summary import Run

_OPEN: Final = ("Response time", "Slowdown while writing")
_MOST_LISTED: Final = 12


def markdown(comparison: Comparison) -> str:
    lines = [f"## {verdict_sign(comparison.verdict)} {comparison.title}", "", bold(comparison.sentence)]
    lines.append("")
    if comparison.unlike:
        differences = ", ".join(map(str, comparison.unlike))
        lines += [f"> ⚠️ **Forced**: the runs are unlike in {escape(differences)}, so changes may come from that.", ""]
    listed = _worst_first(comparison)
    lines += [f"- {verdict_sign(row.verdict)} {escape(row.sentence)}" for row in listed[:_MOST_LISTED] if row.verdict]
    if len(listed) > _MOST_LISTED:
        lines.append(f"- … and {len(listed) - _MOST_LISTED} more, see the tables.")
    lines += [""] if listed else []
    lines += [f"> {escape(note)}\n" for note in comparison.notes]
    for group in comparison.groups:
        text = _table(group)
        lines.append(text if group.title in _OPEN else folded(group.title, text))
    lines.append(_footer(comparison))
    return "\n".join(lines)


def _worst_first(comparison: Comparison) -> list[Row]:
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE)
    return [row for verdict in order for row in comparison.rows if row.verdict is verdict]


def _table(group: Group) -> str:
    if not group.rows:
        return "Nothing to show.\n"
    rows = [
        (row.name, row.base, row.new, row.change, verdict_sign(row.verdict) if row.verdict else "")
        for row in group.rows
    ]
    return table((group.title, "base", "new", "change", ""), rows, numbers=(1, 2, 3))


def _footer(comparison: Comparison) -> str:
    parts: Iterable[str] = (
        f"Base: {_run(comparison.base)}. New: {_run(comparison.new)}.",
        comparison.method,
    )
    return "<sub>" + " ".join(escape(part) for part in parts) + "</sub>\n"


def _run(run: Run) -> str:
    return f"{run.id} of {run.started}, {units.counted(run.reads, 'read')} in {units.seconds(run.duration_ns)}"
