"""Do writes slow reads down? Ratio of response time while writing to while quiet, over pairs of windows.

The unit of statistics is the pair of windows, not the request: requests are correlated in time, and tests that take
them for independent raise false alarms. For each pair and quantile, the logarithm of (quantile in the writing window /
quantile in the quiet one) is one observation; :mod:`loadtest.judge.statistics.ratio_estimate` makes an estimate with
its interval from them. Reads are compared within one kind of answer (:mod:`loadtest.judge.measure.like_with_like`).

Which windows make pairs is decided in :mod:`loadtest.judge.measure.window_pairs`. When PUTs leave something behind
(:mod:`loadtest.judge.measure.after_put`), writing windows are compared with rests only.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from loadtest.judge.measure.after_put import after_effect
from loadtest.judge.measure.answer_mix import answer_mix, kind_impacts
from loadtest.judge.measure.flights import due_during_put
from loadtest.judge.measure.impact_words import doubts_of, sentence
from loadtest.judge.measure.interval_tails import METHOD_OF_LOOKS, tails_of
from loadtest.judge.measure.like_with_like import KINDS, Scale, Stretch, mixed, stretch
from loadtest.judge.measure.near_publications import at_the_edges, near_publications
from loadtest.judge.measure.near_publications import sentence as sentence_of_publications
from loadtest.judge.measure.paused_windows import settled
from loadtest.judge.measure.position import unlike_windows
from loadtest.judge.measure.rests import untouched_level
from loadtest.judge.measure.too_fast import too_fast
from loadtest.judge.measure.unearned import unearned
from loadtest.judge.measure.window_pairs import Pair, WindowTable
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile, estimate_ratio, log_ratios, noise_floor
from loadtest.judge.statistics.spending import Tails
from loadtest.run.history.blocks import side_by_side
from loadtest.run.history.history import Column, History
from loadtest.run.records import Verdict, WindowKind
from loadtest.run.schedule import OPENING_PAIR
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.speed import Impact

HEADLINE: Final[Quantile] = "p99"
"""The slowest percent of the reads is what a site's users notice, and what a PUT in flight would touch first."""
METHOD: Final = (
    "Reads of one kind of answer (200, 304) are compared, and their slowdowns put together by their geometric mean, "
    "each with its share of the reads. Per pair of windows, the logarithm of the ratio of the response time quantiles "
    "(writing / quiet); Hodges-Lehmann estimate over the pairs, 95 % interval from the Wilcoxon signed-rank "
    "distribution."
)
METHOD_OF_RESTS: Final = (
    "PUTs leave something behind, so writing windows are compared with the end of the rests, where it is over: per "
    "rest, the logarithm of the ratio of the response time quantiles; mean and Student's 95 % interval over the rests."
)


def measure_impact(history: History) -> Impact:
    """The impact of writes on reads, without the windows in which the load generator paused, if those are few."""
    if history.info.is_watched and not len(history.windows):
        return _near(history)
    control = history.info.settings.write_interval == 0
    impact = _measure(history, WindowTable.of(history, control))
    if not impact.windows_paused:
        return impact
    return settled(impact, _measure(history, WindowTable.of(history, control, with_paused=True)))


def _measure(history: History, table: WindowTable) -> Impact:
    settings = history.info.settings
    tolerance = settings.impact_tolerance
    control = settings.write_interval == 0
    tails = history.once(tails_of)
    pairs = table.pairs
    compared = [(pair.quiet[-1], pair.writing) for pair in pairs]
    two, fast = mixed(compared), too_fast(history, pairs)
    scale = Scale.of(compared, fast)
    logs = [_logs(pair, scale) for pair in pairs]
    estimates = tuple(
        estimate_ratio(name, [own[name] for own in logs if name in own], tolerance, "pair of windows", tails=tails)
        for name in QUANTILES
    )
    apart = tuple((kind, scale.alone(kind)) for kind in KINDS) if two else ()
    after = None if control else after_effect(history, table.rests(), table.opening(), scale, apart, tolerance, tails)
    basis = "pairs"
    if after is not None and after.seen and all(estimate.ratio is not None for estimate in after.writing[-1:]):
        estimates, basis = after.writing, "rests"
    headline = next(estimate for estimate in estimates if estimate.quantile == HEADLINE)
    kinds = kind_impacts(pairs, scale, fast, tolerance, tails) if two else ()
    unlike = "" if control else unlike_windows(table.placed(logs), tolerance)
    impact = Impact(
        method=(METHOD if basis == "pairs" else METHOD_OF_RESTS) + (METHOD_OF_LOOKS if history.info.looks else ""),
        tolerance=tolerance,
        headline=HEADLINE,
        control=control,
        estimates=estimates,
        overlap=() if control else _overlap(history, table, tolerance, tails),
        pairs_used=len(pairs),
        pairs_dropped=len(np.setdiff1d(history.windows.pair, [OPENING_PAIR])) - len(pairs),
        windows_paused=table.left_out,
        windows=table.rows(history),
        windows_note=table.note,
        noise_floor=noise_floor(headline),
        sentence="",
        basis="pairs" if basis == "pairs" else "rests",
        kinds=kinds,
        mix=answer_mix(pairs) if two else None,
        felt=_felt(table, tolerance, tails) if two else (),
        after=after,
    )
    doubts = (*doubts_of(impact, unlike, fast), *unearned(history, impact, pairs))
    impact = replace(impact, verdict=_judge(impact, doubts), doubts=doubts)
    least = min((pair.least for pair in pairs), default=0)
    return replace(impact, sentence=sentence(history, impact, doubts, least))


