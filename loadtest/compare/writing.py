"""A duel as files: ``duel.json``, ``duel.html``, ``duel.md``, ``junit.xml``; each complete or absent, never half."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from loadtest.compare.comparison import Comparison
from loadtest.compare.render import markdown
from loadtest.report.junit import Case, suite_of
from loadtest.run.records import Verdict
from loadtest.whole_files import write_whole

DUEL_FILES: Final = ("duel.json", "duel.html", "duel.md", "junit.xml")


def write_comparison(made: Comparison, folder: Path) -> str:
    """Write all files into ``folder``; the Markdown is returned, too."""
    from loadtest.compare.page import page  # noqa: PLC0415 - its template engine takes a while to load

    text = markdown(made)
    for name, content in zip(
        DUEL_FILES, (comparison_json(made), page(made), text, comparison_junit(made)), strict=True
    ):
        write_whole(folder / name, content.encode())
    return text


def comparison_json(made: Comparison) -> str:
    """All that is said of two runs."""
    plain = TypeAdapter(Comparison).dump_python(made, mode="json")
    return json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def comparison_junit(made: Comparison) -> str:
    """One case for the duel, and one for each number that is judged: worse is a failure, undecided is an error."""
    cases = [
        Case("duel", "verdict", made.verdict, made.sentence, ()),
        *(
            Case(group.title, row.name, row.verdict, row.sentence or row.change, ())
            for group in made.groups
            for row in group.rows
            if row.verdict is not None
        ),
    ]
    about = {"base": made.base.id, "new": made.new.id, "verdict": Verdict(made.verdict).value}
    return suite_of(cases, about, [made.sentence, *made.notes])
