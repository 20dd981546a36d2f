"""The impact of writes in sentences: the headline, why it does not pass, and what was not looked at."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.judge.measure.too_fast import TooFast
from loadtest.judge.statistics.quantiles import PER_MILLE
from loadtest.judge.statistics.signed_rank import LEAST_PAIRS
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.run.schedule import LEAST_ROOM
from loadtest.summary.slowdown import AfterEffect, ImpactEstimate
from loadtest.summary.speed import Impact

CERTAINLY_FASTER: Final = 0.9
"""A quantile other than the headline that is certainly faster than this is not faster by chance."""

WORTH_TELLING: Final = 0.05
"""The sentence says what the mix of answers adds to the p50 if it is more than this share; tables always do."""


def least_reads(quantile: str) -> int:
    """How many successful reads a window must hold for a quantile to be given."""
    return 1000 // (1000 - PER_MILLE[quantile])


def doubts_of(impact: Impact, unlike: str, fast: TooFast) -> tuple[str, ...]:
    """Why the run does not pass, each reason as the end of a sentence.

    ``unlike``: why windows of one kind are not alike. ``fast``: the kinds of answer that are not judged at a quantile.
    """
    doubts = [*(impact.after.doubts if impact.after else ()), *([unlike] if unlike else ())]
    tolerance = impact.tolerance
    for kind in impact.kinds:
        judged = [e for e in kind.estimates if kind.kind not in fast[e.quantile]]
        high = [e for e in judged if e.verdict is Verdict.INCONCLUSIVE and _slower(e, tolerance)]
        if high:
            doubts.append(
                f"reads answered {kind.kind} alone take {high[-1].text} as long at {high[-1].quantile}: run longer"
            )
    if impact.control:
        return tuple(doubts)
    for estimate in impact.estimates:
        limit = 1 if estimate.quantile == impact.headline else CERTAINLY_FASTER
        if estimate.high is not None and estimate.high < limit:
            doubts.append(
                f"at {estimate.quantile} reads are faster while writing ({estimate.text}), which no PUT causes: quiet "
                "windows must have inherited what writes leave behind, or something else changes with the windows"
            )
            break
    return tuple(doubts)


def _slower(estimate: ImpactEstimate, tolerance: float) -> bool:
    return estimate.ratio is not None and estimate.low is not None and estimate.ratio > tolerance and estimate.low > 1


def sentence(history: History, impact: Impact, doubts: tuple[str, ...], least: int) -> str:
    """The answer. ``least``: the successful reads of the used window that holds the fewest."""
    if not len(history.windows):
        return "Not asked: the run has no quiet windows to compare with (it wrote all the time, or ended too soon)."
    parts = [_headline(history, impact, least)]
    limit = units.ratio(impact.tolerance)
    for kind in impact.kinds:
        failing = [e for e in kind.estimates if e.verdict is Verdict.FAIL]
        if failing:
            worst = max(failing, key=lambda e: e.low or 0)
            parts.append(
                f"Reads answered {kind.kind} alone: {worst.text} at {worst.quantile}, more than the tolerated {limit}."
            )
    if impact.after is not None and impact.after.sentence:
        parts.append(impact.after.sentence)
    parts += _remark(impact)
    if doubts and impact.verdict is not Verdict.FAIL:
        parts.append(f"It does not pass as it stands: {'; '.join(doubts)}.")
    mix = impact.mix
    if mix is not None and abs(mix.cost_p50_ns or 0) > WORTH_TELLING * (mix.quiet_p50_ns or 0):
        parts.append(mix.sentence)
    if not impact.control and _passes(impact, doubts):
        parts.append(_unseen(history, impact.after))
    return " ".join(parts)


def _remark(impact: Impact) -> list[str]:
    """An interval below 1 at another quantile may be chance, so it casts no doubt, but it is mentioned."""
    if impact.control:
        return []
    others = [estimate for estimate in impact.estimates if estimate.quantile != impact.headline]
    faster = [one for one in others if one.high is not None and CERTAINLY_FASTER <= one.high < 1]
    return [
        f"At {one.quantile} reads seem faster while writing ({one.text}), which no PUT causes: it may be chance, or "
        "something that writes leave behind in quiet windows."
        for one in faster[:1]
    ]


def _passes(impact: Impact, doubts: tuple[str, ...]) -> bool:
    verdicts = [e.verdict for e in (*impact.estimates, *(e for kind in impact.kinds for e in kind.estimates))]
    headline = impact.at_headline
    return not doubts and headline.verdict is Verdict.PASS and Verdict.FAIL not in verdicts


def _headline(history: History, impact: Impact, least: int) -> str:
    headline = impact.at_headline
    limit = units.ratio(impact.tolerance)
    failing = [e.quantile for e in impact.estimates if e.verdict is Verdict.FAIL]
    if headline.ratio is None:
        others = f" At {', '.join(failing)} reads are slower than the tolerated {limit}." if failing else ""
        remedy = _remedy(history, impact, headline, least)
        return f"Impact at {impact.headline} was {headline.text}; {remedy}.{others}"
    low, high, ratio = (units.ratio(value) for value in (headline.low, headline.high, headline.ratio))
    if impact.control:
        text = f"A/A control: nothing was written, and {impact.headline} response times still differ by {ratio}"
    elif impact.basis == "rests":
        text = f"Response time at {impact.headline} while writing is {ratio} of that at the end of a rest"
    else:
        text = f"Response time at {impact.headline} while writing is {ratio} of that while quiet"
    one, of = ("rest", "") if impact.basis == "rests" else ("pair", " of windows")
    text += f" ({units.interval(low, high)}, {units.counted(headline.pairs, one)}{of})"
    if failing:
        return f"{text}: more than the tolerated {limit} at {', '.join(failing)}."
    if headline.verdict is Verdict.PASS:
        return f"{text}: within the tolerated {limit}."
    longer = "run longer, for more rests" if impact.basis == "rests" else _run_length(history, headline)
    return f"{text}, which spans the tolerated {limit}: {longer}."


def _unseen(history: History, after: AfterEffect | None) -> str:
    """What this run could not see; without rests that is more."""
    if after is not None:
        twice = f"--window {2 * history.info.settings.window:g}"
        return (
            f"What a PUT leaves behind for longer than {units.seconds(after.rest_ns)} can go unseen; "
            f"{twice} looks twice as far."
        )
    guard = history.info.plan.guard_ns if history.info.plan else 0
    beyond = f" for longer than {units.duration(guard)}" if guard else ""
    return (
        f"What a PUT leaves behind{beyond} may reach into quiet windows and be missed: this run has no rests, for "
        f"which it takes at least {LEAST_ROOM} windows."
    )


def _remedy(history: History, impact: Impact, headline: ImpactEstimate, least: int) -> str:
    """What it takes to measure the headline quantile at all: more windows, or windows with more reads."""
    need = least_reads(impact.headline)
    if not impact.pairs_used or impact.pairs_used <= headline.pairs or (least >= need and not impact.kinds):
        return _run_length(history, headline)
    of_kind = " of a kind" if least >= need else ""
    held = min([kind.least_reads for kind in impact.kinds], default=least) if of_kind else least
    few = (
        f"{units.counted(impact.pairs_used, 'pair was', 'pairs were')} used, but windows hold as few as {held:,} "
        f"successful reads{of_kind}, and {impact.headline} takes at least {need}: read more often, or in longer windows"
    )
    return few if impact.pairs_used >= LEAST_PAIRS else f"{few}, and {_run_length(history, headline)}"


def _run_length(history: History, headline: ImpactEstimate) -> str:
    """What it would take to settle the question."""
    more = headline.more_pairs
    if more is None:
        return "with a tolerance of 1 no run would settle it"
    longer = f"{units.counted(more, 'more pair', 'more pairs')} of windows ({units.seconds(more * _pair_ns(history))})"
    if headline.ratio is None:
        return f"run at least {longer} longer"
    return f"about {longer} would settle it, unless the true ratio is that near the tolerance"


def _pair_ns(history: History) -> float:
    """How long a run takes for a pair of windows, the rests between them included."""
    plan = history.info.plan
    window_ns = plan.window_ns if plan and plan.window_ns else history.info.settings.window * 1e9
    if plan is None or not plan.rest_windows:
        return 2 * window_ns
    return (2 * plan.rest_pairs + 1 + plan.rest_windows) / (plan.rest_pairs + 1) * window_ns
