"""A comparison as Markdown, for a pull-request comment: the verdict and what is worse first, the tables folded."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.compare.comparison import Comparison, Group
from loadtest.report.markdown_text import bold, escape, folded, table, verdict_sign
from loadtest.summary.summary import Run

_OPEN: Final = ("Response time", "Slowdown while writing")
_MOST_LISTED: Final = 12


def markdown(comparison: Comparison) -> str:
    lines = [f"## {verdict_sign(comparison.verdict)} {comparison.title}", "", bold(comparison.sentence)]
    lines.append("")
    if comparison.unlike:
        differences = ", ".join(map(str, comparison.unlike))
        lines += [f"> ⚠️ **Forced**: the runs are unlike in {escape(differences)}, so changes may come from that.", ""]
    worse = comparison.not_passed
    lines += [f"- {verdict_sign(row.verdict)} {escape(row.sentence)}" for row in worse[:_MOST_LISTED] if row.verdict]
    if len(worse) > _MOST_LISTED:
        lines.append(f"- … and {len(worse) - _MOST_LISTED} more, see the tables.")
    lines += [""] if worse else []
    lines += [f"> {escape(note)}\n" for note in comparison.notes]
    for group in comparison.groups:
        text = _table(group)
        lines.append(text if group.title in _OPEN else folded(group.title, text))
    lines.append(_footer(comparison))
    return "\n".join(lines)


def _table(group: Group) -> str:
    if not group.rows:
        return "Nothing to show.\n"
    rows = [
        (row.name, row.base, row.new, row.change, verdict_sign(row.verdict) if row.verdict else "")
        for row in group.rows
    ]
    return table((group.title, "base", "new", "change", ""), rows, numbers=(1, 2, 3))


def _footer(comparison: Comparison) -> str:
    runs = f"Base: {_run(comparison.base)}. New: {_run(comparison.new)}."
    return f"<sub>{escape(runs)} {escape(comparison.method)}</sub>\n"


def _run(run: Run) -> str:
    return f"{run.id} of {run.started}, {units.counted(run.reads, 'read')} in {units.seconds(run.duration_ns)}"
