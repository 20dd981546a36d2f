"""What do PUTs leave behind? Response time by the time since the last PUT, against the level that no PUT touches.

A quiet window begins soon after a writing one and inherits what that left behind, so it cannot show it. A *rest* can:
after a writing window, nothing is written for several windows. The end of the rest is the *untouched level*. The reads
before it, by the time since the last PUT returned, are compared with that level, rest by rest, so drift cancels. ::

    writing    ├─PUT──PUT─┤
    rest                    ├────┬────┬────────┬─────────────────┬────────┬────────┤
    lags                     ¼-½  ½-1    1-2       2-4 …          untouched level
                         (seconds since the PUT returned)          (two pieces, each as long as a window)

The unit is the rest: each gives one logarithm of a ratio. Student's interval over the rests is so wide that 95 % hold
for all lags and quantiles together (Bonferroni).

- A lag is certainly above the tolerance: reads so long after a PUT are slower than is tolerated.
- A lag certainly differs from the untouched level (99 %, as the headline depends on it): quiet windows are not quiet,
  and rests take their place.
- The end of a rest still differs from what is before it: the effect outlasts the rests.
- Reads of one kind of answer are also looked at alone, because the other kind dilutes an effect on one.
- The untouched level is above that of the rest before the first PUT: something outlasts the rests, or came meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, NamedTuple

import numpy as np

from loadtest import units
from loadtest.judge.measure.after_put_words import doubts_after, sentence_after
from loadtest.judge.measure.lags import Look, fading, looks, surely_above, suspicious
from loadtest.judge.measure.like_with_like import KINDS, Kind, Scale, Stretch
from loadtest.judge.measure.rests import LEAST_RESTS, Rest, untouched_level
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile, judge
from loadtest.judge.statistics.signed_rank import CONFIDENCE
from loadtest.judge.statistics.spending import ONE_LOOK, Tails
from loadtest.judge.statistics.student import quantile, student
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.slowdown import AfterEffect, ImpactEstimate, LagEstimate

SURELY: Final = 0.99
_Named = tuple[Literal["", "200", "304"], Scale]
_MOST: Final = 700.0
"""The exponential of a larger logarithm does not fit a float."""
_ALL, _LAST = slice(None), slice(-1, None)
"""The pieces of an untouched level that are looked at: all together, and the last alone."""


def after_effect(  # noqa: PLR0917 - what it is seen in
    history: History,
    rests: Sequence[Rest],
    opening: Sequence[Stretch],
    scale: Scale,
    apart: Sequence[tuple[Kind, Scale]],
    tolerance: float,
    tails: Tails = ONE_LOOK,
) -> AfterEffect | None:
    """What PUTs leave behind; None when there are too few rests to tell.

    ``opening``: pieces of the first rest. ``apart``: the scales of the kinds of answer, which are looked at alone too.
    """
    if len(rests) < LEAST_RESTS:
        return None
    limit = math.log(tolerance)
    together = _seen(history, rests, opening, (("", scale),), limit, tails)
    by_kind = _seen(history, rests, opening, apart, limit, tails)
    lags, certain = together.lags + by_kind.lags, together.certain + by_kind.certain
    writing = tuple(_writing(rests, scale, name, tolerance, tails) for name in QUANTILES)
    openings = together.openings + by_kind.openings
    lasting = together.lasting or by_kind.lasting
    rest_ns = int(np.median([rest.end_ns - rest.last_put_ns for rest in rests]))
    return AfterEffect(
        rests=len(rests),
        rest_ns=rest_ns,
        untouched_ns=_untouched_ns(rests, scale),
        lags=lags,
        writing=writing,
        opening=next((one for one in openings if not one.kind and one.quantile == "p50"), None),
        seen=bool(certain or lasting),
        doubts=doubts_after(lags, writing, openings, lasting, rest_ns, history),
        sentence=sentence_after(lags, writing, certain, tolerance),
    )


class _Seen(NamedTuple):
    """What was seen, for reads of all kinds together or for each kind."""

    lags: tuple[LagEstimate, ...]
    certain: tuple[LagEstimate, ...]
    lasting: bool
    openings: tuple[LagEstimate, ...]


def _seen(  # noqa: PLR0917 - what is looked at, and how surely
    history: History,
    rests: Sequence[Rest],
    opening: Sequence[Stretch],
    scales: Sequence[_Named],
    limit: float,
    tails: Tails,
) -> _Seen:
    by_lag = [(kind, look) for kind, scale in scales for look in looks(history, rests, scale)]
    ends = [look for _, scale in scales for look in fading(rests, scale)]
    count = max(1, len(by_lag) + len(ends))
    confidence, surely = 1 - (1 - CONFIDENCE) / count, 1 - (1 - SURELY) / count
    lags = tuple(_lag(kind, look, confidence, limit, tails.low / count) for kind, look in by_lag)
    return _Seen(
        lags,
        tuple(lag for lag, (_, look) in zip(lags, by_lag, strict=True) if look.differs(surely)),
        any(look.differs(surely) and np.mean(look.logs) > 0 for look in ends),
        tuple(_openings(rests, opening, scales, limit)),
    )


def _lag(kind: Literal["", "200", "304"], look: Look, confidence: float, limit: float, tail: float) -> LagEstimate:
    shift = student(look.logs, confidence)
    assert shift is not None  # noqa: S101 - a look holds enough
    verdict = Verdict.PASS
    if shift.low > limit and surely_above(look.logs, limit, tail):
        verdict = Verdict.FAIL
    elif suspicious(look.logs, limit, SURELY if kind else CONFIDENCE):  # of kinds there are twice as many looks
        verdict = Verdict.INCONCLUSIVE
    ratio, low, high = (round(math.exp(min(value, _MOST)), 6) for value in shift)
    rests = len(look.logs)
    return LagEstimate(look.quantile, look.from_ns, look.to_ns, look.reads, rests, ratio, low, high, verdict, kind)


def _writing(rests: Sequence[Rest], scale: Scale, name: Quantile, tolerance: float, tails: Tails) -> ImpactEstimate:
    logs = []
    for rest in rests:
        value, base = scale.value(rest.writing, name), untouched_level(scale, rest.pieces, name)
        if value is not None and base is not None:
            logs.append(math.log(max(1.0, value)) - base)
    shift = student(logs, 1 - 2 * tails.high)
    less_sure = student(logs, 1 - 2 * max(tails))
    if shift is None or less_sure is None:
        text = f"not measured: {units.counted(len(logs), 'rest')}, at least {LEAST_RESTS} are needed"
        return ImpactEstimate(name, None, None, None, len(logs), None, Verdict.INCONCLUSIVE, text)
    shift = shift._replace(low=less_sure.low)
    ratio, low, high = (round(math.exp(min(value, _MOST)), 6) for value in shift)
    text = f"{units.ratio(ratio)} ({units.interval(units.ratio(low), units.ratio(high))})"
    judged = judge(shift, tolerance)
    if judged is Verdict.FAIL and not surely_above(logs, math.log(tolerance), tails.low):
        judged = Verdict.INCONCLUSIVE
    return ImpactEstimate(name, ratio, low, high, len(logs), None, judged, text)


def _openings(
    rests: Sequence[Rest], opening: Sequence[Stretch], scales: Sequence[_Named], limit: float
) -> list[LagEstimate]:
    """The untouched level against that before the first PUT, at each quantile: all pieces together, and the last alone.

    Version 0 was put just before the run began. The last piece is furthest from that, and so shows what lasts longest.
    """
    return [
        replace(estimate, kind=kind)
        for kind, scale in scales
        for name in QUANTILES
        for pieces in (_ALL, _LAST)
        if (estimate := _opening(rests, opening, scale, limit, name, pieces)) is not None
    ]


def _opening(  # noqa: PLR0917 - what is compared with what
    rests: Sequence[Rest], opening: Sequence[Stretch], scale: Scale, limit: float, name: Quantile, pieces: slice
) -> LagEstimate | None:
    """The level before the first PUT is one more observation of the same spread as those of the rests."""
    before = untouched_level(scale, opening[pieces], name) if opening else None
    levels = _levels(rests, scale, name, pieces)
    if before is None or len(levels) < LEAST_RESTS:
        return None
    center = float(np.mean(levels)) - before
    spread = float(np.std(levels, ddof=1)) * math.sqrt(1 + 1 / len(levels))
    reach = quantile(len(levels), CONFIDENCE if (name, pieces) == ("p50", _ALL) else SURELY) * spread
    verdict = Verdict.INCONCLUSIVE if center > limit and center > reach else Verdict.PASS
    ratio, low, high = (round(math.exp(min(value, _MOST)), 6) for value in (center, center - reach, center + reach))
    reads = sum(piece.count(kind) for piece in opening[pieces] for kind in KINDS)
    return LagEstimate(name, 0, 0, reads, len(levels), ratio, low, high, verdict)


def _untouched_ns(rests: Sequence[Rest], scale: Scale) -> tuple[int | None, int | None, int | None]:
    def usual(name: Quantile) -> int | None:
        levels = _levels(rests, scale, name)
        return round(math.exp(float(np.median(levels)))) if levels else None

    return usual("p50"), usual("p90"), usual("p99")


def _levels(rests: Sequence[Rest], scale: Scale, name: Quantile, pieces: slice = _ALL) -> list[float]:
    """The untouched level of each rest that has this quantile."""
    levels = (untouched_level(scale, rest.pieces[pieces], name) for rest in rests)
    return [value for value in levels if value is not None]
