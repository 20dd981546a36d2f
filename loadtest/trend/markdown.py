"""A trend as Markdown, for a job summary: its first line fits a chat message, the tables are folded away."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.report.markdown import escape
from loadtest.report.wording import clean
from loadtest.run.records import Verdict
from loadtest.trend.records import Change, NumberTrend, Trend
from loadtest.trend.runs import name_of

SIGNS: Final = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "⚠️"}
_MOST_LISTED: Final = 20
_MOST_RUNS: Final = 30
_MOST_NOTES: Final = 20


def chat_line(made: Trend) -> str:
    """The outcome on one plain line."""
    return clean(f"{SIGNS[made.verdict]} {made.verdict.value} Trend: {made.sentence}")


def markdown(made: Trend) -> str:
    """The whole text."""
    lines = [escape(chat_line(made)), ""]
    not_passed = [one for one in made.followed if one.verdict is not Verdict.PASS]
    not_passed.sort(key=lambda one: list(Verdict).index(one.verdict))
    lines += [f"- {_verdict(one.verdict)} {escape(one.sentence)}" for one in not_passed[:_MOST_LISTED]]
    if len(not_passed) > _MOST_LISTED:
        lines.append(f"- … and {len(not_passed) - _MOST_LISTED} more, see trend.html.")
    lines += ["", *(f"> {escape(note)}\n" for note in made.notes[:_MOST_NOTES])]
    lines += ["| number | newest | level now | changes | |", "|---|--:|--:|--:|---|"]
    lines += [_number_row(number, made) for number in made.numbers]
    lines += ["", _folded("All changes", _changes(made)), _folded("Promises", _promises(made))]
    lines.append(_folded("Newest runs", _runs(made)))
    return "\n".join(lines)


def _number_row(number: NumberTrend, made: Trend) -> str:
    newest = number.values[-1]
    level = next((one[2] for one in reversed(number.levels) if one[1] == newest.run), None)
    shown = units.NOTHING if level is None else level_text(number, level)
    when = "" if newest.run == len(made.runs) - 1 else f" ({len(made.runs) - 1 - newest.run} runs ago)"
    cells = (number.title, newest.text + when, shown, units.count(len(number.changes)))
    return f"| {' | '.join(map(escape, cells))} | {_verdict(number.verdict)} |"


def level_text(number: NumberTrend, level: float) -> str:
    """A level of a number with its unit."""
    if number.scale == "share":
        return units.share(level)
    return units.duration(level) if number.id.startswith("response") else units.ratio(level)


def told(change: Change) -> str:
    """What a change counts for, in a few words."""
    if not change.worse:
        return "better"
    if change.acknowledged:
        return f"acknowledged: {change.acknowledged}"
    if change.small:
        return "worse, and counts" if change.counts else "worse, within what is tolerated"
    if change.recovered:
        return "worse, and recovered since"
    return "worse" if change.counts else "worse, before the last runs"


def _changes(made: Trend) -> str:
    rows = [(number, change) for number in made.numbers for change in number.changes]
    if not rows:
        return "None was found.\n"
    rows.sort(key=lambda row: -row[1].run)
    lines = ["| number | | change |", "|---|---|---|"]
    lines += [
        f"| {escape(number.title)} | {escape(told(change))} | {escape(change.text)} |" for number, change in rows[:60]
    ]
    return "\n".join([*lines, ""])


def _promises(made: Trend) -> str:
    letters = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.INCONCLUSIVE: "?", None: "·"}
    lines = [f"✓ passed, ✗ failed, ? undecided, · not checked; the newest {_MOST_RUNS} runs, oldest first.", ""]
    lines += ["| promise | runs | |", "|---|---|---|"]
    lines += [
        f"| {escape(one.title)} | {''.join(letters[verdict] for verdict in one.verdicts[-_MOST_RUNS:])} "
        f"| {_verdict(one.verdict)}{escape(f' (acknowledged: {one.acknowledged})') if one.acknowledged else ''} |"
        for one in made.promises
    ]
    return "\n".join([*lines, ""])


def _runs(made: Trend) -> str:
    lines = ["| run | began | verdict | unlike the run before |", "|---|---|---|---|"]
    for point in made.runs[: -_MOST_RUNS - 1 : -1]:
        gap = f"{units.seconds(point.gap_ns)} without a run" if point.gap_ns else ""
        unlike = ", ".join(filter(None, (point.differs, gap)))
        cells = (name_of(point), point.started)
        lines.append(f"| {' | '.join(map(escape, cells))} | {_verdict(point.verdict)} | {escape(unlike)} |")
    return "\n".join([*lines, ""])


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{escape(title)}</summary>\n\n{body}\n</details>\n"


def _verdict(verdict: Verdict) -> str:
    return f"{SIGNS[verdict]} {verdict.value}"
