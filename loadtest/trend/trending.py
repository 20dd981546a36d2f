"""Trend: everything a report may say about a series of runs, and the verdict; a pure function of their summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loadtest import units
from loadtest.run.records import Verdict
from loadtest.summary.findings import worst
from loadtest.summary.summary import Summary
from loadtest.trend.acknowledged import Acknowledged
from loadtest.trend.change_points import LEAST_SEGMENT, MOST_RUNS
from loadtest.trend.first_bad import events, worsenings
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
    undecided = [one.title for one in promises if not one.is_decided]
    followed: list[Followed] = [*numbers, *(one for one in promises if one.is_decided)]
    verdict = worst([one.verdict for one in followed]) if numbers else Verdict.INCONCLUSIVE
    if verdict is Verdict.FAIL:
        sentence = _worse(runs, numbers, promises, last)
    else:
        sentence = _sentence(verdict, runs, followed, last)
    return Trend(
        format=FORMAT,
        verdict=verdict,
        sentence=sentence,
        last=last,
        tolerance=tolerance,
        runs=runs,
        numbers=tuple(numbers),
        promises=promises,
        notes=(*notes, *_notes(ordered, runs, never, undecided), *_unused(acknowledged, numbers, promises)),
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
    """The first run with which anything got worse, and what got worse with it."""
    first, *others = events(worsenings(numbers, promises))
    later = sum(len(event.texts) for event in others)
    more = f"; {units.counted(later, 'more change')} for the worse later" if later else ""
    listed = first.texts[0] + (f" and {len(first.texts) - 1} more" if len(first.texts) > 1 else "")
    return f"Worse in {_of(runs, last)}, since {name_of(runs[first.run])}: {listed}{more}."


def _notes(
    summaries: Sequence[Summary], runs: Sequence[RunPoint], never: Sequence[str], undecided: Sequence[str]
) -> list[str]:
    sentences = []
    groups = {point.group for point in runs}
    if len(groups) > 1:
        own = sum(point.group == runs[-1].group for point in runs)
        sentences.append(
            f"The runs are of {len(groups)} kinds, by their settings and machines. A number is followed within each "
            f"kind only, so that no change is seen from one kind to another. {own} of {len(runs)} runs are of the kind "
            "of the newest."
        )
    if len({judged_by(summary) for summary in summaries}) > 1:
        sentences.append("Checks were not judged by the same tolerances in all runs; only those of the newest count.")
    if len(runs) > MOST_RUNS:
        sentences.append(f"Changes are looked for in the newest {MOST_RUNS} runs of a kind.")
    if never:
        sentences.append(f"Measured in no run: {', '.join(never)}.")
    if undecided:
        sentences.append(f"Decided in no run, so nothing is known of it: {', '.join(undecided)}.")
    missing = sum(not point.commit for point in runs)
    if missing:
        sentences.append(f"{units.counted(missing, 'run')} of {len(runs)} did not record a commit.")
    return sentences


def _unused(
    acknowledged: Sequence[Acknowledged], numbers: Sequence[NumberTrend], promises: Sequence[PromiseTrend]
) -> list[str]:
    used = {change.acknowledged for one in numbers for change in one.changes} | {one.acknowledged for one in promises}
    return [
        f"An acknowledged change of {one.number} (since {one.commit or one.run}) is not among those found."
        for one in acknowledged
        if one.reason not in used
    ]
