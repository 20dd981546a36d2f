"""Text, tables and folded parts in Markdown, for everything in this project that writes it.

Most of the text comes from outside: a target's ETag, an address, an error message, a setting. So every plain ``str`` is
escaped, and only markup that was made here (:class:`Markup`) is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from loadtest.cleaned import clean
from loadtest.run.records import Verdict

_MOST_TEXT: Final = 600
_SIGNS: Final = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "⚠️"}
_NOTHING: Final = "<!-- -->"
"""Breaks a word in two invisibly, so that it notifies nobody and links to no issue."""
_OUTSIDE: Final = str.maketrans(
    {
        **{sign: "\\" + sign for sign in "\\`*_[]!|~$"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "@" + _NOTHING,
        "#": "#" + _NOTHING,
    }
)
_LINE_START: Final = re.compile(r"^(\d*)([-+.)](?=\s|$)|[-=]+$)")
"""A line that begins with this would become a list item or an underlined heading."""
_NUMBERED: Final = re.compile(r"\b(gh)-(?=\d)", re.IGNORECASE)
"""GH-12 is another way to write #12."""


class Markup(str):
    """Markdown that was made here and is not escaped."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """``text`` as plain text in Markdown (GitHub's and CommonMark), shortened if it is very long.

    It can make no markup, HTML, link or mention, and cannot end its table cell.
    """
    if isinstance(text, Markup):
        return text
    short = clean(text).strip()
    if len(short) > _MOST_TEXT:
        short = short[:_MOST_TEXT] + " …"
    plain = short.translate(_OUTSIDE).replace("://", "&#58;//").replace("www.", "www&#46;")
    return Markup(_LINE_START.sub(r"\1\\\2", _NUMBERED.sub(rf"\1-{_NOTHING}", plain)))


def bold(text: str) -> Markup:
    return Markup(f"**{escape(text)}**")


def code(text: str) -> Markup:
    """``text`` as code, in a fence longer than any run of backticks in it."""
    line = clean(text).strip().replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return Markup(f"{fence}{space}{line}{space}{fence}")


def verdict_sign(verdict: Verdict) -> Markup:
    return Markup(f"{_SIGNS[verdict]} {verdict.value}")


def table(head: Iterable[str], rows: Iterable[Iterable[str]], numbers: Iterable[int] = ()) -> str:
    """A table; the columns ``numbers`` (from 0) are aligned to the right."""
    titles, right = list(head), set(numbers)
    rule = "|" + "|".join("--:" if column in right else "---" for column in range(len(titles))) + "|"
    return "\n".join([_row(titles), rule, *map(_row, rows), ""])


def folded(title: str, body: str) -> str:
    """A part of which only the title shows until somebody opens it."""
    return f"<details><summary>{escape(title)}</summary>\n\n{body}\n</details>\n"


def without_breaks(markdown: str) -> str:
    """``markdown`` without the comments that break words in two, for a page where nobody is notified."""
    return markdown.replace(_NOTHING, "")


def _row(cells: Iterable[str]) -> str:
    return "|" + "".join(f" {escape(cell)} |" if cell else " |" for cell in cells)
