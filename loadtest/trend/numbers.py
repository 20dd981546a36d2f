"""The headline numbers of a run, each with its interval, on a scale on which noise is the same for all values.

Ratios and durations are followed as logarithms, because their noise is proportional to them. Shares are followed as the
arcsine of their square root, whose deviation is the same for all shares, so that 0 and 3 in 6,000 are close.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from loadtest import units
from loadtest.compare.doubts import GENERATOR_CHECK
from loadtest.compare.rows import WINDOW_KINDS, logarithms
from loadtest.compare.shares import Share, measured_shares
from loadtest.judge.statistics.signed_rank import shift
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary
from loadtest.summary.versions import SAVED_SHARE
from loadtest.trend.records import Better, Scale

Z: Final = 1.96
"""Standard deviations that a 95 % interval reaches to either side."""
_FLOORS: Final[dict[Scale, float]] = {"ratio": 0.002, "share": 0.002}


@dataclass(frozen=True)
class Measured:
    """A number of one run. ``level`` and ``deviation`` are on the scale that is followed; None: not known."""

    value: float
    low: float | None
    high: float | None
    level: float
    deviation: float | None
    text: str
    doubt: str = ""


@dataclass(frozen=True)
class Headline:
    """A number that is followed over runs."""

    id: str
    title: str
    better: Better
    scale: Scale
    measure: Callable[[Summary], Measured | None]
    show: Callable[[float | None], str]


def measured_of(headline: Headline, summary: Summary) -> Measured | None:
    """A number of a run; None if it was not measured, or if the summary holds a value that no run can have."""
    try:
        measured = headline.measure(summary)
    except (ArithmeticError, ValueError):  # of values beyond all bounds
        return None
    if measured is None or not (math.isfinite(measured.level) and math.isfinite(measured.value)):
        return None
    ends = (measured.low, measured.high, measured.deviation)
    low, high, deviation = (None if end is None or not math.isfinite(end) else end for end in ends)
    return replace(measured, low=low, high=high, deviation=deviation)


def headlines() -> tuple[Headline, ...]:
    """All numbers, in the order in which they are shown."""
    latency = [
        Headline(
            f"response-{kind}-{quantile}",
            f"Response time while {kind}, {quantile}",
            "lower",
            "ratio",
            _latency(kind, quantile),
            units.duration,
        )
        for kind in WINDOW_KINDS
        for quantile in ("p50", "p99")
    ]
    slowdown = [
        Headline(f"slowdown-{name}", f"Slowdown while writing, {name}", "lower", "ratio", _slowdown(name), units.ratio)
        for name in ("p50", "p99")
    ]
    shares = [
        Headline(name, title, "higher" if more_is_better else "lower", "share", _share(name), units.share)
        for name, title, more_is_better in SHARES
    ]
    return (*latency, *slowdown, *shares)


SHARES: Final = (
    ("not-whole", "Answers that are not right (torn, truncated, corrupt …)", False),
    ("stale-writes", "Writes after which a read was stale", False),
    ("not-modified", "304 among answers that could have been 304", True),
    ("bytes-saved", SAVED_SHARE.capitalize(), True),
    ("errors", "Reads that ended in an error", False),
)


def level_of(scale: Scale, value: float) -> float:
    """``value`` on the scale that is followed."""
    return math.log(value) if scale == "ratio" else math.asin(math.sqrt(min(max(value, 0.0), 1.0)))


def value_of(scale: Scale, level: float) -> float:
    return math.exp(level) if scale == "ratio" else math.sin(min(max(level, 0.0), math.pi / 2)) ** 2


def floor_of(scale: Scale) -> float:
    """The least deviation that a value is assumed to have: 0.2 %, or for a share of one half 0.2 percentage points."""
    return _FLOORS[scale]


def _latency(kind: str, quantile: str) -> Callable[[Summary], Measured | None]:
    def measure(summary: Summary) -> Measured | None:
        row = summary.latency.of(kind)
        value: int | None = getattr(row.response, f"{quantile}_ns") if row else None
        if not value or value <= 0:
            return None
        windows = shift(logarithms(summary, kind, quantile))
        below, above = (windows.center - windows.low, windows.high - windows.center) if windows else (None, None)
        return with_doubt(as_ratio(value, below, above, units.duration), summary, value)

    return measure


def _slowdown(quantile: str) -> Callable[[Summary], Measured | None]:
    def measure(summary: Summary) -> Measured | None:
        estimate = next((one for one in summary.impact.estimates if one.quantile == quantile), None)
        if estimate is None or summary.impact.control or not estimate.ratio or estimate.ratio <= 0:
            return None
        below = math.log(estimate.ratio / estimate.low) if estimate.low and estimate.low > 0 else None
        above = math.log(estimate.high / estimate.ratio) if estimate.high and estimate.high > 0 else None
        return as_ratio(estimate.ratio, below, above, units.ratio)

    return measure


def as_ratio(value: float, below: float | None, above: float | None, show: Callable[[float], str]) -> Measured:
    """A number that is followed as its logarithm, and how far its interval reaches below and above."""
    if below is None or above is None:
        return Measured(value, None, None, math.log(value), None, show(value))
    low, high = value * math.exp(-below), value * math.exp(above)
    text = f"{show(value)} ({units.interval(show(low), show(high))})"
    return Measured(value, low, high, math.log(value), (below + above) / 2 / Z, text)


def with_doubt(measured: Measured, summary: Summary, value: int) -> Measured:
    """A latency with a wider deviation where the load generator was too slow: its own delay may be part of it."""
    check = next((check for check in summary.checks if check.id == GENERATOR_CHECK), None)
    if check is not None and check.verdict is Verdict.PASS:
        return measured
    delay = summary.generator.loop_delay.p99_ns
    if delay is None:
        return replace(measured, deviation=None, doubt="It is not known whether the load generator was fast enough.")
    own = math.log1p(delay / value)
    deviation = math.hypot(measured.deviation or 0.0, own)
    return replace(measured, deviation=deviation, doubt="The load generator was not fast enough to be believed.")


def _share(name: str) -> Callable[[Summary], Measured | None]:
    def measure(summary: Summary) -> Measured | None:
        share = _saved(summary) if name == "bytes-saved" else measured_shares(summary)[name]
        return None if share is None else as_share(share)

    return measure


def as_share(share: Share) -> Measured:
    """A number that is followed as the arcsine of its square root."""
    low, high = share.interval()
    text = f"{units.share(share.value)} ({units.interval(units.share(low), units.share(high))})"
    deviation = 1 / (2 * math.sqrt(max(1.0, share.worth)))
    return Measured(share.value, low, high, level_of("share", share.value), deviation, text)


def _saved(summary: Summary) -> Share | None:
    """Bytes saved, which count as many observations as there were answers that could have saved some."""
    share, of = summary.conditional.saved_share, summary.conditional.could_have_been
    return None if share is None or not of else Share(round(share * 10**9), 10**9, of)
