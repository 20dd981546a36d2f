"""Trend: everything that is said of a series of runs, and the verdict. A pure function of their summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loadtest import units
from loadtest.run.records import Verdict
from loadtest.summary.findings import worst
from loadtest.summary.summary import Summary
from loadtest.trend.acknowledged import Acknowledged
from loadtest.trend.change_points import LEAST_SEGMENT, MOST_RUNS
from loadtest.trend.following import Terms, follow
from loadtest.trend.numbers import headlines, measured_of
from loadtest.trend.parts import headlines_of_parts
from loadtest.trend.promises import follow_promises, judged_by
from loadtest.trend.records import Followed, NumberTrend, PromiseTrend, RunPoint, Trend
from loadtest.trend.runs import in_order, name_of, points

FORMAT: Final = 1
DEFAULT_LAST: Final = 10
LEAST_LAST: Final = LEAST_SEGMENT
DEFAULT_TOLERANCE: Final = 1.03


def trend(
    summaries: Sequence[Summary],
    last: int = DEFAULT_LAST,
    tolerance: float = DEFAULT_TOLERANCE,
    acknowledged: tuple[Acknowledged, ...] = (),
    notes: Sequence[str] = (),
) -> Trend:
    """Follow runs over time, in whatever order they are given; of none it cannot be made."""
    ordered = in_order(summaries)
    runs = points(ordered)
    terms = Terms(last, tolerance, acknowledged)
    numbers, never = [], []
    for headline in (*headlines(), *headlines_of_parts(ordered[-1])):
        measured = [measured_of(headline, summary) for summary in ordered]
        if any(one is not None for one in measured):
            numbers.append(follow(headline, measured, runs, terms))
        else:
            never.append(headline.title)
    promises = follow_promises(ordered, runs, terms)
    followed: list[Followed] = [*numbers, *promises]
    verdict = worst([one.verdict for one in followed]) if numbers else Verdict.INCONCLUSIVE
    said = [*notes, *_notes(ordered, runs, never), *_unused(acknowledged, numbers, promises)]
    return Trend(
        format=FORMAT,
        verdict=verdict,
        sentence=_worse(runs, numbers, promises, last)
        if verdict is Verdict.FAIL
        else _sentence(verdict, runs, followed, last),
        last=last,
        tolerance=tolerance,
        runs=runs,
        numbers=tuple(numbers),
        promises=promises,
        notes=tuple(said),
    )


def _of(runs: Sequence[RunPoint], last: int) -> str:
    return f"the last {min(last, len(runs))} of {units.counted(len(runs), 'run')}"


def _sentence(verdict: Verdict, runs: Sequence[RunPoint], followed: Sequence[Followed], last: int) -> str:
    of = _of(runs, last)
    if verdict is Verdict.PASS:
        return f"Nothing got worse in {of}."
    undecided = [one for one in followed if one.verdict is Verdict.INCONCLUSIVE]
    if not undecided:
        return f"No number was measured in {of}."
    more = f" ({len(undecided) - 1} more are undecided)" if len(undecided) > 1 else ""
    return f"Not decided in {of}: {undecided[0].sentence.removesuffix('.')}{more}."


def _worse(
    runs: Sequence[RunPoint], numbers: Sequence[NumberTrend], promises: Sequence[PromiseTrend], last: int
) -> str:
    """The first bad run of all that got worse, with what got worse first."""
    found = [
        (one.since, f"{one.title} fails") for one in promises if one.verdict is Verdict.FAIL and one.since is not None
    ]
    for number in numbers:
        show = "{:.2f}x" if number.scale == "ratio" else "{:+.3g}"
        found += [
            (change.run, f"{number.title} {show.format(change.size)}") for change in number.changes if change.counts
        ]
    first = min(run for run, _ in found)
    there = [text for run, text in found if run == first]
    later = len(found) - len(there)
    more = f"; {units.counted(later, 'more change')} for the worse later" if later else ""
    listed = there[0] + (f" and {len(there) - 1} more" if len(there) > 1 else "")
    return f"Worse in {_of(runs, last)}, since {name_of(runs[first])}: {listed}{more}."


def _notes(summaries: Sequence[Summary], runs: Sequence[RunPoint], never: Sequence[str]) -> list[str]:
    found = []
    groups = {point.group for point in runs}
    if len(groups) > 1:
        own = sum(point.group == runs[-1].group for point in runs)
        found.append(
            f"The runs are of {len(groups)} kinds, by their settings and machines. A number is followed within each "
            f"kind only, so that no change is seen from one kind to another. {own} of {len(runs)} runs are of the kind "
            "of the newest."
        )
    if len({judged_by(summary) for summary in summaries}) > 1:
        found.append("Checks were not judged by the same tolerances in all runs: those judged otherwise do not count.")
    if len(runs) > MOST_RUNS:
        found.append(f"Changes are looked for in the newest {MOST_RUNS} runs of a kind.")
    if never:
        found.append(f"Measured in no run: {', '.join(never)}.")
    missing = sum(not point.commit for point in runs)
    if missing:
        found.append(f"{units.counted(missing, 'run')} of {len(runs)} did not record a commit.")
    return found


def _unused(
    acknowledged: Sequence[Acknowledged], numbers: Sequence[NumberTrend], promises: Sequence[PromiseTrend]
) -> list[str]:
    used = {change.acknowledged for one in numbers for change in one.changes} | {one.acknowledged for one in promises}
    return [
        f"An acknowledged change of {one.number} (since {one.commit or one.run}) is not among those found."
        for one in acknowledged
        if one.reason not in used
    ]