def _near(history: History) -> Impact:
    """The impact of publications by somebody else, who keeps no windows."""
    near = near_publications(history, HEADLINE)
    doubts = (
        *doubts_of(near.impact, "", near.fast),
        *unearned(history, near.impact, near.pairs),
        *at_the_edges(history),
    )
    impact = replace(near.impact, verdict=_judge(near.impact, doubts), doubts=doubts)
    return replace(impact, sentence=sentence_of_publications(history, impact, doubts))


def _judge(impact: Impact, doubts: tuple[str, ...]) -> Verdict:
    """FAIL when anything is certainly above the tolerance; PASS when the headline is within it and nothing is in doubt.

    Anything: a quantile, one of a kind of answer, a time after a PUT, or writing windows against the untouched level.
    """
    if failures(impact):
        return Verdict.FAIL
    if doubts:
        return Verdict.INCONCLUSIVE
    return impact.at_headline.verdict


def failures(impact: Impact) -> int:
    """How many estimates are certainly above the tolerance."""
    verdicts = [estimate.verdict for estimate in impact.estimates]
    verdicts += [estimate.verdict for kind in impact.kinds for estimate in kind.estimates]
    if impact.after is not None:
        verdicts += [lag.verdict for lag in impact.after.lags]
        if impact.basis != "rests":  # else these are the estimates above
            verdicts += [estimate.verdict for estimate in impact.after.writing]
    return verdicts.count(Verdict.FAIL)


def _logs(pair: Pair, scale: Scale) -> dict[Quantile, float]:
    """Logarithms of the ratios of a pair, at the quantiles that both sides have."""
    logs = {}
    for name in QUANTILES:
        above, below = scale.value(pair.writing, name), untouched_level(scale, pair.quiet, name)
        if above is not None and below is not None:
            logs[name] = math.log(max(1.0, above)) - below
    return logs


def _felt(table: WindowTable, tolerance: float, tails: Tails) -> tuple[ImpactEstimate, ...]:
    """All kinds of answer together, over the pairs of a quiet and a writing window."""
    pairs = [two for two in table.used_pairs if table.kind[two[0]] == WindowKind.QUIET]
    return tuple(
        estimate_ratio(name, log_ratios([(values[writing], values[quiet]) for quiet, writing in pairs]), tolerance,
                       "pair of windows", tails=tails)
        for name, values in ((name, table.quantile_ns[name]) for name in QUANTILES)
    )  # fmt: skip


def _overlap(history: History, table: WindowTable, tolerance: float, tails: Tails) -> tuple[ImpactEstimate, ...]:
    """Reads that were due while a PUT was in flight against the others, window by window; empty without windows.

    A lower bound of what a PUT does to reads: seen from here, a PUT begins before it reaches the store and ends after
    it has left, so some of these reads met none.
    """
    chosen = [
        members
        for members, kind, why in zip(table.members, table.kind, table.dropped, strict=True)
        if kind == WindowKind.WRITING and not why
    ]
    if not chosen:
        return ()
    during = history.once(due_during_put)

    def apart(members: Column) -> tuple[Stretch, Stretch]:
        met = during[members]
        return stretch(history, members[~met]), stretch(history, members[met])

    pairs = side_by_side(apart, chosen, len(history.reads))
    scale = Scale.of(pairs)
    return tuple(
        estimate_ratio(
            name,
            log_ratios([(scale.value(met, name), scale.value(clear, name)) for clear, met in pairs]),
            tolerance,
            "writing window",
            tails=tails,
        )
        for name in QUANTILES
    )
