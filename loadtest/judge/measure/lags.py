"""Response time by the lag since the last PUT, rest by rest, as logarithms of ratios to the untouched level."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from loadtest.judge.measure.like_with_like import KINDS, LEAST_OF_KIND, Scale, Stretch, stretch
from loadtest.judge.measure.rests import LEAST_RESTS, Rest, untouched_level
from loadtest.judge.statistics.quantiles import PER_MILLE
from loadtest.judge.statistics.ratio_estimate import Quantile
from loadtest.judge.statistics.signed_rank import CONFIDENCE
from loadtest.judge.statistics.student import student
from loadtest.run.history.history import History

EDGES_NS: Final = (0, *(int(seconds * 1e9) for seconds in (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)))


class Look(NamedTuple):
    """One lag at one quantile: a logarithm of a ratio for each rest."""

    quantile: Quantile
    from_ns: int
    to_ns: int
    reads: int
    logs: list[float]

    def differs(self, confidence: float) -> bool:
        """Whether it differs from the untouched level, at this confidence."""
        shift = student(self.logs, confidence)
        return shift is not None and (shift.low > 0 or shift.high < 0)


def looks(history: History, rests: Sequence[Rest], scale: Scale) -> list[Look]:
    """All lags that hold enough reads, at each quantile."""
    last = min(rest.until_ns - rest.last_put_ns for rest in rests)
    edges = [edge for edge in EDGES_NS if edge < last] + [last]
    parts = [[_between(history, rest, a, b) for rest in rests] for a, b in itertools.pairwise(edges)]
    return [
        look
        for name in scale.combined
        for start, end in _enough(parts, name, scale)
        for look in [_look(history, rests, scale, name, edges[start], edges[end])]
        if look is not None
    ]


def _between(history: History, rest: Rest, from_ns: int, to_ns: int) -> Stretch:
    first, last = np.searchsorted(rest.due_ns, [rest.last_put_ns + from_ns, rest.last_put_ns + to_ns])
    return stretch(history, rest.members[first:last])


def _enough(parts: list[list[Stretch]], name: Quantile, scale: Scale) -> list[tuple[int, int]]:
    """Which edges to keep so that all rests have enough reads between two of them; what is left over joins the last."""
    kinds = scale.combined[name]
    need = max(LEAST_OF_KIND, 1000 // (1000 - PER_MILLE[name]))
    bins: list[tuple[int, int]] = []
    start, held = 0, np.zeros((len(parts[0]) if parts else 0, len(KINDS)), dtype=np.int64)
    for number, part in enumerate(parts):
        held += np.array([[stretch.count(kind) for kind in KINDS] for stretch in part])
        counts = held[:, [KINDS.index(kind) for kind in kinds]] if kinds else held.sum(axis=1, keepdims=True)
        if counts.size and counts.min() >= need:
            bins.append((start, number + 1))
            start, held = number + 1, np.zeros_like(held)
    if bins and start < len(parts):
        bins[-1] = (bins[-1][0], len(parts))
    return bins


def _look(  # noqa: PLR0917 - what a lag is
    history: History, rests: Sequence[Rest], scale: Scale, name: Quantile, from_ns: int, to_ns: int
) -> Look | None:
    logs, reads = [], 0
    for rest in rests:
        part = _between(history, rest, from_ns, to_ns)
        value, base = scale.value(part, name), untouched_level(scale, rest.pieces, name)
        if value is not None and base is not None:
            logs.append(math.log(max(1.0, value)) - base)
            reads += sum(part.count(kind) for kind in KINDS)
    return Look(name, from_ns, to_ns, reads, logs) if len(logs) >= LEAST_RESTS else None


def fading(rests: Sequence[Rest], scale: Scale) -> list[Look]:
    """The first piece of the untouched level against its last, at each quantile."""
    return [look for name in scale.combined for look in [_fading(rests, scale, name)] if look is not None]


def _fading(rests: Sequence[Rest], scale: Scale, name: Quantile) -> Look | None:
    logs = []
    for rest in rests:
        first, last = (untouched_level(scale, [piece], name) for piece in (rest.pieces[0], rest.pieces[-1]))
        if first is not None and last is not None and len(rest.pieces) > 1:
            logs.append(first - last)
    return Look(name, 0, 0, 0, logs) if len(logs) >= LEAST_RESTS else None


def surely_above(logs: Sequence[float], limit: float, tail: float) -> bool:
    """Whether the mean is above the limit, with a chance of at most ``tail`` that it is not."""
    shift = student(logs, 1 - 2 * tail)
    return shift is not None and shift.low > limit


def suspicious(logs: Sequence[float], limit: float, confidence: float = CONFIDENCE) -> bool:
    """Whether the estimate is above the limit, and not by chance: its own interval lies above "no difference"."""
    shift = student(logs, confidence)
    return shift is not None and shift.center > limit and shift.low > 0
