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
"""A verdict as one letter; None: the run has no verdict."""
_MOST_LISTED: Final = 20
_MOST_RUNS: Final = 30
_MOST_CHANGES: Final = 60
_MOST_NOTES: Final = 20


def markdown(trend: Trend) -> str:
    """The whole text. Long lists are cut short here; trend.html has them in full."""
    lines = [f"{verdict_sign(trend.verdict)} Trend: {escape(trend.sentence)}", ""]
    not_passed = [one for one in trend.followed if one.verdict is not Verdict.PASS]
    not_passed.sort(key=lambda one: list(Verdict).index(one.verdict))
    lines += [f"- {verdict_sign(one.verdict)} {escape(one.sentence)}" for one in not_passed[:_MOST_LISTED]]
    if len(not_passed) > _MOST_LISTED:
        lines.append(f"- … and {len(not_passed) - _MOST_LISTED} more, see trend.html.")
    lines += ["", *(f"> {escape(note)}\n" for note in trend.notes[:_MOST_NOTES])]
    rows = [
        (one.title, _newest(one, trend), _level(one), units.count(len(one.changes)), verdict_sign(one.verdict))
        for one in trend.numbers
    ]
    lines.append(table(("number", "newest", "level now", "changes", ""), rows, numbers=(1, 2, 3)))
    lines += [folded("All changes", _changes(trend)), folded("Promises", _promises(trend))]
    lines.append(folded("Newest runs", _runs(trend)))
    return "\n".join(lines)


def _newest(number: NumberTrend, trend: Trend) -> str:
    newest = number.values[-1]
    ago = len(trend.runs) - 1 - newest.run
    return f"{newest.text} ({units.counted(ago, 'run')} ago)" if ago else newest.text


def _level(number: NumberTrend) -> str:
    level = next((one[2] for one in number.levels if one[1] == number.values[-1].run), None)
    if level is None:
        return units.NOTHING
    if number.scale == "share":
        return units.share(level)
    return units.duration(level) if number.id.startswith("response") else units.ratio(level)


def effect(change: Change) -> str:
    """Whether a change counts, and if not, why."""
    if not change.worse:
        return "better"
    if change.acknowledged:
        return f"acknowledged: {change.acknowledged}"
    if change.counts:
        return "worse"
    if change.small:
        return "worse, within what is tolerated"
    return "worse, and recovered since" if change.recovered else "worse, before the last runs"


def _changes(trend: Trend) -> str:
    changes = trend.newest_changes[:_MOST_CHANGES]
    if not changes:
        return "None was found.\n"
    return table(("number", "", "change"), [(number.title, effect(change), change.text) for number, change in changes])


def _promises(trend: Trend) -> str:
    rows = [
        (
            one.title,
            letters(one.verdicts[-_MOST_RUNS:]),
            verdict_sign(one.verdict),
            f"acknowledged: {one.acknowledged}" if one.acknowledged else "",
        )
        for one in trend.promises
    ]
    key = f"✓ passed, ✗ failed, ? undecided, · not checked; the newest {_MOST_RUNS} runs, oldest first.\n\n"
    return key + table(("promise", "runs", "", ""), rows)


_DAY_NS: Final = 86_400 * units.SECOND


def letters(verdicts: Sequence[Verdict | None]) -> str:
    """Verdicts as letters; three or more of one kind as their number and the letter: 40✓ ✗✗ 3✓."""
    alike = [(letter, len(list(group))) for letter, group in groupby(LETTERS[verdict] for verdict in verdicts)]
    return " ".join(f"{count}{letter}" if count > 2 else letter * count for letter, count in alike)


def _runs(trend: Trend) -> str:
    rows = [
        (
            short_name(point),
            moment(point),
            verdict_sign(point.verdict),
            ", ".join(filter(None, (point.differs, gap_text(point.gap_ns)))),
        )
        for point in trend.runs[: -_MOST_RUNS - 1 : -1]
    ]
    return table(("run", "began", "verdict", "unlike the run before"), rows)


def gap_text(gap_ns: int | None) -> str:
    """For how long there was no run; "" if that is not worth mentioning."""
    return f"{units.counted(round(gap_ns / _DAY_NS), 'day')} without a run" if gap_ns else ""
