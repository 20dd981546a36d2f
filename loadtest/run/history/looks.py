"""Looks at a run that goes on until every question is decided: when they are due, and which were made.

A look judges what was recorded up to the end of a pair of windows. Looks are made at fixed shares of the longest time
that the run may last, so their times do not depend on the results. The last one is the report of a run that has lasted
that long. What a look may conclude is in :mod:`loadtest.judge.statistics.spending`. ::

    pairs    ├──┼──┼──┼──┼──┼──┼──┼──┼──┼──┼──┼──┼──┼──┼──┼──┤ --run-time
    looks             ▲     ▲        ▲        ▲           ▲  the report
                      only where at least six pairs are over
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field

from loadtest.run.history.run_entries import Entry, Time
from loadtest.run.schedule import Rests, WindowSchedule, rests_for
from loadtest.units import SECOND

SHARES: Final = (1 / 16, 1 / 8, 1 / 5, 3 / 10, 12 / 25, 3 / 5, 4 / 5, 1)
"""Shares of the longest time. A long run can end early, and a short run has looks as well."""
DECIDED: Final = "decided after"
"""The beginning of the reason for which such a run has ended."""
LEAST_PAIRS: Final = 6
"""Fewer cannot decide whether writes slow reads down."""
GRACE_NS: Final = SECOND
"""How long a look waits after its last window, so that the reads that were due in it have returned."""
_RESTS_BY: Final = 12 / 25
"""By this share of the longest time there should be three rests, which a decision needs."""
_LEAST_RESTS: Final = 3


class PlannedLook(NamedTuple):
    """One planned look, at what is recorded up to ``until_ns``, when ``pairs`` of windows are over."""

    number: int
    until_ns: int
    pairs: int


class LookMade(Entry):
    """One look that was made, and what was still undecided."""

    number: Annotated[int, Field(ge=1)]
    until_ns: Time
    pairs: Annotated[int, Field(ge=1)]
    took_ns: Time = 0
    undecided: list[str]


class RunLooks(Entry):
    """All looks. ``pairs`` are over when the run has lasted as long as it may."""

    planned: Annotated[int, Field(ge=1, le=len(SHARES))]
    pairs: Annotated[int, Field(ge=1, lt=2**31)]
    made: list[LookMade] = Field(default_factory=list, max_length=len(SHARES))

    @property
    def decided(self) -> LookMade | None:
        """The look that ended the run, if one did."""
        return self.made[-1] if self.made and not self.made[-1].undecided else None

    @property
    def said(self) -> str:
        """The reason for the end of the run, if a look ended it; else ""."""
        return "" if self.decided is None else f"{DECIDED} {len(self.made)} of {self.planned} looks"


def planned_looks(schedule: WindowSchedule, end_ns: int) -> tuple[PlannedLook, ...]:
    """The looks at a run that ends at ``end_ns`` at the latest; the last is the report. None without six pairs."""
    ends: list[tuple[int, int]] = []
    first = 1 if schedule.rests.windows else 0  # the rest before the first PUT is in no pair; all others are in pairs
    for share in SHARES:
        over = schedule.index_at(schedule.start_ns + round(share * (end_ns - schedule.start_ns)))
        pairs = max(0, over - first) // 2
        if pairs >= LEAST_PAIRS and (not ends or pairs > ends[-1][1]):
            last = schedule.window(first + 2 * pairs - 1)
            ends.append((last.end_ns + schedule.guard_ns, pairs))
    return tuple(PlannedLook(number, *end) for number, end in enumerate(ends, 1))


def complete_pairs(pairs: Iterable[int]) -> int:
    """How many pairs have both their windows, given the pair of each window."""
    return sum(count == 2 for count in Counter(pairs).values())


def rests_until_decided(window_ns: int, run_ns: int) -> Rests:
    """The rests of a run that ends when all is decided. They are as long as in a run of fixed length.

    They come more often if that is needed to have three of them by the time of the middle looks.
    """
    usual = rests_for(window_ns, run_ns)
    room = round(_RESTS_BY * run_ns) // window_ns if window_ns else 0
    often = (Rests(usual.windows, pairs) for pairs in range(usual.pairs, 0, -1))
    return next((rests for rests in often if room >= rests.opening + _LEAST_RESTS * rests.cycle), usual)


def windows_until_ns(run: dict[str, Any]) -> int:
    """Up to when the windows of a run that has ended are judged: if a look ended it, later windows do not count."""
    ended_ns = int(run["ended"]["at_ns"])
    looks = RunLooks.model_validate(run["looks"]) if run.get("looks") else None
    return ended_ns if looks is None or looks.decided is None else min(ended_ns, looks.decided.until_ns)
