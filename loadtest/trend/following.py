"""One number over all runs: its changes, and whether it got worse; a pure function of what the runs measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from loadtest import units
from loadtest.compare.shares import MARGIN
from loadtest.run.records import Verdict
from loadtest.trend.acknowledged import Acknowledged
from loadtest.trend.change_points import LEAST_RUNS, LEAST_SEGMENT, MOST_RUNS, Step, find_changes
from loadtest.trend.noise import MAD_TO_DEVIATION
from loadtest.trend.numbers import Headline, Measured, Z, floor_of, value_of
from loadtest.trend.records import Change, NumberTrend, RunPoint, Value
from loadtest.trend.runs import name_of

_FAR: Final = 5.0
"""Deviations beyond which the newest runs are no noise; whether they are outliers, only more runs can tell."""


@dataclass(frozen=True)
class Terms:
    """What a trend is judged by."""

    last: int
    tolerance: float  # of ratios
    acknowledged: tuple[Acknowledged, ...] = ()


@dataclass(frozen=True)
class _Group:
    """The values of one number in runs that are alike, the newest 120 at most, and how their level changed."""

    runs: tuple[int, ...]
    measured: tuple[Measured, ...]
    steps: tuple[Step, ...]
    deviation: float

    @property
    def bounds(self) -> tuple[int, ...]:
        return (0, *(step.at for step in self.steps), len(self.runs))

    @property
    def levels(self) -> tuple[float, ...]:
        if self.steps:
            return (self.steps[0].before, *(step.after for step in self.steps))
        return (float(np.median([one.level for one in self.measured])),)


def follow(
    headline: Headline, measured: Sequence[Measured | None], runs: Sequence[RunPoint], terms: Terms
) -> NumberTrend:
    """What became of one number, given what each of ``runs`` ``measured``."""
    groups = _groups(headline, measured, runs)
    changes = sorted(
        (change for group in groups.values() for change in _changes(headline, group, runs, terms)),
        key=lambda change: change.run,
    )
    newest = [one for one, point in zip(measured, runs, strict=True) if point.group == runs[-1].group][-LEAST_SEGMENT:]
    verdict, sentence = _judged(headline, newest, groups[runs[-1].group], terms)
    counting = [change for change in changes if change.counts]
    if counting:
        verdict, sentence = Verdict.FAIL, f"{headline.title} got worse: {counting[0].text}."
    levels = [
        (group.runs[low], group.runs[high - 1], value_of(headline.scale, level))
        for group in groups.values()
        if len(group.runs) >= LEAST_RUNS
        for low, high, level in zip(group.bounds[:-1], group.bounds[1:], group.levels, strict=True)
    ]
    values = tuple(
        Value(run, one.value, one.low, one.high, one.text, one.doubt)
        for run, one in enumerate(measured)
        if one is not None
    )
    return NumberTrend(
        headline.id,
        headline.title,
        headline.better,
        headline.scale,
        verdict,
        sentence,
        values,
        tuple(changes),
        tuple(sorted(levels)),
    )


def _groups(headline: Headline, measured: Sequence[Measured | None], runs: Sequence[RunPoint]) -> dict[int, _Group]:
    return {
        group: _group(
            headline, [(run, one) for run, one in enumerate(measured) if one is not None and runs[run].group == group]
        )
        for group in dict.fromkeys(point.group for point in runs)
    }


def _group(headline: Headline, measured: Sequence[tuple[int, Measured]]) -> _Group:
    runs, values = tuple(run for run, _ in measured[-MOST_RUNS:]), tuple(one for _, one in measured[-MOST_RUNS:])
    levels = np.array([one.level for one in values])
    own = np.array([np.nan if one.deviation is None else one.deviation for one in values])
    floor = floor_of(headline.scale)
    if headline.scale == "share" and len(own):
        floor = max(floor, float(np.median(own)))  # the deviation of a share that comes from counting alone
    steps = find_changes(levels, own, floor) if len(runs) >= LEAST_RUNS else ()
    group = _Group(runs, values, steps, floor)
    if not runs:
        return group
    fitted = np.repeat(group.levels, np.diff(group.bounds))
    deviation = MAD_TO_DEVIATION * float(np.median(np.abs(levels - fitted)))
    return replace(group, deviation=max(floor, deviation))


def _changes(headline: Headline, group: _Group, runs: Sequence[RunPoint], terms: Terms) -> list[Change]:
    """The changes of a group, the newest first, so that an acknowledged one adds nothing to those before it."""
    changes: list[Change] = []
    net = 0.0
    for step in reversed(group.steps):
        earliest, run, latest = (group.runs[place] for place in (step.earliest, step.at, step.latest))
        suspects = runs[earliest : latest + 1]
        size, low, high = _size(headline, step)
        reason = ""
        worse = step.size > 0 if headline.better == "lower" else step.size < 0
        if worse:
            covering = (one for one in terms.acknowledged if one.covers(headline.id, suspects, size, headline.scale))
            reason = next((one.reason for one in covering), "")
        net += 0.0 if reason else step.size
        small = not _beyond(headline, step.before, step.size if worse else -step.size, terms)
        still = worse and _beyond(headline, step.before, net, terms)
        recent = latest >= len(runs) - terms.last
        changes.append(
            Change(
                run=run,
                after=group.runs[step.at - 1],
                earliest=earliest,
                latest=latest,
                before=value_of(headline.scale, step.before),
                now=value_of(headline.scale, step.after),
                size=size,
                low=low,
                high=high,
                p=step.p,
                worse=worse,
                small=small,
                recent=recent,
                recovered=worse and not small and not reason and not still,
                counts=recent and still and not reason,
                acknowledged=reason,
                text=_text(headline, step, runs, run, group.runs[step.at - 1]),
            )
        )
    return changes


def _beyond(headline: Headline, before: float, step: float, terms: Terms) -> bool:
    """Whether a step from a level is for the worse by more than is tolerated."""
    worse = step if headline.better == "lower" else -step
    if headline.scale == "ratio" or worse <= 0:
        return worse > math.log(terms.tolerance)
    return abs(value_of("share", before + step) - value_of("share", before)) > MARGIN


def _size(headline: Headline, step: Step) -> tuple[float, float, float]:
    ends = [step.size, step.size - Z * step.deviation, step.size + Z * step.deviation]
    if headline.scale == "ratio":
        size, low, high = (math.exp(min(end, 700.0)) for end in ends)
        return size, low, high
    before = value_of("share", step.before)
    size, low, high = (value_of("share", step.before + end) - before for end in ends)
    return size, low, high


def _text(headline: Headline, step: Step, runs: Sequence[RunPoint], run: int, after: int) -> str:
    size, low, high = _size(headline, step)
    show = units.ratio if headline.scale == "ratio" else points
    before, now = (headline.show(value_of(headline.scale, level)) for level in (step.before, step.after))
    return (
        f"{show(size)} ({units.interval(show(low), show(high))}; confidence {confidence(step.p)}), {before} before and "
        f"{now} now, since {name_of(runs[run])}; the run before it was {name_of(runs[after])}"
    )


def points(fraction: float) -> str:
    """A difference of shares, in percentage points."""
    return f"{fraction * 100:+.3g} pp"


def confidence(p: float) -> str:
    """1 - p as a percentage; never 100 %."""
    return "> 99.9 %" if p < 0.001 else units.share(1 - p)


def _judged(headline: Headline, newest: Sequence[Measured | None], group: _Group, terms: Terms) -> tuple[Verdict, str]:
    """The verdict of a number none of whose changes counts; ``newest``: what the newest runs of the group measured."""
    if all(one is None for one in newest):
        count = units.counted(len(newest), "run")
        return Verdict.INCONCLUSIVE, f"{headline.title} was not measured in the newest {count}."
    if len(group.runs) < LEAST_RUNS:
        return Verdict.INCONCLUSIVE, (
            f"{headline.title}: {units.counted(len(group.runs), 'run')} with the settings and the machine of the "
            f"newest, and at least {LEAST_RUNS} are needed."
        )
    far = _far_off(headline, group, terms)
    if far:
        return Verdict.INCONCLUSIVE, far
    return Verdict.PASS, f"{headline.title} did not get worse in the last {terms.last} runs."


def _far_off(headline: Headline, group: _Group, terms: Terms) -> str:
    """Why the newest value may be the first of a change that too few runs show; "" when it is like the others."""
    level, newest = group.levels[-1], group.measured[-1]
    off = newest.level - level
    worse = off if headline.better == "lower" else -off
    deviation = math.hypot(group.deviation, newest.deviation or 0.0)
    if worse <= _FAR * deviation or not _beyond(headline, level, off, terms):
        return ""
    usual = headline.show(value_of(headline.scale, level))
    return (
        f"{headline.title} was {newest.text} in the newest run and {usual} before: one or two runs may be outliers, so "
        "measure again."
    )
