"""Which run was the first bad one, if several numbers and promises got worse, each with an uncertainty of its own.

One commit that makes reads slower moves several numbers, and each dates it a little differently: a noisy quantile may
seem to have changed some runs before the median. Each change has a range of runs with which it can have begun. Changes
whose ranges have a run in common count as one event (the fewest events that explain all changes), and the run of an
event is that of its most certain change. A regression that overlaps no other remains an event of its own, however
small it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loadtest.run.records import Verdict
from loadtest.trend.records import NumberTrend, PromiseTrend


class Worsening(NamedTuple):
    """Something that got worse: it began with a run from ``earliest`` to ``latest``, most likely with ``run``."""

    earliest: int
    run: int
    latest: int
    p: float
    text: str


class Event(NamedTuple):
    """What got worse together, the most certain first, and the run with which it began."""

    run: int
    texts: tuple[str, ...]


def worsenings(numbers: Sequence[NumberTrend], promises: Sequence[PromiseTrend]) -> list[Worsening]:
    """All that makes a trend FAIL. A promise that fails was broken in the run that shows it, which is certain."""
    broken = [
        Worsening(one.since, one.since, one.since, 0.0, f"{one.title} fails")
        for one in promises
        if one.verdict is Verdict.FAIL and one.since is not None
    ]
    slower = []
    for number in numbers:
        show = "{:.2f}x" if number.scale == "ratio" else "{:+.3g}"
        slower += [
            Worsening(
                change.earliest, change.run, change.latest, change.p, f"{number.title} {show.format(change.size)}"
            )
            for change in number.changes
            if change.counts
        ]
    return [*broken, *slower]


def events(changes: Sequence[Worsening]) -> list[Event]:
    """The fewest events that explain all changes, first to last: runs that stab the intervals, from left to right."""
    left = sorted(changes, key=lambda change: change.latest)
    by_run: dict[int, list[Worsening]] = {}
    while left:
        last_possible = left[0].latest
        together = [change for change in left if change.earliest <= last_possible]
        left = [change for change in left if change.earliest > last_possible]
        by_run.setdefault(min(together, key=_doubt).run, []).extend(together)
    return [Event(run, tuple(one.text for one in sorted(by_run[run], key=_doubt))) for run in sorted(by_run)]


def _doubt(change: Worsening) -> tuple[float, int]:
    return change.p, change.run
