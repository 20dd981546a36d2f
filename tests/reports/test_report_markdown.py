"""report.md: answers first, small enough for a comment, and nothing from outside becomes markup."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
import report_summaries
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from loadtest.report.markdown import MOST_BYTES, markdown
from loadtest.report.markdown_text import bold, code, escape, folded, table
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary


@pytest.mark.parametrize("name", ["passing", "failing", "inconclusive", "empty", "without-windows"])
def test_reads_as_its_golden_file(golden, name: str) -> None:
    golden(f"{name}.md", markdown(report_summaries.ALL[name]()))


def test_stays_under_sixty_kilobytes(any_summary: Summary) -> None:
    assert len(markdown(any_summary).encode()) < MOST_BYTES


def test_what_was_left_out_for_its_size_is_named() -> None:
    long = replace(report_summaries.check("long", Verdict.FAIL), guarantee="word " * 100)
    text = markdown(replace(report_summaries.largest(), checks=(long,) * 120))
    assert text.endswith("Left out for their size, see report.html: All checks.\n")


def test_answers_come_before_anything_folded() -> None:
    text = markdown(report_summaries.failing())
    answers = text[: text.index("<details>")]
    assert answers.startswith("❌ FAIL in the sandbox: 2 of 4 questions fail: ")
    assert answers.count("| ❌ FAIL |") == 2
    assert answers.count("| ✅ PASS |") == 2
    assert "1,332 reads of 5,800 were stale." in answers
    assert "p99 &lt; 5ms" in answers


def test_the_thresholds_that_are_listed_are_the_worst() -> None:
    summary = report_summaries.failing()
    passed = [replace(summary.thresholds[0], expression=f"reads > {n}", verdict=Verdict.PASS) for n in range(25)]
    last = replace(summary.thresholds[0], expression="p50 < 1ns", verdict=Verdict.FAIL)
    text = markdown(replace(summary, thresholds=(*passed, last)))
    assert "- ❌ FAIL p50 &lt; 1ns: " in text
    assert "\n- … and 6 more that are no worse, see report.html.\n" in text


def test_tables_are_tables(any_summary: Summary) -> None:
    """Every row of a table has as many cells as its head, whatever its cells hold."""
    lines = markdown(any_summary).splitlines()
    cells = [len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0 for line in lines]
    for above, below in pairwise(cells):
        assert not (above and below) or above == below


def test_details_are_closed(any_summary: Summary) -> None:
    text = markdown(any_summary)
    assert text.count("<details>") == text.count("</details>") == text.count("</summary>")


def test_hostile_text_makes_no_markup() -> None:
    text = markdown(report_summaries.hostile())
    left = re.sub(r"</?details>|</?summary>|<br>|<!-- -->", "", text)
    assert "<" not in left
    assert "](" not in left.replace("\\](", "")
    assert "\x1b" not in text
    assert not re.search(r"@\w", text)
    assert "http://" not in text


@given(st.text())
def test_escaped_text_holds_nothing_that_markdown_would_act_on(text: str) -> None:
    plain = escape(text).replace("<!-- -->", "")
    assert "\n" not in plain
    assert "<" not in plain
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|~]", plain)
    assert "://" not in plain
    assert not re.match(r"([-+]|\d+[.)])(\s|$)|[-=]+$", plain)


HOSTILE_PARTS = (
    "[a](http://b)", "![i](//c)", "<img src=x>", "www.d.example", "https://e.example", "@octocat", "#1", "GH-1", "|",
    "`", "``", "\\", "\n", "| a | b |", "<!--", "-->", "- ", "**b**", "~~s~~", "$x$", "&lt;", "\r\n\r\n# h", " ",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(HOSTILE_PARTS)).map("".join)


@given(HOSTILE, HOSTILE)
def test_a_table_has_its_cells_and_nothing_else_whatever_they_hold(one: str, other: str) -> None:
    """An ETag of a target may hold any of this; links, pictures, HTML and further cells come of none of it."""
    text = table(("a", "b", "c"), [(one, code(other), bold(other)), ("last", one, "")], numbers=(1,))
    html = MarkdownIt("gfm-like", {"html": False, "linkify": False}).render(text)
    assert html.count("<tr>") == 3
    assert html.count("<td") == 6
    assert not re.search(r"<(a|img|h\d|li|pre|s|em)\b", html)
    assert not re.search(r"@\w|(?<!&)#\w|\bgh-\d|https?://|www\.", escape(one) + bold(other), re.IGNORECASE)
    assert folded(one, "").count("<") - escape(one).count("<") == 4


@given(st.text(alphabet=st.characters(categories=["L", "N"]), max_size=100))
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert escape(text) == text
