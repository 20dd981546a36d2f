"""Shares of reads and writes side by side: errors, broken documents, stale reads, 304 answers.

A share FAILs when it is certainly worse by more than 0.1 percentage points, is INCONCLUSIVE when it looks worse by that
much, and passes otherwise. Whether anything is wrong at all is for the checks to say, whose verdicts are compared too.
Reads are correlated, so a share of reads counts as fewer independent ones: their number divided by how much more the
counts of the buckets of time vary than those of independent reads would (the design effect).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from loadtest import units
from loadtest.compare.rows import Row
from loadtest.judge.statistics.intervals import clopper_pearson
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

MARGIN: Final = 0.001


@dataclass(frozen=True)
class Share:
    """``count`` of ``of`` operations, which are as good as ``worth`` independent ones."""

    count: int
    of: int
    worth: float

    @property
    def value(self) -> float:
        """As a fraction; ``of`` must not be 0."""
        return self.count / self.of

    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's 95 % interval."""
        return clopper_pearson(self.value * self.worth, self.worth, 0.025, 0.025)


def share_rows(base: Summary, new: Summary) -> list[Row]:
    honoured = _not_modified(base), _not_modified(new)
    return [
        _row("Reads that ended in an error", _errors(base), _errors(new)),
        _row("Answers that are not right (torn, truncated, corrupt …)", _faults(base), _faults(new)),
        _row("Writes after which a read was stale", _stale_writes(base), _stale_writes(new)),
        _row("304 among answers that could have been 304", *honoured, more_is_better=True),
    ]


def measured_shares(summary: Summary) -> dict[str, Share | None]:
    """The shares of one run; None where there was nothing to take a share of."""
    return {
        "errors": _errors(summary),
        "not-whole": _faults(summary),
        "stale-writes": _stale_writes(summary),
        "not-modified": _not_modified(summary),
    }


def _row(name: str, base: Share | None, new: Share | None, *, more_is_better: bool = False) -> Row:
    texts = [units.NOTHING if share is None else units.share(share.value) for share in (base, new)]
    row = Row(name, texts[0], texts[1])
    if base is None or new is None:
        return row
    sign = -1 if more_is_better else 1
    change = new.value - base.value
    low, high = _difference(base, new)
    text = f"{_points(change)} (95 % interval {_points(low)} to {_points(high)})"
    worst_case, best_case = (-low, -high) if more_is_better else (high, low)
    both = f"{name}: {texts[0]} in the base run and {texts[1]} in the new one"
    if best_case > MARGIN:
        return replace(row, change=text, verdict=Verdict.FAIL, sentence=f"{both}, which is worse for certain.")
    if sign * change > MARGIN and worst_case > MARGIN:
        chance = f"{both}: that looks worse, but may be chance."
        return replace(row, change=text, verdict=Verdict.INCONCLUSIVE, sentence=chance)
    return replace(row, change=text, verdict=Verdict.PASS)


def _difference(base: Share, new: Share) -> tuple[float, float]:
    """The interval of new - base, from that of each (Zou and Donner 2008)."""
    before, after = base.interval(), new.interval()
    change = new.value - base.value
    low = change - math.hypot(new.value - after[0], before[1] - base.value)
    return low, change + math.hypot(after[1] - new.value, base.value - before[0])


def _points(fraction: float) -> str:
    """A difference of shares in percentage points."""
    points = fraction * 100
    return "0 pp" if abs(points) < 5e-4 else f"{points:+.3f} pp" if abs(points) < 1 else f"{points:+.1f} pp"


def _errors(summary: Summary) -> Share | None:
    reads = summary.availability.reads
    return _clustered(summary.availability.errors, reads, summary.latency.series.errors, _answers(summary))


def _faults(summary: Summary) -> Share | None:
    faults = summary.latency.series.faults
    return _clustered(sum(faults), summary.availability.reads, faults, _answers(summary))


def _stale_writes(summary: Summary) -> Share | None:
    consistency = summary.consistency
    # Writes that readers still did not see when the run ended are in no quantile, but stale they are.
    stale = consistency.last_stale.count + consistency.cut_off
    return Share(stale, consistency.writes, consistency.writes) if consistency.writes else None


def _not_modified(summary: Summary) -> Share | None:
    of = summary.conditional.could_have_been
    return Share(summary.conditional.not_modified, of, of) if of else None


def _answers(summary: Summary) -> list[int]:
    series = summary.latency.series
    return [sum(counts) for counts in zip(series.ok, series.not_modified, series.faults, series.errors, strict=True)]


def _clustered(count: int, of: int, buckets: Sequence[int], sizes: Sequence[int]) -> Share | None:
    return Share(count, of, of / design_effect(buckets, sizes)) if of else None


def design_effect(events: Sequence[int], sizes: Sequence[int]) -> float:
    """How many times as much the counts of the buckets vary as those of independent reads would; at least 1."""
    counts, totals = np.array(events, dtype=np.float64), np.array(sizes, dtype=np.float64)
    counts, totals = counts[totals > 0], totals[totals > 0]
    share = counts.sum() / totals.sum() if len(totals) else 0.0
    if len(totals) < 2 or not 0 < share < 1:
        return 1.0
    pearson = float(np.sum((counts - share * totals) ** 2 / (totals * share * (1 - share))))
    return max(1.0, pearson / (len(totals) - 1))
