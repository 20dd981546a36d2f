"""Kinds of answer (200, 304) one by one, and what their mix adds: no slowdown of the target, but visitors feel it.

Each kind has a slowdown of its own. A FAIL of one counts if the interval that holds for all kinds together (97.5 % for
each of two) lies above the tolerance, and if the load generator's own delay is small beside such reads
(:mod:`loadtest.judge.measure.too_fast`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.measure.like_with_like import KINDS, Kind, Scale, Stretch
from loadtest.judge.measure.too_fast import TooFast
from loadtest.judge.measure.window_pairs import Pair
from loadtest.judge.statistics.by_group import up_to
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile, estimate_ratio
from loadtest.judge.statistics.signed_rank import CONFIDENCE
from loadtest.judge.statistics.spending import ONE_LOOK, Tails
from loadtest.run.history.history import Column
from loadtest.run.records import Verdict
from loadtest.summary.slowdown import AnswerMix, KindImpact

_BOTH: Final = 1 - (1 - CONFIDENCE) / len(KINDS)
LEAST_CHANGE: Final = 0.01
"""A mix that changes by less than one percentage point is called the same."""


def kind_impacts(
    pairs: Sequence[Pair], scale: Scale, fast: TooFast, tolerance: float, tails: Tails = ONE_LOOK
) -> tuple[KindImpact, ...]:
    """The slowdown of each kind of answer; not judged where the kind is too ``fast``."""
    return tuple(_kind(pairs, scale, kind, fast, tolerance, tails) for kind in KINDS)


def _kind(  # noqa: PLR0917 - what a kind is judged by
    pairs: Sequence[Pair], scale: Scale, kind: Kind, too_fast: TooFast, tolerance: float, tails: Tails
) -> KindImpact:
    estimates = [
        estimate_ratio(name, _logs(pairs, kind, name), tolerance, "pair of windows", _BOTH, tails) for name in QUANTILES
    ]
    fast = [one.quantile for one in estimates if one.verdict is not Verdict.PASS and kind in too_fast[one.quantile]]
    judged = tuple(replace(one, verdict=Verdict.INCONCLUSIVE) if one.quantile in fast else one for one in estimates)
    sizes = [part.count(kind) for pair in pairs for part in (*pair.quiet, pair.writing)]
    missing = [one.quantile for one in estimates if one.ratio is None]
    notes = []
    if missing:
        notes.append(
            f"at {', '.join(missing)} too few for a comparison of their own, as few as {min(sizes):,} a window"
        )
    absent = [name for name in QUANTILES if scale.combined[name] and kind not in scale.combined[name]]
    if absent:
        notes.append(f"not in the slowdown at {', '.join(absent)}")
    if fast:
        notes.append(f"at {', '.join(fast)} as fast as the load generator's own delay, so not judged")
    return KindImpact(kind, sum(sizes), min(sizes), judged, "; ".join(notes))


def _logs(pairs: Sequence[Pair], kind: Kind, name: Quantile) -> list[float]:
    logs = []
    for pair in pairs:
        above, below = pair.writing.at(kind, name), [part.at(kind, name) for part in pair.quiet]
        known = [math.log(max(1, value)) for value in below if value is not None]
        if above is not None and known and len(known) == len(below):
            logs.append(math.log(max(1, above)) - sum(known) / len(known))
    return logs


def answer_mix(pairs: Sequence[Pair]) -> AnswerMix | None:
    """How the kinds are mixed in the windows that are compared; None when one of them holds nothing."""
    quiet = {kind: _all([part for pair in pairs for part in pair.quiet], kind) for kind in KINDS}
    writing = {kind: sum(pair.writing.count(kind) for pair in pairs) for kind in KINDS}
    before, after = (len(quiet["200"]), len(quiet["304"])), (writing["200"], writing["304"])
    if not sum(before) or not sum(after):
        return None
    shares = before[0] / sum(before), after[0] / sum(after)
    usual = cost = None
    if all(before):
        rising = tuple(np.sort(quiet[kind]) for kind in KINDS)
        at = [_middle(rising, (share / before[0], (1 - share) / before[1])) for share in shares]
        usual, cost = at[0], at[1] - at[0]
    text = (
        f"While writing, {units.share(shares[1])} of the reads had to fetch the whole document, against "
        f"{units.share(shares[0])} while quiet"
    )
    if abs(shares[1] - shares[0]) < LEAST_CHANGE:
        text += ": the kinds of answer were mixed alike"
    elif cost is not None:
        adds = f"adds {units.duration(cost)} to" if cost >= 0 else f"takes {units.duration(-cost)} from"
        text += f": that alone {adds} the p50 of all reads together, and is not a slowdown of the target"
    return AnswerMix(round(shares[0], 9), round(shares[1], 9), usual, cost, f"{text}.")


def _all(parts: list[Stretch], kind: Kind) -> Column:
    return np.concatenate([part.times[kind] for part in parts])


def _middle(rising: tuple[Column, ...], weights: tuple[float, ...]) -> int:
    """The least time up to which half of the weight lies; ``weights`` are those of a value of each column."""

    def weight_up_to(time: int) -> float:
        return sum(weight * up_to(times, time) for times, weight in zip(rising, weights, strict=True))

    low, high = (int(pick(int(times[end]) for times in rising)) for pick, end in ((min, 0), (max, -1)))
    half = weight_up_to(high) / 2 * (1 - 1e-9)
    return low + bisect_left(range(low, high), True, key=lambda time: weight_up_to(time) >= half)
