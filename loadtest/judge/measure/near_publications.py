"""Do reads get slower near a publication of somebody else? The reads after each against those just before it.

A foreign publisher keeps no windows, so each publication gets two of its own, equally long, side by side: *near* from
the last HEAD that did not see it until ``reach`` after the first that did, and *before* right up to there. ::

    HEADs        ▲        ▲  ▲ new                        ▲
    write                 ├──┤
    windows   ├─ before ──┼── near ───┤
                                reach

A publication is used if nothing else was published in its two windows, nor within ``reach`` before them, because it
must not be compared with what the one before it leaves behind. The unit of statistics is the publication, as it is the
pair of windows in a run that writes itself.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from loadtest import units
from loadtest.judge.measure.answer_mix import answer_mix, kind_impacts
from loadtest.judge.measure.edges import at_the_edge
from loadtest.judge.measure.like_with_like import KINDS, Scale, mixed, stretch
from loadtest.judge.measure.populations import successful
from loadtest.judge.measure.too_fast import TooFast, too_fast
from loadtest.judge.measure.window_pairs import Pair
from loadtest.judge.statistics.quantiles import PER_MILLE
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile, estimate_ratio, noise_floor
from loadtest.judge.statistics.signed_rank import LEAST_PAIRS
from loadtest.run.history.history import Column, History
from loadtest.run.records import Verdict
from loadtest.run.settings import NO_WRITER
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.speed import Impact
from loadtest.units import SECOND

LONGEST_REACH_NS: Final = 2 * SECOND
LEAST_REACH_NS: Final = SECOND // 10
"""With less room than that between publications, there is nothing to compare them with."""
METHOD: Final = (
    "Reads due near a publication (from the last HEAD before it until {reach} after the first that saw it) against as "
    "long a time just before. Reads of one kind of answer (200, 304) are compared, and their slowdowns put together by "
    "their geometric mean. Per publication, the logarithm of the ratio of the response time quantiles; Hodges-Lehmann "
    "estimate over the publications, 95 % interval from the Wilcoxon signed-rank distribution."
)


class Near(NamedTuple):
    """What was measured, before it is judged."""

    impact: Impact
    pairs: list[Pair]
    fast: TooFast


def near_publications(history: History, headline: Quantile) -> Near:
    """The slowdown of reads near publications; its sentence and verdict are to be filled in."""
    tolerance = history.info.settings.impact_tolerance
    reach = _reach(history)
    pairs = [_pair(history, *window) for window in _windows(history, reach)] if reach >= LEAST_REACH_NS else []
    compared = [(pair.quiet[-1], pair.writing) for pair in pairs]
    two, fast = mixed(compared), too_fast(history, pairs)
    scale = Scale.of(compared, fast)
    estimates = tuple(estimate_ratio(name, _logs(pairs, scale, name), tolerance, "publication") for name in QUANTILES)
    main = next(estimate for estimate in estimates if estimate.quantile == headline)
    published = len(history.writes) - 1
    return Near(
        Impact(
            method=METHOD.format(reach=units.duration(reach)),
            tolerance=tolerance,
            headline=headline,
            control=False,
            estimates=estimates,
            overlap=(),
            pairs_used=len(pairs),
            pairs_dropped=published - len(pairs),
            windows=(),
            windows_note="",
            noise_floor=noise_floor(main),
            sentence="",
            basis="publications",
            kinds=kind_impacts(pairs, scale, fast, tolerance) if two else (),
            mix=answer_mix(pairs) if two else None,
        ),
        pairs,
        fast,
    )


def sentence(history: History, impact: Impact, doubts: tuple[str, ...]) -> str:
    """The answer, once it is judged."""
    if history.info.settings.writer == NO_WRITER:
        return "Not asked: nobody looked when something was published (--writer none)."
    headline = impact.at_headline
    limit = units.ratio(impact.tolerance)
    failing = [estimate.quantile for estimate in impact.estimates if estimate.verdict is Verdict.FAIL]
    if headline.ratio is None:
        others = f" At {', '.join(failing)} reads are slower than the tolerated {limit}." if failing else ""
        return f"Impact at {impact.headline} was {headline.text}; {_missing(history, impact, headline)}.{others}"
    interval = units.interval(units.ratio(headline.low), units.ratio(headline.high))
    text = (
        f"Response time at {impact.headline} near a publication is {units.ratio(headline.ratio)} of that just before "
        f"({interval}, {units.counted(headline.pairs, 'publication')} of somebody else)"
    )
    kinds = [
        f"{kind.kind} alone: {one.text} at {one.quantile}"
        for kind in impact.kinds
        for one in kind.estimates
        if one.verdict is Verdict.FAIL
    ]
    if failing or kinds:
        return f"{text}: more than the tolerated {limit} at {', '.join(failing) or ', '.join(kinds)}."
    if headline.verdict is not Verdict.PASS:
        return f"{text}, which spans the tolerated {limit}: {_more(headline)}."
    if doubts:
        return f"{text}. It does not pass as it stands: {'; '.join(doubts)}."
    return (
        f"{text}: within the tolerated {limit}. What a publication leaves behind for longer than "
        f"{units.duration(_reach(history))} can go unseen."
    )


def _missing(history: History, impact: Impact, headline: ImpactEstimate) -> str:
    published = len(history.writes) - 1
    if published < LEAST_PAIRS:
        lacking = units.counted(LEAST_PAIRS - published, "more publication")
        return f"{units.counted(published, 'publication was', 'publications were')} seen, so {lacking} would be needed"
    if impact.pairs_used < LEAST_PAIRS:
        return (
            f"of {published:,} publications {impact.pairs_used:,} had enough quiet time around them: run longer, or "
            "look more often (--watch-interval)"
        )
    need = 1000 // (1000 - PER_MILLE[impact.headline])
    few = f"{impact.headline} takes at least {need} reads of a kind on both sides"
    return f"{few}, and {headline.pairs:,} of {impact.pairs_used:,} publications had them: read more often"


def _more(headline: ImpactEstimate) -> str:
    if headline.more_pairs is None:
        return "with a tolerance of 1 no run would settle it"
    return f"about {units.counted(headline.more_pairs, 'more publication')} would settle it, unless it is that near"


def _reach(history: History) -> int:
    """For how long after a publication reads count as near it: a third of the usual time between two, 2 s at most."""
    called, seen = history.writes.called_ns[1:], history.writes.returned_ns[1:]
    if not len(called):
        return 0
    between = called[1:] - seen[:-1]
    if not len(between):
        return LONGEST_REACH_NS
    return int(min(LONGEST_REACH_NS, (np.median(between) - np.median(seen - called)) // 3))


def _windows(history: History, reach: int) -> list[tuple[int, int, int]]:
    """Begin of *before*, border, and end of *near* for each publication that can be used."""
    if not len(history.reads) or history.info.settings.writer == NO_WRITER:
        return []
    due = history.reads.scheduled_ns
    first, last = int(due.min()), int(due.max())
    called, seen = history.writes.called_ns.tolist(), history.writes.returned_ns.tolist()
    windows = []
    for version in range(1, len(called)):
        border, end = called[version], seen[version] + reach
        begin = border - (end - border)
        undisturbed = seen[version - 1] + (reach if version > 1 else 0)
        following = called[version + 1] if version + 1 < len(called) else last
        if begin >= max(first, undisturbed) and end <= min(following, last):
            windows.append((begin, border, end))
    return windows


def _pair(history: History, begin: int, border: int, end: int) -> Pair:
    due, latest, reads = history.once(_due)
    first, middle, last = np.searchsorted(due, [begin, border, end], side="left")
    before = stretch(history, reads[first:middle][latest[first:middle] < border])
    near = stretch(history, reads[middle:last][latest[middle:last] < end])
    least = min(sum(side.count(kind) for kind in KINDS) for side in (before, near))
    return Pair((before,), near, least, (0, 0))


def _due(history: History) -> tuple[Column, Column, Column]:
    """The successful reads: when each was due at the earliest, rising; when at the latest; and their numbers."""
    chosen = np.flatnonzero(successful(history))
    reads = chosen[np.argsort(history.reads.scheduled_ns[chosen], kind="stable")]
    due = history.reads.scheduled_ns[reads]
    return due, due + history.reads.widening_ns[reads], reads


def at_the_edges(history: History) -> list[str]:
    """Why a PASS is not earned where many reads may have been due before a publication or after it."""
    windows = _windows(history, reach) if (reach := _reach(history)) >= LEAST_REACH_NS else []
    starts = np.array([start for begin, border, _ in windows for start in (begin, border)], dtype=np.int64)
    ends = np.array([end for _, border, last in windows for end in (border, last)], dtype=np.int64)
    return at_the_edge(history, starts, ends, "read from nearer by, or publish less often")


def _logs(pairs: list[Pair], scale: Scale, name: Quantile) -> list[float]:
    values = [(scale.value(pair.writing, name), scale.value(pair.quiet[0], name)) for pair in pairs]
    return [math.log(max(1.0, near) / max(1.0, before)) for near, before in values if near and before]
