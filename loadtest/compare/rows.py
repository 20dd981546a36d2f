"""The rows of a comparison: one number of both runs, its change, and whether that is a regression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from loadtest import units
from loadtest.compare.doubts import busier_machine, generator_doubt, left_out_doubt
from loadtest.compare.drift import Series, drift_deviation
from loadtest.compare.shift import LEAST_WINDOWS, ratio_of, shift_between
from loadtest.judge.measure.like_with_like import KINDS as ANSWERS
from loadtest.judge.measure.paused_windows import PAUSED
from loadtest.judge.measure.window_pairs import NO_PARTNER
from loadtest.judge.statistics.ratio_estimate import QUANTILES
from loadtest.judge.statistics.signed_rank import Shift
from loadtest.run.history.history import Column
from loadtest.run.records import Verdict
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.speed import WindowRow
from loadtest.summary.summary import Summary

WINDOW_KINDS: Final = ("quiet", "writing")
FEW_WINDOWS: Final = f"at least {LEAST_WINDOWS} windows of each kind in each run are needed."
LEAST_ANSWERS: Final = 1_000
"""Answers of one kind in each run: with so many, the sampling error of their median is small beside the tolerance."""


@dataclass(frozen=True)
class Row:
    """One number side by side. ``verdict`` is None where the number is shown only."""

    name: str
    base: str
    new: str
    change: str = ""
    verdict: Verdict | None = None
    sentence: str = ""  # why, for a verdict that is not PASS
    ratio: float | None = None  # new / base, with its 95 % interval, where windows give one
    low: float | None = None
    high: float | None = None


def latency_rows(base: Summary, new: Summary, tolerance: float, run_noise: float) -> list[Row]:
    """Response times while quiet and while writing, judged by the windows of each run."""
    drift, noise = drift_deviation(_levels(base), _levels(new)), run_noise * math.sqrt(2)  # one noise for each run
    extra = math.hypot(drift, noise)
    hint = _hint(drift, noise, math.log(tolerance))
    doubt = generator_doubt(base, new) or left_out_doubt(base, new)
    rows, paused = [], any(run.impact.windows_paused for run in (base, new))
    for kind in WINDOW_KINDS:
        for quantile in QUANTILES:
            name = f"Response time while {kind}, {quantile}"
            shift = shift_between(logarithms(base, kind, quantile), logarithms(new, kind, quantile), extra)
            row = Row(name, overall(base, kind, quantile), overall(new, kind, quantile))
            row = judged_row(row, shift, tolerance, doubt, hint)
            if paused:
                before, after = (logarithms(run, kind, quantile, with_paused=True) for run in (base, new))
                row = not_by_pauses(row, shift_between(before, after, extra), tolerance)
            busier = (
                busier_machine(base, new, increase_ns(base, row, kind, quantile)) if row.verdict is Verdict.FAIL else ""
            )
            rows.append(replace(row, verdict=Verdict.INCONCLUSIVE, sentence=busier) if busier else row)
    return rows


def kind_rows(base: Summary, new: Summary, tolerance: float, speed: Sequence[Row]) -> list[Row]:
    """The median of each kind of answer (200, 304): one that got slower must not hide behind more of the faster one.

    Windows hold no median of a kind, so there is no interval, and such a row never FAILs. It is INCONCLUSIVE when the
    kind got slower than is tolerated, and slower than all reads together can have got by the rows of ``speed``.
    """
    most = max([tolerance, *(row.high for row in speed if row.high is not None)])
    rows = []
    for answer in ANSWERS:
        before, after = (_overall_ns(run, answer, "p50") for run in (base, new))
        row = Row(f"Response time of {answer} answers, p50", units.duration(before), units.duration(after))
        counts = [times.response.count for run in (base, new) if (times := run.latency.of(answer))]
        if before and after and min(counts) >= LEAST_ANSWERS:
            row = replace(row, change=units.ratio(after / before))
            if after / before > most:
                sentence = (
                    f"{row.name} is {row.change} of that of the base run, which is worse than all reads together: "
                    "windows give no interval for it, so hold a duel, or compare runs with --conditional-share 0."
                )
                row = replace(row, verdict=Verdict.INCONCLUSIVE, sentence=sentence)
        rows.append(row)
    return rows


def impact_rows(base: Summary, new: Summary, tolerance: float) -> list[Row]:
    """Writing / quiet in both runs. Whatever slows a whole run down cancels out, but the ratio is known less exactly.

    So such a row can show a regression, but a PASS does not depend on it.
    """
    rows = []
    for quantile in QUANTILES:
        before, after = _impact(base, quantile), _impact(new, quantile)
        row = Row(f"Slowdown while writing, {quantile}", _estimate_text(before), _estimate_text(after))
        intervals = _interval(before), _interval(after)
        if intervals[0] is not None and intervals[1] is not None:
            row = judged_row(row, ratio_of(intervals[0], intervals[1]), tolerance, generator_doubt(base, new), "")
        rows.append(row if row.verdict is Verdict.FAIL else replace(row, verdict=None, sentence=""))
    return rows


def _hint(drift: float, noise: float, limit: float) -> str:
    """What would settle an open verdict; both are standard deviations that more reads do not reduce."""
    if 2 * noise >= limit:
        return "run-to-run noise alone is that large, so tolerate more or give a smaller --run-noise"
    return (
        "the runs drift that much, so measure longer, or on a quieter machine"
        if 2 * drift >= limit
        else "measure longer"
    )


def judged_row(  # noqa: PLR0917 - one of each
    row: Row, shift: Shift | None, tolerance: float, doubt: str, hint: str, few: str = FEW_WINDOWS
) -> Row:
    """PASS when the whole interval is within the tolerance, FAIL when all of it is beyond, else INCONCLUSIVE.

    ``hint`` says what would settle an open verdict, ``few`` what it takes to have an interval at all.
    """
    if shift is None:
        sentence = f"{row.name} was not compared: {few}"
        return replace(row, change=units.NOTHING, verdict=Verdict.INCONCLUSIVE, sentence=sentence)
    ratio, low, high = (math.exp(value) for value in shift)
    change = f"{units.ratio(ratio)} ({units.interval(units.ratio(low), units.ratio(high))})"
    row = replace(row, change=change, ratio=ratio, low=low, high=high)
    limit = math.log(tolerance)
    fact = f"{row.name} is {change} of that of the base run"
    if doubt:
        return replace(row, verdict=Verdict.INCONCLUSIVE, sentence=f"{fact}, but {doubt}")
    if shift.low > limit:
        more = f"{fact}: more than the tolerated {units.ratio(tolerance)}."
        return replace(row, verdict=Verdict.FAIL, sentence=more)
    if shift.high <= limit:
        return replace(row, verdict=Verdict.PASS)
    spans = f"{fact}, which spans the tolerated {units.ratio(tolerance)}: {hint}."
    return replace(row, verdict=Verdict.INCONCLUSIVE, sentence=spans)


def not_by_pauses(row: Row, whole: Shift | None, tolerance: float) -> Row:
    """A row must not pass only because the windows in which the generator paused are left out."""
    if row.verdict is not Verdict.PASS or whole is None or whole.low <= math.log(tolerance):
        return row
    only = f"{row.name} is within the tolerance only without the windows in which the load generator itself paused"
    return replace(row, verdict=Verdict.INCONCLUSIVE, sentence=f"{only}: measure again.")


def _used(summary: Summary, with_paused: bool = False) -> list[WindowRow]:
    return [
        window
        for window in summary.impact.windows
        if not window.dropped or (with_paused and window.dropped in (PAUSED, NO_PARTNER))
    ]


def logarithms(summary: Summary, kind: str, quantile: str, *, with_paused: bool = False) -> Column:
    """The logarithm of a quantile of each used window of one kind; ``with_paused`` includes windows with a pause."""
    values = [getattr(window, f"{quantile}_ns") for window in _used(summary, with_paused) if window.kind == kind]
    return np.array([math.log(max(1, value)) for value in values if value is not None], dtype=np.float64)


def _levels(summary: Summary) -> Series:
    """The median of each window, free of the difference between quiet and writing ones."""
    at: list[float] = []
    level: list[float] = []
    typical = {kind: np.median(logs) if len(logs := logarithms(summary, kind, "p50")) else 0.0 for kind in WINDOW_KINDS}
    for window in _used(summary):
        if window.p50_ns is not None and window.kind in typical:
            at.append(window.start_ns / 1e9)
            level.append(math.log(max(1, window.p50_ns)) - float(typical[window.kind]))
    return Series(np.array(at), np.array(level))


def overall(summary: Summary, population: str, quantile: str) -> str:
    return units.duration(_overall_ns(summary, population, quantile))


def _overall_ns(summary: Summary, population: str, quantile: str) -> int | None:
    row = summary.latency.of(population)
    value: int | None = getattr(row.response, f"{quantile}_ns") if row else None
    return value


def _impact(summary: Summary, quantile: str) -> ImpactEstimate | None:
    return next((estimate for estimate in summary.impact.estimates if estimate.quantile == quantile), None)


def _estimate_text(estimate: ImpactEstimate | None) -> str:
    return units.ratio(estimate.ratio if estimate else None)


def _interval(estimate: ImpactEstimate | None) -> Shift | None:
    if estimate is None or estimate.ratio is None or estimate.low is None or estimate.high is None:
        return None
    if min(estimate.ratio, estimate.low) <= 0:
        return None
    return Shift(math.log(estimate.ratio), math.log(estimate.low), math.log(estimate.high))


def increase_ns(base: Summary, row: Row, kind: str, quantile: str) -> float:
    before = _overall_ns(base, kind, quantile)
    return 0.0 if before is None or row.ratio is None else (row.ratio - 1) * before
