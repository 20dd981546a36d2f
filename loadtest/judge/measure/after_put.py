"""What do PUTs leave behind? Response time by the time since the last PUT, against the level that no PUT touches.

A quiet window begins soon after a writing one and inherits what that left behind, so it cannot show it. A *rest* can:
nothing is written for several windows after a writing one. Its end is taken for the *untouched level*, and the reads
before it, by the time since the last PUT returned, are compared with it, rest by rest, so that drift cancels. ::

    writing    ├─PUT──PUT─┤
    rest                    ├────┬────┬────────┬─────────────────┬────────┬────────┤
    lags                     ¼-½  ½-1    1-2       2-4 …          untouched level
                         (seconds since the PUT returned)          (two pieces, each as long as a window)

The unit is the rest: one logarithm of a ratio each, Student's interval over the rests, and as wide as it takes for 95 %
to hold for all lags and quantiles together (Bonferroni).

- A lag that is above the tolerance for certain: reads so long after a PUT are slower than is tolerated.
- One that differs from the untouched level for certain (99 %, as the headline rests on it): quiet windows are not
  quiet, and rests stand in for them.
- An end that still differs from what is before it: the effect outlasts the rests.
- An untouched level above that of the rest before the first PUT: something outlasts the rests, or came meanwhile.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy import special

from loadtest import units
from loadtest.judge.measure.flights import flights
from loadtest.judge.measure.like_with_like import KINDS, LEAST_OF_KIND, Scale, Stretch, stretch
from loadtest.judge.statistics.quantiles import PER_MILLE
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile, judge
from loadtest.judge.statistics.signed_rank import CONFIDENCE, Shift
from loadtest.run.history import Column, History
from loadtest.run.records import Verdict
from loadtest.summary.slowdown import AfterEffect, ImpactEstimate, LagEstimate

LEAST_RESTS: Final = 3
SURELY: Final = 0.99
EDGES_NS: Final = (0, *(int(seconds * 1e9) for seconds in (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)))


@dataclass(frozen=True, eq=False)
class Rest:
    """One rest: its reads up to the untouched level, by lag, and the pieces of that level."""

    writing: Stretch  # the writing window before it
    due_ns: Column  # of its reads, rising
    members: Column  # their places
    last_put_ns: int
    end_ns: int
    pieces: tuple[Stretch, ...]
    until_ns: int  # where the untouched level begins


def rest_of(history: History, window: int, members: Column, writing: Stretch, piece_ns: int) -> Rest:
    """The rest in window ``window`` (its place), of which ``members`` are the successful reads."""
    windows = history.windows
    start, end = int(windows.start_ns[window]), int(windows.end_ns[window])
    due = history.reads.scheduled_ns[members]
    order = np.argsort(due, kind="stable")
    due, members = due[order], members[order]
    until, pieces = untouched(history, due, members, start, end, piece_ns)
    _, called, ends = history.once(flights)
    before = int(np.searchsorted(called, start)) - 1
    last = min(int(ends[before]), start) if before >= 0 else start
    return Rest(writing, due, members, last, end, pieces, until)


def untouched(  # noqa: PLR0917 - what a rest is
    history: History, due: Column, members: Column, start: int, end: int, piece_ns: int
) -> tuple[int, tuple[Stretch, ...]]:
    """The last half of a rest in pieces as long as a window: where they begin, and their reads."""
    piece_ns = piece_ns or end - start  # a run that ended in its opening rest has no window to measure by
    count = max(1, (end - start) // 2 // max(1, piece_ns))
    until = max(start, end - count * piece_ns)
    edges = np.searchsorted(due, until + np.arange(count + 1) * piece_ns)
    return until, tuple(stretch(history, members[a:b]) for a, b in itertools.pairwise(edges))


def level(scale: Scale, pieces: Sequence[Stretch], quantile: Quantile) -> float | None:
    """Logarithm of the untouched level: the mean over its pieces."""
    values = [scale.value(piece, quantile) for piece in pieces]
    known = [math.log(max(1.0, value)) for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def after_effect(
    history: History, rests: Sequence[Rest], opening: Sequence[Stretch], scale: Scale, tolerance: float
) -> AfterEffect | None:
    """What PUTs leave behind; None when there are too few rests to tell. ``opening``: pieces of the first rest."""
    if len(rests) < LEAST_RESTS:
        return None
    looks = _looks(history, rests, scale)
    fading = [look for name in QUANTILES for look in [_fading(rests, scale, name)] if look is not None]
    count = max(1, len(looks) + len(fading))
    together, surely = 1 - (1 - CONFIDENCE) / count, 1 - (1 - SURELY) / count
    limit = math.log(tolerance)
    lags = tuple(_lag(look, together, limit) for look in looks)
    writing = tuple(_writing(rests, scale, name, tolerance) for name in QUANTILES)
    first = _opening(rests, opening, scale, limit)
    certain = [lag for lag, look in zip(lags, looks, strict=True) if _differs(look, surely)]
    lasting = [look for look in fading if _differs(look, surely) and np.mean(look.logs) > 0]
    rest_ns = int(np.median([rest.end_ns - rest.last_put_ns for rest in rests]))
    doubts = _doubts(lags, writing, first, bool(lasting), rest_ns, history)
    return AfterEffect(
        rests=len(rests),
        rest_ns=rest_ns,
        untouched_ns=_untouched_ns(rests, scale),
        lags=lags,
        writing=writing,
        opening=first,
        seen=bool(certain or lasting),
        doubts=doubts,
        sentence=_sentence(lags, writing, certain, tolerance),
    )


class _Look(NamedTuple):
    """One lag at one quantile: a logarithm of a ratio for each rest."""

    quantile: Quantile
    from_ns: int
    to_ns: int
    reads: int
    logs: list[float]


def _looks(history: History, rests: Sequence[Rest], scale: Scale) -> list[_Look]:
    last = min(rest.until_ns - rest.last_put_ns for rest in rests)
    edges = [edge for edge in EDGES_NS if edge < last] + [last]
    parts = [[_between(history, rest, a, b) for rest in rests] for a, b in itertools.pairwise(edges)]
    return [
        look
        for name in QUANTILES
        for start, end in _enough(parts, name, scale)
        for look in [_look(history, rests, scale, name, edges[start], edges[end])]
        if look is not None
    ]


def _between(history: History, rest: Rest, from_ns: int, to_ns: int) -> Stretch:
    first, last = np.searchsorted(rest.due_ns, [rest.last_put_ns + from_ns, rest.last_put_ns + to_ns])
    return stretch(history, rest.members[first:last])


def _enough(parts: list[list[Stretch]], name: Quantile, scale: Scale) -> list[tuple[int, int]]:
    """Which edges to keep, so that all rests have enough reads in between; what is left over joins the last."""
    kinds = scale.combined[name]
    need = max(LEAST_OF_KIND, 1000 // (1000 - PER_MILLE[name]))
    bins: list[tuple[int, int]] = []
    start, held = 0, np.zeros((len(parts[0]) if parts else 0, len(KINDS)), dtype=np.int64)
    for number, part in enumerate(parts):
        held += np.array([[found.count(kind) for kind in KINDS] for found in part])
        counts = held[:, [KINDS.index(kind) for kind in kinds]] if kinds else held.sum(axis=1, keepdims=True)
        if counts.size and counts.min() >= need:
            bins.append((start, number + 1))
            start, held = number + 1, np.zeros_like(held)
    if bins and start < len(parts):
        bins[-1] = (bins[-1][0], len(parts))
    return bins


def _look(  # noqa: PLR0917 - what a lag is
    history: History, rests: Sequence[Rest], scale: Scale, name: Quantile, from_ns: int, to_ns: int
) -> _Look | None:
    logs, reads = [], 0
    for rest in rests:
        part = _between(history, rest, from_ns, to_ns)
        value, base = scale.value(part, name), level(scale, rest.pieces, name)
        if value is not None and base is not None:
            logs.append(math.log(max(1.0, value)) - base)
            reads += sum(part.count(kind) for kind in KINDS)
    return _Look(name, from_ns, to_ns, reads, logs) if len(logs) >= LEAST_RESTS else None


def _fading(rests: Sequence[Rest], scale: Scale, name: Quantile) -> _Look | None:
    """The first piece of the untouched level against its last."""
    logs = []
    for rest in rests:
        first, last = (level(scale, [piece], name) for piece in (rest.pieces[0], rest.pieces[-1]))
        if first is not None and last is not None and len(rest.pieces) > 1:
            logs.append(first - last)
    return _Look(name, 0, 0, 0, logs) if len(logs) >= LEAST_RESTS else None


def student(logs: Sequence[float], confidence: float) -> Shift | None:
    """Mean and interval of a few logarithms; None of fewer than three."""
    count = len(logs)
    if count < LEAST_RESTS:
        return None
    mean, deviation = float(np.mean(logs)), float(np.std(logs, ddof=1))
    reach = float(special.stdtrit(count - 1, (1 + confidence) / 2)) * deviation / math.sqrt(count)
    return Shift(mean, mean - reach, mean + reach)


def _differs(look: _Look, confidence: float) -> bool:
    found = student(look.logs, confidence)
    return found is not None and (found.low > 0 or found.high < 0)


def suspicious(logs: Sequence[float], limit: float) -> bool:
    """Whether the estimate is above the limit, and not by chance: its own 95 % interval lies above no difference."""
    found = student(logs, CONFIDENCE)
    return found is not None and found.center > limit and found.low > 0


def _lag(look: _Look, confidence: float, limit: float) -> LagEstimate:
    found = student(look.logs, confidence)
    assert found is not None  # noqa: S101 - a look holds enough
    verdict = Verdict.PASS
    if found.low > limit:
        verdict = Verdict.FAIL
    elif suspicious(look.logs, limit):
        verdict = Verdict.INCONCLUSIVE
    ratio, low, high = (round(math.exp(min(value, _MOST)), 6) for value in found)
    return LagEstimate(look.quantile, look.from_ns, look.to_ns, look.reads, len(look.logs), ratio, low, high, verdict)


_MOST: Final = 700.0
"""Beyond that a logarithm is that of no number."""


def _writing(rests: Sequence[Rest], scale: Scale, name: Quantile, tolerance: float) -> ImpactEstimate:
    logs = []
    for rest in rests:
        value, base = scale.value(rest.writing, name), level(scale, rest.pieces, name)
        if value is not None and base is not None:
            logs.append(math.log(max(1.0, value)) - base)
    found = student(logs, CONFIDENCE)
    if found is None:
        text = f"not measured: {units.counted(len(logs), 'rest')}, at least {LEAST_RESTS} are needed"
        return ImpactEstimate(name, None, None, None, len(logs), None, Verdict.INCONCLUSIVE, text)
    ratio, low, high = (round(math.exp(min(value, _MOST)), 6) for value in found)
    text = f"{units.ratio(ratio)} ({units.interval(units.ratio(low), units.ratio(high))})"
    return ImpactEstimate(name, ratio, low, high, len(logs), None, judge(found, tolerance), text)


def _opening(rests: Sequence[Rest], opening: Sequence[Stretch], scale: Scale, limit: float) -> LagEstimate | None:
    """The untouched level against that before the first PUT: one more observation, as far off as the rests allow."""
    before = level(scale, opening, "p50") if opening else None
    levels = [found for rest in rests for found in [level(scale, rest.pieces, "p50")] if found is not None]
    if before is None or len(levels) < LEAST_RESTS:
        return None
    center = float(np.mean(levels)) - before
    spread = float(np.std(levels, ddof=1)) * math.sqrt(1 + 1 / len(levels))
    reach = float(special.stdtrit(len(levels) - 1, (1 + CONFIDENCE) / 2)) * spread
    verdict = Verdict.INCONCLUSIVE if center > limit and center > reach else Verdict.PASS
    ratio, low, high = (round(math.exp(min(value, _MOST)), 6) for value in (center, center - reach, center + reach))
    reads = sum(piece.count(kind) for piece in opening for kind in KINDS)
    return LagEstimate("p50", 0, 0, reads, len(levels), ratio, low, high, verdict)


def _untouched_ns(rests: Sequence[Rest], scale: Scale) -> tuple[int | None, int | None, int | None]:
    def usual(name: Quantile) -> int | None:
        levels = [found for rest in rests for found in [level(scale, rest.pieces, name)] if found is not None]
        return round(math.exp(float(np.median(levels)))) if levels else None

    return usual("p50"), usual("p90"), usual("p99")


def _doubts(  # noqa: PLR0917 - all that there is to doubt
    lags: tuple[LagEstimate, ...],
    writing: tuple[ImpactEstimate, ...],
    opening: LagEstimate | None,
    lasting: bool,
    rest_ns: int,
    history: History,
) -> tuple[str, ...]:
    longer = f"measure with rests twice as long (--window {2 * history.info.settings.window:g})"
    doubts = []
    unsure = [lag for lag in lags if lag.verdict is Verdict.INCONCLUSIVE]
    if unsure:
        worst = max(unsure, key=lambda lag: lag.ratio)
        doubts.append(f"{_lag_text(worst)}, which may be chance and may be more than is tolerated: run longer")
    high = [found for found in writing if found.verdict is Verdict.INCONCLUSIVE and _above(found, history)]
    if high:
        doubts.append(
            f"against the end of the rests, writing windows are {high[-1].text} at {high[-1].quantile}: run longer"
        )
    if lasting:
        doubts.append(f"what a PUT leaves behind is not over {units.seconds(rest_ns)} after it: {longer}")
    if opening is not None and opening.verdict is Verdict.INCONCLUSIVE:
        doubts.append(
            f"even {units.seconds(rest_ns)} after a PUT, reads take {units.ratio(opening.ratio)} of what they took "
            f"before the first one: what it leaves behind lasts longer, or the target changed meanwhile; {longer}"
        )
    return tuple(doubts)


def _above(found: ImpactEstimate, history: History) -> bool:
    tolerance = history.info.settings.impact_tolerance
    return found.ratio is not None and found.low is not None and found.ratio > tolerance and found.low > 1


def _lag_text(lag: LagEstimate) -> str:
    times = f"{units.ratio(lag.ratio)} ({units.interval(units.ratio(lag.low), units.ratio(lag.high))})"
    span = f"{units.seconds(lag.from_ns)} to {units.seconds(lag.to_ns)}"
    return f"reads due {span} after a PUT take {times} as long as untouched ones at {lag.quantile}"


def _sentence(
    lags: tuple[LagEstimate, ...], writing: tuple[ImpactEstimate, ...], certain: list[LagEstimate], tolerance: float
) -> str:
    """The worst of what is certain; "" when PUTs leave nothing behind that could be seen."""
    failing = [lag for lag in lags if lag.verdict is Verdict.FAIL]
    if failing:
        text = _lag_text(max(failing, key=lambda lag: lag.low))
        return f"{text[0].upper()}{text[1:]}: more than the tolerated {units.ratio(tolerance)}."
    above = [found for found in writing if found.verdict is Verdict.FAIL]
    if above:
        return (
            f"Against the end of the rests, response time while writing is {above[-1].text} at {above[-1].quantile}: "
            f"more than the tolerated {units.ratio(tolerance)}."
        )
    if certain:
        text = _lag_text(max(certain, key=lambda lag: abs(math.log(max(1e-9, lag.ratio)))))
        return f"{text[0].upper()}{text[1:]}, so writing windows are compared with the end of the rests."
    return ""
