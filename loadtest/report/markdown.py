"""``report.md``: for a pull-request comment or a job summary. The four answers first, the tables folded away.

Text that came from outside (addresses, error messages, settings) is escaped: it can make no markup, no links and no
mentions. The whole stays under 60 KB, below what pull-request comments may hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from loadtest import units
from loadtest.report import limits, tables_run, tables_slowdown, tables_speed, tables_versions
from loadtest.report.definitions import BOUND, define
from loadtest.report.table import Fact, Table
from loadtest.report.wording import (
    SIGNS,
    about,
    clean,
    headline,
    notes,
    operation_text,
    operation_times,
    other_checks,
    where,
    worst_first,
)
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult
from loadtest.summary.summary import Summary

MOST_BYTES: Final = 60_000
MOST_ROWS: Final = 60
MOST_LISTED: Final = 20
_MOST_TEXT: Final = 600
_SIGNS: Final = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "⚠️"}


def markdown(summary: Summary) -> str:
    """The whole report; details that would make it too large are left out, and it says so."""
    answers = _answers(summary)
    kept, size = [answers], len(answers.encode())
    left_out = []
    for title, part in _details(summary):
        length = len(part.encode())
        if size + length > MOST_BYTES - 500:
            left_out.append(title)
            continue
        kept.append(part)
        size += length
    if left_out:
        kept.append(f"Left out for their size, see report.html: {', '.join(map(escape, left_out))}.\n")
    return "\n".join(kept)


def chat_line(summary: Summary) -> str:
    """The outcome on one line, which fits a chat message."""
    return f"{_verdict(summary.verdict)}{where(summary)}: {escape(headline(summary, placed=True))}"


def _answers(summary: Summary) -> str:
    lines = [
        chat_line(summary),
        "",
        "## Read model under writes",
        "",
    ]
    lines += ["| | question | number | answer |", "|---|---|---|---|"]
    for question in summary.questions:
        number = f"**{escape(question.number.text)}**<br>{escape(question.number.name)}"
        lines.append(
            f"| {_verdict(question.verdict)} | {escape(question.question)} | {number} | {escape(question.sentence)} |"
        )
    lines += ["", escape(about(summary)), "", "Charts, and what every word means: report.html of the same run.", ""]
    lines += [f"> {escape(note)}\n" for note in notes(summary)]
    failing = [check for check in worst_first(summary.checks) if check.verdict is not Verdict.PASS]
    said = " ".join(question.sentence for question in summary.questions)
    for check in [check for check in failing if check.sentence not in said][:MOST_LISTED]:
        lines.append(f"- {_verdict(check.verdict)} **{escape(check.title)}**: {escape(check.sentence)}")
    for threshold in summary.thresholds[:MOST_LISTED]:
        lines.append(f"- {_verdict(threshold.verdict)} {escape(threshold.expression)}: {escape(threshold.sentence)}")
    return "\n".join([*lines, ""])


def _details(summary: Summary) -> Iterable[tuple[str, str]]:
    """Folded parts, the most wanted first."""
    proofs = [part for check in worst_first(summary.checks) for part in _witnesses(check)]
    if proofs:
        yield _folded("What proves the findings", proofs)
    like = (tables_slowdown.kinds_table(summary), tables_slowdown.after_table(summary))
    yield _folded("Slowdown while writing", _both((*tables_speed.impact_tables(summary), *like)))
    yield _folded("Response and service times", _both(tables_speed.latency_tables(summary)))
    freshness = [_facts(tables_versions.consistency_facts(summary)), _table(tables_versions.visibility_table(summary))]
    yield _folded("Old versions", [*freshness, _table(tables_versions.k_staleness_table(summary))])
    yield _folded("ETag and 304", [_facts(tables_versions.conditional_facts(summary))])
    outcomes = [_facts(tables_run.availability_facts(summary)), _table(tables_run.outcome_table(summary))]
    outcomes += [f"**{table.title}**\n\n{_table(table)}" for table in (tables_run.bases_table(summary),)]
    errors = [f"- {escape(error)}" for error in summary.availability.write_errors]
    yield _folded("Was everything answered?", [*outcomes, *errors])
    generator = summary.generator
    believed = [f"{escape(text)}\n" for text in (generator.sentence, generator.pause_sentence) if text]
    believed.append(_table(tables_run.generator_table(summary)))
    yield _folded("Can the measurement be believed?", believed)
    yield _folded("All checks", [_checks(summary)])
    yield _folded("What the words mean", [_glossary()])
    yield _folded("Settings and versions", _both(tables_run.settings_tables(summary)))
    yield _folded("Windows", [_table(tables_speed.windows_table(summary))])


def _witnesses(check: CheckResult) -> Iterable[str]:
    if check.witnesses:
        shown = f"{len(check.witnesses)} of {units.counted(check.found, 'finding')}"
        if check.found > len(check.witnesses):
            shown += f": {limits.shown(check)}; all of them are in reads.parquet of the run"
        yield f"**{escape(check.title)}** ({shown})\n"
    for witness in check.witnesses:
        yield f"{escape(witness.sentence)} Times are counted from the {escape(witness.relative_to)}.\n"
        rows = [f"| {operation_times(op)} | {escape(operation_text(op))} |" for op in witness.operations]
        yield "\n".join(["| when | what |", "|---|---|", *rows, ""])


def _checks(summary: Summary) -> str:
    others = {check.id for check in other_checks(summary)}
    lines = ["| | check | promise | tolerated | looked at | found |", "|---|---|---|---|--:|--:|"]
    for check in summary.checks:
        aside = " (no question rests on it)" if check.id in others else ""
        lines.append(
            f"| {_verdict(check.verdict)} | {escape(check.title)}{aside} | {escape(check.guarantee)} "
            f"| {escape(limits.tolerated(summary, check))} | {limits.looked_at(check)} | {limits.found(check)} |"
        )
    return "\n".join([*lines, ""]) if summary.checks else "No check was made.\n"


_WORDS: Final = (
    "response time", "p50", "p99", "due", "in flight", "window", "pair", "slowdown", "95 % interval", "noise floor",
    "stale read", "consistency window", "first visible", "last stale", "resolution", "atomic", "regular", "inversion",
    "monotonic", "phantom", "torn", "304", "pause (†)", BOUND, "sandbox",
)  # fmt: skip


def _glossary() -> str:
    """The words that this report uses, in short; the page has all of them."""
    return "\n".join([*(f"- **{escape(word)}**: {escape(define(word))}" for word in _WORDS), ""])


def _folded(title: str, parts: Iterable[str]) -> tuple[str, str]:
    body = "\n".join(parts)
    return title, f"<details><summary>{escape(title)}</summary>\n\n{body}\n</details>\n"


def _both(found: Iterable[Table]) -> list[str]:
    return [f"**{escape(table.title)}**\n\n{_table(table)}" for table in found]


def _table(table: Table) -> str:
    if not table.rows:
        return f"{escape(table.empty)}\n"
    lines = [f"{escape(table.note)}\n"] if table.note else []
    lines.append(_row(column.title for column in table.columns))
    lines.append("|" + "|".join("--:" if column.number else "---" for column in table.columns) + "|")
    lines += [_row(row) for row in table.rows[:MOST_ROWS]]
    if len(table.rows) > MOST_ROWS:
        lines.append(f"\nThe first {MOST_ROWS} of {len(table.rows):,} rows; the others are in report.html.")
    return "\n".join([*lines, ""])


def _facts(facts: Iterable[Fact]) -> str:
    rows = [_row((fact.name, fact.text, fact.definition)) for fact in facts]
    return "\n".join(["| | | what it means |", "|---|--:|---|", *rows, ""])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(map(escape, cells)) + " |"


def _verdict(verdict: Verdict) -> str:
    return f"{_SIGNS.get(verdict, SIGNS[verdict])} {verdict.value}"


_OUTSIDE: Final = str.maketrans(
    {
        **{sign: "\\" + sign for sign in "\\`*_[]!|~$"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        # An empty comment behind them: else they would notify people, and link to issues of the same number.
        "@": "@<!-- -->",
        "#": "#<!-- -->",
    }
)
# What makes a list item or an underlined heading of a line that begins with it.
_LINE_START: Final = re.compile(r"^(\d*)([-+.)](?=\s|$)|[-=]+$)")


def escape(text: str) -> str:
    """``text`` as plain text in Markdown (GitHub's and CommonMark), shortened when it is very long.

    It can make no markup, no HTML, no link, no mention, and cannot end the table cell that it stands in.
    """
    short = clean(text).strip()
    if len(short) > _MOST_TEXT:
        short = short[:_MOST_TEXT] + " …"
    plain = short.translate(_OUTSIDE).replace("://", "&#58;//").replace("www.", "www&#46;")
    return _LINE_START.sub(r"\1\\\2", plain)
