"""What PUTs leave behind, in sentences: why it keeps a run from passing, and the worst of what is certain."""

from __future__ import annotations

import math

from loadtest import units
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.slowdown import ImpactEstimate, LagEstimate


def doubts_after(  # noqa: PLR0917 - all that there is to doubt
    lags: tuple[LagEstimate, ...],
    writing: tuple[ImpactEstimate, ...],
    openings: tuple[LagEstimate, ...],
    lasting: bool,
    rest_ns: int,
    history: History,
) -> tuple[str, ...]:
    """Why what PUTs leave behind may be more than is tolerated; empty when it is not."""
    longer = f"measure with rests twice as long (--window {2 * history.info.settings.window:g})"
    doubts = []
    unsure = [lag for lag in lags if lag.verdict is Verdict.INCONCLUSIVE]
    if unsure:
        worst = max(unsure, key=lambda lag: lag.ratio)
        doubts.append(f"{_lag_text(worst)}, which may be chance and may be more than is tolerated: run longer")
    high = [one for one in writing if one.verdict is Verdict.INCONCLUSIVE and _above(one, history)]
    if high:
        doubts.append(
            f"against the end of the rests, writing windows are {high[-1].text} at {high[-1].quantile}: run longer"
        )
    if lasting:
        doubts.append(f"what a PUT leaves behind is not over {units.seconds(rest_ns)} after it: {longer}")
    higher = [opening for opening in openings if opening.verdict is Verdict.INCONCLUSIVE]
    if higher:
        times, at = units.ratio(higher[0].ratio), "" if higher[0].quantile == "p50" else f" at {higher[0].quantile}"
        doubts.append(
            f"even {units.seconds(rest_ns)} after a PUT, {_reads(higher[0])} take {times} of what they took "
            f"before the first one{at}: what it leaves behind lasts longer, or the target changed meanwhile; {longer}"
        )
    return tuple(doubts)


def _above(estimate: ImpactEstimate, history: History) -> bool:
    tolerance = history.info.settings.impact_tolerance
    return estimate.ratio is not None and estimate.low is not None and estimate.ratio > tolerance and estimate.low > 1


def _reads(lag: LagEstimate) -> str:
    return f"reads answered {lag.kind}" if lag.kind else "reads"


def _lag_text(lag: LagEstimate) -> str:
    times = f"{units.ratio(lag.ratio)} ({units.interval(units.ratio(lag.low), units.ratio(lag.high))})"
    span = f"{units.seconds(lag.from_ns)} to {units.seconds(lag.to_ns)}"
    return f"{_reads(lag)} due {span} after a PUT take {times} as long as untouched ones at {lag.quantile}"


def sentence_after(
    lags: tuple[LagEstimate, ...],
    writing: tuple[ImpactEstimate, ...],
    certain: tuple[LagEstimate, ...],
    tolerance: float,
) -> str:
    """The worst of what is certain; "" when PUTs leave nothing behind that shows."""
    failing = [lag for lag in lags if lag.verdict is Verdict.FAIL]
    if failing:
        text = _lag_text(max(failing, key=lambda lag: lag.low))
        return f"{text[0].upper()}{text[1:]}: more than the tolerated {units.ratio(tolerance)}."
    above = [one for one in writing if one.verdict is Verdict.FAIL]
    if above:
        return (
            f"Against the end of the rests, response time while writing is {above[-1].text} at {above[-1].quantile}: "
            f"more than the tolerated {units.ratio(tolerance)}."
        )
    if certain:
        text = _lag_text(max(certain, key=lambda lag: abs(math.log(max(1e-9, lag.ratio)))))
        return f"{text[0].upper()}{text[1:]}, so writing windows are compared with the end of the rests."
    return ""
