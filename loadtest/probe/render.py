"""A report for people (a table on a terminal, lines elsewhere), for pages (Markdown) and for programs (JSON)."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtest.probe.model import CaseVerdict, Report, Result
from loadtest.report.markdown_text import code, escape, table
from loadtest.run.records import FORMAT_VERSION, Verdict

_COLOURS: Final = {
    CaseVerdict.PASS: "green",
    CaseVerdict.FAIL: "bold red",
    CaseVerdict.INCONCLUSIVE: "yellow",
    CaseVerdict.DEVIATES: "yellow",
    CaseVerdict.NOT_APPLICABLE: "dim",
}
_ANSWERS: Final = {
    Verdict.PASS: "ETag and conditional requests are honoured",
    Verdict.FAIL: "ETag and conditional requests are not honoured",
    Verdict.INCONCLUSIVE: "it could not be told whether ETag is honoured",
}
_WORDS: Final = {
    CaseVerdict.PASS: "passed",
    CaseVerdict.FAIL: "failed",
    CaseVerdict.DEVIATES: "deviate from HTTP without harm to the data",
    CaseVerdict.INCONCLUSIVE: "inconclusive",
    CaseVerdict.NOT_APPLICABLE: "not applicable",
}


def conclusion(report: Report, strict: bool = False) -> str:
    counts = Counter(result.finding.verdict for result in report.results)
    summed_up = ", ".join(f"{counts[verdict]} {_WORDS[verdict]}" for verdict in _WORDS if counts[verdict])
    verdict = report.verdict(strict)
    return f"{verdict}: {_ANSWERS[verdict]} by {report.url} ({summed_up})."


def to_terminal(report: Report, stream: TextIO, strict: bool = False) -> None:
    """Write the table, or lines where there is no terminal."""
    console = Console(file=stream, highlight=False, soft_wrap=not stream.isatty())
    if stream.isatty():
        console.print(_table(report))
    else:
        for result in report.results:
            console.print(_line(result), markup=False)
    for note in report.notes:
        console.print(note, markup=False)
    console.print(conclusion(report, strict), markup=False, style=_COLOURS[CaseVerdict(report.verdict(strict))])


def _table(report: Report) -> Table:
    table = Table(box=SIMPLE_HEAD, expand=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Case, expectation and source", ratio=3, overflow="fold")
    table.add_column("Came back", ratio=2, overflow="fold")
    for result in report.results:
        case, finding = result.case, result.finding
        table.add_row(
            Text(finding.verdict, style=_COLOURS[finding.verdict]),
            Text.assemble((case.name, "bold"), f"\n{case.expectation}  ", (case.section, "dim")),
            Text(finding.came_back),
        )
    return table


def _line(result: Result) -> str:
    case, finding = result.case, result.finding
    return f"{finding.verdict:<14}  {case.name}: {finding.came_back}  [{case.expectation}; {case.section}]"


def to_markdown(report: Report, strict: bool = False) -> str:
    rows = [
        (code(case.name), case.expectation, case.section, finding.came_back, finding.verdict)
        for case, finding in ((result.case, result.finding) for result in report.results)
    ]
    notes = map(escape, report.notes)
    cases = table(("Case", "Expected", "By", "Came back", "Verdict"), rows)
    return "\n".join([escape(conclusion(report, strict)), "", cases, *notes]).rstrip("\n") + "\n"


def to_json(report: Report, strict: bool = False) -> str:
    """Everything, with each request as it was sent and the headers of each answer."""
    plain = {
        "format": FORMAT_VERSION,
        "url": report.url,
        "kind": report.kind,
        "verdict": report.verdict(strict),
        "strict": strict,
        "cases": [_case(result) for result in report.results],
        "notes": list(report.notes),
    }
    return json.dumps(plain, indent=1, ensure_ascii=True) + "\n"


def _case(result: Result) -> dict[str, Any]:
    return {
        "name": result.case.name,
        "section": result.case.section,
        "expectation": result.case.expectation,
        "verdict": result.finding.verdict,
        "came_back": result.finding.came_back,
        "exchanges": [
            {
                "step": exchange.step,
                "status": exchange.status,
                "headers": [list(header) for header in exchange.headers],
                "body_bytes": exchange.body_bytes,
            }
            for exchange in result.exchanges
        ],
    }
