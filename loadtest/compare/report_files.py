"""A comparison as Markdown, for a pull-request comment: the verdict and what is worse first, the tables folded.

A duel also as files: ``duel.json``, ``duel.html``, ``duel.md``, ``junit.xml``; each is written whole or not at all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from loadtest import units
from loadtest.compare.comparison import Comparison, Group
from loadtest.report.junit import Case, suite_of
from loadtest.report.markdown_text import bold, escape, folded, table, verdict_sign
from loadtest.summary.summary import Run
from loadtest.whole_files import write_whole

DUEL_FILES: Final = ("duel.json", "duel.html", "duel.md", "junit.xml")


def write_comparison(comparison: Comparison, folder: Path) -> str:
    """Write all files into ``folder``, and return the Markdown."""
    from loadtest.compare.page import page  # noqa: PLC0415 - its template engine takes a while to load

    text = markdown(comparison)
    contents = (comparison_json(comparison), page(comparison), text, comparison_junit(comparison))
    for name, content in zip(DUEL_FILES, contents, strict=True):
        write_whole(folder / name, content.encode())
    return text


def comparison_json(comparison: Comparison) -> str:
    plain = TypeAdapter(Comparison).dump_python(comparison, mode="json")
    return json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def comparison_junit(comparison: Comparison) -> str:
    """One case for the duel, and one for each number that is judged: worse is a failure, undecided is an error."""
    cases = [
        Case("duel", "verdict", comparison.verdict, comparison.sentence, ()),
        *(
            Case(group.title, row.name, row.verdict, row.sentence or row.change, ())
            for group in comparison.groups
            for row in group.rows
            if row.verdict is not None
        ),
    ]
    about = {"base": comparison.base.id, "new": comparison.new.id, "verdict": comparison.verdict.value}
    return suite_of(cases, about, [comparison.sentence, *comparison.notes])


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
