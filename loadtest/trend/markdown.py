"""A trend as Markdown, for a job summary: its first line fits a chat message, the tables are folded away."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from loadtest import units
from loadtest.report.markdown_text import escape, folded, table, verdict_sign
from loadtest.run.records import Verdict
from loadtest.trend.records import Change, NumberTrend, Trend
from loadtest.trend.runs import moment, short_name

LETTERS: Final = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.INCONCLUSIVE: "?", None: "·"}
"""A verdict in one letter; None: the run has none."""
_MOST_LISTED: Final = 20
_MOST_RUNS: Final = 30
_MOST_CHANGES: Final = 60
_MOST_NOTES: Final = 20


def markdown(made: Trend) -> str:
    """The whole text; long lists are cut, and are whole in the page."""
    lines = [f"{verdict_sign(made.verdict)} Trend: {escape(made.sentence)}", ""]
    not_passed = [one for one in made.followed if one.verdict is not Verdict.PASS]
    not_passed.sort(key=lambda one: list(Verdict).index(one.verdict))
    lines += [f"- {verdict_sign(one.verdict)} {escape(one.sentence)}" for one in not_passed[:_MOST_LISTED]]
    if len(not_passed) > _MOST_LISTED:
        lines.append(f"- … and {len(not_passed) - _MOST_LISTED} more, see trend.html.")
    lines += ["", *(f"> {escape(note)}\n" for note in made.notes[:_MOST_NOTES])]
    rows = [
        (one.title, _newest(one, made), _level(one), units.count(len(one.changes)), verdict_sign(one.verdict))
        for one in made.numbers
    ]
    lines.append(table(("number", "newest", "level now", "changes", ""), rows, numbers=(1, 2, 3)))
    lines += [folded("All changes", _changes(made)), folded("Promises", _promises(made))]
    lines.append(folded("Newest runs", _runs(made)))
    return "\n".join(lines)


def _newest(number: NumberTrend, made: Trend) -> str:
    newest = number.values[-1]
    ago = len(made.runs) - 1 - newest.run
    return f"{newest.text} ({units.counted(ago, 'run')} ago)" if ago else newest.text


def _level(number: NumberTrend) -> str:
    level = next((one[2] for one in number.levels if one[1] == number.values[-1].run), None)
    if level is None:
        return units.NOTHING
    if number.scale == "share":
        return units.share(level)
    return units.duration(level) if number.id.startswith("response") else units.ratio(level)


def told(change: Change) -> str:
    """What a change counts for, in a few words."""
    if not change.worse:
        return "better"
    if change.acknowledged:
        return f"acknowledged: {change.acknowledged}"
    if change.counts:
        return "worse"
    if change.small:
        return "worse, within what is tolerated"
    return "worse, and recovered since" if change.recovered else "worse, before the last runs"


def _changes(made: Trend) -> str:
    found = [(number, change) for number in made.numbers for change in number.changes]
    found.sort(key=lambda row: -row[1].run)
    if not found:
        return "None was found.\n"
    rows = [(number.title, told(change), change.text) for number, change in found[:_MOST_CHANGES]]
    return table(("number", "", "change"), rows)


def _promises(made: Trend) -> str:
    rows = [
        (
            one.title,
            letters(one.verdicts[-_MOST_RUNS:]),
            verdict_sign(one.verdict),
            f"acknowledged: {one.acknowledged}" if one.acknowledged else "",
        )
        for one in made.promises
    ]
    said = f"✓ passed, ✗ failed, ? undecided, · not checked; the newest {_MOST_RUNS} runs, oldest first.\n\n"
    return said + table(("promise", "runs", "", ""), rows)


_DAY_NS: Final = 86_400 * units.SECOND


def letters(verdicts: Sequence[Verdict | None]) -> str:
    """Verdicts as letters; where one comes three times or more, with their number: 40✓ ✗✗ 3✓."""
    alike = [(letter, len(list(group))) for letter, group in groupby(LETTERS[verdict] for verdict in verdicts)]
    return " ".join(f"{count}{letter}" if count > 2 else letter * count for letter, count in alike)


def _runs(made: Trend) -> str:
    rows = [
        (
            short_name(point),
            moment(point),
            verdict_sign(point.verdict),
            ", ".join(filter(None, (point.differs, gap_text(point.gap_ns)))),
        )
        for point in made.runs[: -_MOST_RUNS - 1 : -1]
    ]
    return table(("run", "began", "verdict", "unlike the run before"), rows)


def gap_text(gap_ns: int | None) -> str:
    """How long there was no run, where that is worth saying."""
    return f"{units.counted(round(gap_ns / _DAY_NS), 'day')} without a run" if gap_ns else ""
