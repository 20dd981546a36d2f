"""The end of a run on a terminal: the four answers, what did not pass, and where the report is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtest.cleaned import clean
from loadtest.report.wording import SIGNS, headline, notes, worst_first
from loadtest.run.files import PAGE_FILE
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

_STYLES: Final = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}
_SIGN_WIDTH: Final = max(len(verdict.value) for verdict in Verdict) + 2
_ENDLESS: Final = 100_000
"""Columns when the output is no terminal: lines are not wrapped, so that they can be searched for."""


def print_answers(summary: Summary, written: Sequence[Path], stream: TextIO) -> None:
    """Print the outcome of a run to ``stream``, in colour only if it is a terminal (and NO_COLOR is not set)."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")  # not every terminal has every sign; the words are enough
    lines = _Lines(stream)
    lines.add((headline(summary), "bold"), verdict=summary.verdict)
    for note in notes(summary):
        lines.add((note, "dim"))
    for question in summary.questions:
        lines.gap()
        lines.add((question.question, "bold"), verdict=question.verdict)
        lines.add((f"{question.number.name}: {question.number.text}", ""))
        lines.add((question.sentence, ""))
    _not_passed(summary, lines)
    _where(written, lines)


def _not_passed(summary: Summary, lines: _Lines) -> None:
    checks = [check for check in worst_first(summary.checks) if check.verdict is not Verdict.PASS]
    thresholds = [threshold for threshold in summary.thresholds if threshold.verdict is not Verdict.PASS]
    if not checks and not thresholds:
        return
    sentences = {question.sentence for question in summary.questions}
    lines.gap()
    lines.add(("What did not pass:", "bold"), indented=False)
    for check in checks:
        sentence = ": see above." if check.sentence in sentences else f": {check.sentence}"
        lines.add((check.title, "bold"), (sentence, ""), verdict=check.verdict)
        for witness in check.witnesses[:1]:
            lines.add((f"For example: {witness.sentence}", "dim"))
    for threshold in thresholds:
        lines.add((threshold.expression, "bold"), (f": {threshold.sentence}", ""), verdict=threshold.verdict)


def _where(written: Sequence[Path], lines: _Lines) -> None:
    by_name = {path.name: path for path in written}
    page = by_name.pop(PAGE_FILE, None)
    lines.gap()
    if page:
        lines.add(("Report: ", "bold"), (str(page), "underline"), indented=False)
    if by_name:
        folder = "beside it: " if page else "written: "
        names = by_name if page else map(str, by_name.values())
        lines.add((folder + ", ".join(names), "dim"), indented=False)


class _Lines:
    """Lines with two columns: a verdict or nothing, and a text that wraps within its column."""

    def __init__(self, stream: TextIO) -> None:
        width = None if stream.isatty() else _ENDLESS
        self._console = Console(file=stream, width=width, highlight=False, markup=False, emoji=False)

    def gap(self) -> None:
        self._console.print()

    def add(self, *parts: tuple[str, str], verdict: Verdict | None = None, indented: bool = True) -> None:
        text = Text.assemble(*((clean(part), style) for part, style in parts))
        if not indented:
            self._console.print(text)
            return
        sign = Text(f"{SIGNS[verdict]} {verdict.value}", _STYLES[verdict]) if verdict else Text()
        row = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
        row.add_column(width=_SIGN_WIDTH)
        row.add_column(overflow="fold")
        row.add_row(sign, text)
        self._console.print(row)
