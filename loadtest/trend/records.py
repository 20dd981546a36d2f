"""The records of a trend: plain values only, so that they go to ``trend.json`` as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from loadtest.run.records import Verdict
from loadtest.summary.findings import Record

DECIDED: Final = (Verdict.PASS, Verdict.FAIL)

Better = Literal["lower", "higher"]
Scale = Literal["ratio", "share"]
"""How changes of a number are expressed: as the ratio new / before, or as the difference of two shares."""


@dataclass(frozen=True)
class RunPoint(Record):
    """One run of the trend."""

    run: str
    started: str
    label: str
    commit: str
    branch: str
    verdict: Verdict
    group: int  # of runs with the same settings on the same machine
    gap_ns: int | None  # since the run before, where that is longer than usual
    differs: str  # which settings, or what of the machine, changed since the run before; "" when nothing did


@dataclass(frozen=True)
class Value(Record):
    """One number of one run, with its 95 % interval where the run gives one."""

    run: int  # place in the runs of the trend
    value: float
    low: float | None
    high: float | None
    text: str
    doubt: str  # why its interval may be too narrow; "" when it is not


@dataclass(frozen=True)
class Change(Record):
    """A change of a number's level."""

    run: int  # the first run with the new level
    after: int  # the last run before it that counts
    earliest: int  # it began with one of the runs from here
    latest: int  # to here (95 %)
    before: float
    now: float
    size: float  # now / before, or now - before for a share
    low: float  # 95 % interval
    high: float
    p: float  # the chance of so much change in a series without one
    worse: bool
    small: bool  # within what is tolerated
    recent: bool  # began within the last N runs
    recovered: bool  # it was worse, and no longer is
    counts: bool  # the trend FAILs because of it
    acknowledged: str  # the reason; "" when it is not
    text: str


@dataclass(frozen=True)
class NumberTrend(Record):
    """One number over all runs."""

    id: str
    title: str
    better: Better
    scale: Scale
    verdict: Verdict
    sentence: str
    values: tuple[Value, ...]
    changes: tuple[Change, ...]
    levels: tuple[tuple[int, int, float], ...]  # from run, to run, level


@dataclass(frozen=True)
class PromiseTrend(Record):
    """One check or threshold over all runs."""

    id: str
    title: str
    verdict: Verdict
    sentence: str
    verdicts: tuple[Verdict | None, ...]  # one a run; None: the run does not have it
    since: int | None  # the run with which it got worse
    acknowledged: str

    @property
    def is_decided(self) -> bool:
        """Whether any run decides it; of one that none does, a trend knows nothing."""
        return any(verdict in DECIDED for verdict in self.verdicts)


Followed = NumberTrend | PromiseTrend


@dataclass(frozen=True)
class Trend(Record):
    """Everything that a report may say about a series of runs."""

    format: int
    verdict: Verdict
    sentence: str  # fits a chat message
    last: int
    tolerance: float
    runs: tuple[RunPoint, ...]
    numbers: tuple[NumberTrend, ...]
    promises: tuple[PromiseTrend, ...]
    notes: tuple[str, ...]

    @property
    def followed(self) -> tuple[Followed, ...]:
        return (*self.numbers, *self.promises)

    @property
    def newest_changes(self) -> list[tuple[NumberTrend, Change]]:
        """Every change with its number, the newest first."""
        changes = [(number, change) for number in self.numbers for change in number.changes]
        return sorted(changes, key=lambda pair: -pair[1].run)
