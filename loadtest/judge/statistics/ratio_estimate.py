"""From the logarithms of ratios to an estimate with its interval, its verdict, and how many more pairs would settle it.

One observation is one pair of windows (or one writing window), never one request;
:mod:`loadtest.judge.statistics.signed_rank` makes the estimate and the 95 % interval of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from loadtest import units
from loadtest.judge.statistics.signed_rank import CONFIDENCE, LEAST_PAIRS, Shift, reaches, shift_with_tails
from loadtest.judge.statistics.spending import ONE_LOOK, Tails
from loadtest.run.records import Verdict
from loadtest.summary.slowdown import ImpactEstimate

Quantile = Literal["p50", "p90", "p99"]
QUANTILES: Final[tuple[Quantile, ...]] = ("p50", "p90", "p99")


def log_ratios(pairs: Sequence[tuple[float | None, float | None]]) -> list[float]:
    """Logarithms of the ratios of those pairs that have both values; a response time below 1 ns counts as 1 ns."""
    return [
        math.log(max(1, above) / max(1, below)) for above, below in pairs if above is not None and below is not None
    ]


def estimate_ratio(  # noqa: PLR0917 - what an estimate is made of
    name: Quantile,
    observations: list[float],
    tolerance: float,
    unit: str,
    confidence: float = CONFIDENCE,
    tails: Tails = ONE_LOOK,
) -> ImpactEstimate:
    """The ratio at one quantile, judged against the tolerated one; ``unit`` names one observation in the singular.

    The interval is always one of 95 %, for all looks together where there are several (``tails``); whether it is above
    the tolerance is judged by one of ``confidence``, where several quantiles are looked at.
    """
    values = np.array(observations)
    shift = shift_with_tails(values, tails)
    count = len(observations)
    if shift is None:
        had = "" if unit.startswith("pair ") else " had enough reads on both sides"
        text = f"not measured: {units.counted(count, unit, _plural(unit))}{had}, at least {LEAST_PAIRS} are needed"
        return ImpactEstimate(name, None, None, None, count, LEAST_PAIRS - count, Verdict.INCONCLUSIVE, text)
    verdict = judge(shift, tolerance)
    if verdict is Verdict.FAIL:
        surer = Tails(tails.low * (1 - confidence) / (1 - CONFIDENCE), tails.high)
        wider = shift_with_tails(values, surer) if reaches(count, surer.low) else None
        verdict = Verdict.INCONCLUSIVE if wider is None else judge(wider, tolerance)
    more = _more_pairs(shift, count, tolerance) if verdict is Verdict.INCONCLUSIVE else None
    ratio, low, high = (round(math.exp(value), 6) for value in shift)
    text = f"{units.ratio(ratio)} ({units.interval(units.ratio(low), units.ratio(high))})"
    return ImpactEstimate(name, ratio, low, high, count, more, verdict, text)


def _plural(unit: str) -> str:
    return unit.replace("pair ", "pairs ") if unit.startswith("pair ") else unit + "s"


def judge(shift: Shift, tolerance: float) -> Verdict:
    """PASS when the whole interval is within the tolerance, FAIL when all of it is above, else INCONCLUSIVE."""
    limit = math.log(tolerance)
    if shift.high <= limit:
        return Verdict.PASS
    return Verdict.FAIL if shift.low > limit else Verdict.INCONCLUSIVE


def _more_pairs(shift: Shift, count: int, tolerance: float) -> int | None:
    """How many more pairs would narrow the interval enough; it narrows with the square root of their number.

    Enough is as far as from the estimate to the tolerance. An estimate that happens to lie near the tolerance would
    demand an endless run, so no more pairs are demanded than nearly always tell a ratio of 1 from the tolerance (an
    interval that reaches half as far to either side as the tolerance lies from 1).
    """
    limit = math.log(tolerance)
    distance = max(abs(limit - shift.center), limit / 2)
    reach = shift.high - shift.center if shift.center < limit else shift.center - shift.low
    if distance == 0:
        return None
    return max(1, math.ceil(count * (reach / distance) ** 2) - count)


def noise_floor(headline: ImpactEstimate) -> float | None:
    """The smallest ratio that so many pairs with so much noise could have told from 1."""
    if headline.low is None or headline.high is None or headline.low <= 0:
        return None
    return round(math.sqrt(headline.high / headline.low), 6)
