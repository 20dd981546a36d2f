"""A duel as files: ``duel.json``, ``duel.html``, ``duel.md``, ``junit.xml``; each is written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from loadtest.compare.comparison import Comparison
from loadtest.compare.render import markdown
from loadtest.report.junit import Case, suite_of
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
