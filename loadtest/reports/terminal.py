"""The end of a run on a terminal: the four answers, what did not pass, and where the report is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from loadtest.reports.wording import SIGNS, clean, headline, notes, worst_first
from loadtest.summary import Summary, Verdict

_STYLES: Final = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}
_VERDICT_WIDTH: Final = max(len(verdict.value) for verdict in Verdict) + 2


def print_answers(summary: Summary, written: Sequence[Path], stream: TextIO) -> None:
    """Print the outcome of a run to ``stream``; in colour only when it is a terminal (and NO_COLOR is not set)."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=not stream.isatty())

    def line(*parts: tuple[str, str]) -> None:
        console.print(Text.assemble(*((clean(text), style) for text, style in parts)))

    line(("", ""))
    line((summary.verdict.value, _STYLES[summary.verdict]), (f"  {headline(summary)}", "bold"))
    for note in notes(summary):
        line((f"  Note: {note}", "dim"))
    for question in summary.questions:
        line(("", ""))
        line(_sign(question.verdict), (question.question, "bold"))
        line((f"{'':{_VERDICT_WIDTH}}  {question.number.name}: {question.number.text}", ""))
        line((f"{'':{_VERDICT_WIDTH}}  {question.sentence}", ""))
    _not_passed(summary, line)
    line(("", ""))
    by_name = {path.name: path for path in written}
    page = by_name.pop("report.html", None)
    if page:
        line(("Report: ", "bold"), (str(page), "underline"))
    if by_name:
        others = ", ".join(by_name)
        line((f"Beside it: {others}" if page else f"Written: {', '.join(map(str, by_name.values()))}", "dim"))


def _sign(verdict: Verdict) -> tuple[str, str]:
    return (f"{SIGNS[verdict]} {verdict.value}".ljust(_VERDICT_WIDTH) + "  ", _STYLES[verdict])


def _not_passed(summary: Summary, line: Callable[..., None]) -> None:
    checks = [check for check in worst_first(summary.checks) if check.verdict is not Verdict.PASS]
    thresholds = [threshold for threshold in summary.thresholds if threshold.verdict is not Verdict.PASS]
    if not checks and not thresholds:
        return
    line(("", ""))
    line(("Checks that did not pass", "bold"))
    for check in checks:
        line(_sign(check.verdict), (f"{check.title}: ", "bold"), (check.sentence, ""))
        for witness in check.witnesses[:1]:
            line((f"{'':{_VERDICT_WIDTH}}  {witness.sentence}", "dim"))
    for threshold in thresholds:
        line(_sign(threshold.verdict), (f"{threshold.expression}: ", "bold"), (threshold.sentence, ""))
