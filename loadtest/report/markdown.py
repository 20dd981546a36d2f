"""``report.md``: for a pull-request comment or a job summary. The four answers first, the tables folded away.

Text from outside (addresses, error messages, settings) is escaped, so that it can make no markup, links or mentions.
The whole stays under 60 KB, below what pull-request comments may hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loadtest import units
from loadtest.report import check_limits, tables_latency, tables_run, tables_slowdown, tables_versions, tables_windows
from loadtest.report.definitions import BOUND, define
from loadtest.report.markdown_text import Markup, bold, escape, folded, table, verdict_sign
from loadtest.report.operations import operation_text, operation_times
from loadtest.report.table import Fact, Table
from loadtest.report.tables_parts import part_tables
from loadtest.report.wording import about, headline, notes, other_checks, where, worst_first
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Question
from loadtest.summary.summary import Summary

MOST_BYTES: Final = 60_000
MOST_ROWS: Final = 60
MOST_LISTED: Final = 20


def markdown(summary: Summary) -> str:
    """The whole report; details that would make it too large are left out, and it names them."""
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
    return f"{verdict_sign(summary.verdict)}{where(summary)}: {escape(headline(summary, placed=True))}"


def _answers(summary: Summary) -> str:
    lines = [
        chat_line(summary),
        "",
        "## Read model under writes",
        "",
        table(("", "question", "number", "answer"), map(_answer, summary.questions)),
    ]
    lines += [escape(about(summary)), "", "Charts, and what every word means: report.html of the same run.", ""]
    lines += [f"> {escape(note)}\n" for note in notes(summary)]
    failing = [check for check in worst_first(summary.checks) if check.verdict is not Verdict.PASS]
    sentences = " ".join(question.sentence for question in summary.questions)
    for check in [check for check in failing if check.sentence not in sentences][:MOST_LISTED]:
        lines.append(f"- {verdict_sign(check.verdict)} {bold(check.title)}: {escape(check.sentence)}")
    for threshold in worst_first(summary.thresholds)[:MOST_LISTED]:
        lines.append(
            f"- {verdict_sign(threshold.verdict)} {escape(threshold.expression)}: {escape(threshold.sentence)}"
        )
    if len(summary.thresholds) > MOST_LISTED:
        lines.append(f"- … and {len(summary.thresholds) - MOST_LISTED} more that are no worse, see report.html.")
    return "\n".join([*lines, ""])


def _answer(question: Question) -> tuple[str, ...]:
    number = Markup(f"{bold(question.number.text)}<br>{escape(question.number.name)}")
    return verdict_sign(question.verdict), question.question, number, question.sentence


def _details(summary: Summary) -> Iterable[tuple[str, str]]:
    """Folded parts, the most wanted first."""
    for parts in part_tables(summary):
        yield _folded(parts.title, [_table(parts)])
    proofs = [part for check in worst_first(summary.checks) for part in _witnesses(check)]
    if proofs:
        yield _folded("What proves the findings", proofs)
    like = (tables_slowdown.kinds_table(summary), tables_slowdown.after_table(summary))
    yield _folded("Slowdown while writing", _both((*tables_slowdown.impact_tables(summary), *like)))
    yield _folded("Response and service times", _both(tables_latency.latency_tables(summary)))
    freshness = [_facts(tables_versions.consistency_facts(summary)), _table(tables_versions.visibility_table(summary))]
    yield _folded("Old versions", [*freshness, _table(tables_versions.k_staleness_table(summary))])
    yield _folded("ETag and 304", [_facts(tables_versions.conditional_facts(summary))])
    outcomes = [_facts(tables_run.availability_facts(summary)), _table(tables_run.outcome_table(summary))]
    outcomes += _both((tables_run.bases_table(summary),))
    errors = [f"- {escape(error)}" for error in summary.availability.write_errors]
    yield _folded("Was everything answered?", [*outcomes, *errors])
    generator = summary.generator
    believed = [f"{escape(text)}\n" for text in (generator.sentence, generator.pause_sentence) if text]
    believed.append(_table(tables_run.generator_table(summary)))
    yield _folded("Can the measurement be believed?", believed)
    yield _folded("All checks", [_checks(summary)])
    yield _folded("What the words mean", [_glossary()])
    yield _folded("Settings and versions", _both(tables_run.settings_tables(summary)))
    yield _folded("Windows", [_table(tables_windows.windows_table(summary))])


def _witnesses(check: CheckResult) -> Iterable[str]:
    if check.witnesses:
        count = f"{len(check.witnesses)} of {units.counted(check.found, 'finding')}"
        if check.found > len(check.witnesses):
            count += f": {check_limits.selection(check)}; all of them are in reads.parquet of the run"
        yield f"{bold(check.title)} ({count})\n"
    for witness in check.witnesses:
        yield f"{escape(witness.sentence)} Times are counted from the {escape(witness.relative_to)}.\n"
        yield table(("when", "what"), [(operation_times(op), operation_text(op)) for op in witness.operations])


def _checks(summary: Summary) -> str:
    if not summary.checks:
        return "No check was made.\n"
    others = {check.id for check in other_checks(summary)}
    rows = [
        (
            verdict_sign(check.verdict),
            check.title + (" (no question rests on it)" if check.id in others else ""),
            check.guarantee,
            check_limits.tolerated(summary, check),
            check_limits.looked_at(check),
            check_limits.found(check),
        )
        for check in summary.checks
    ]
    return table(("", "check", "promise", "tolerated", "looked at", "found"), rows, numbers=(4, 5))


_WORDS: Final = (
    "response time", "p50", "p99", "due", "in flight", "window", "pair", "slowdown", "95 % interval", "noise floor",
    "stale read", "consistency window", "first visible", "last stale", "resolution", "atomic", "regular", "inversion",
    "monotonic", "phantom", "torn", "304", "pause (†)", BOUND, "sandbox",
)  # fmt: skip


def _glossary() -> str:
    """The words that this report uses; the page has all of them."""
    return "\n".join([*(f"- {bold(word)}: {escape(define(word))}" for word in _WORDS), ""])


def _folded(title: str, parts: Iterable[str]) -> tuple[str, str]:
    return title, folded(title, "\n".join(parts))


def _both(tables: Iterable[Table]) -> list[str]:
    return [f"{bold(one.title)}\n\n{_table(one)}" for one in tables]


def _table(item: Table) -> str:
    if not item.rows:
        return f"{escape(item.empty)}\n"
    note = f"{escape(item.note)}\n\n" if item.note else ""
    numbers = [place for place, column in enumerate(item.columns) if column.number]
    text = table((column.title for column in item.columns), item.rows[:MOST_ROWS], numbers)
    if len(item.rows) > MOST_ROWS:
        text += f"\nThe first {MOST_ROWS} of {len(item.rows):,} rows; the others are in report.html.\n"
    return note + text


def _facts(facts: Iterable[Fact]) -> str:
    rows = [(fact.name, fact.text, fact.definition) for fact in facts]
    return table(("", "", "what it means"), rows, numbers=(1,))
