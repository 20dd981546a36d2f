"""One word, one meaning: the page has every term that the reports define, with the same words."""

import os
import re

from documented import PROJECT

from loadtest.report.definitions import DEFINITIONS

PAGE = PROJECT / "docs" / "glossary.md"
BEGIN, END = "<!-- terms of the reports: begin -->\n", "<!-- terms of the reports: end -->\n"


def test_the_terms_of_the_reports_are_those_of_the_page() -> None:
    table = "".join(f"| **{term}** | {text} |\n" for term, text in sorted(DEFINITIONS.items(), key=by_name))
    wanted = f"{BEGIN}\n| term | meaning |\n|---|---|\n{table}\n{END}"
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.S)
    assert pattern.search(page), f"{PAGE.name} has no place for the terms of the reports"
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(pattern.sub(lambda _: wanted, page), encoding="utf-8")
    assert wanted in PAGE.read_text(encoding="utf-8"), "run with UPDATE_GOLDEN=1 if this change is meant"


def by_name(item: tuple[str, str]) -> str:
    return item[0].lower()


def test_no_term_stands_twice() -> None:
    terms = re.findall(r"^\| \*\*(.+?)\*\* \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert sorted(terms) == sorted(set(terms))
