"""Do windows of one kind depend on what came before them? Pairs with a window after a writing one, against the others.

If writes leave nothing behind, the ratio of a pair does not depend on what came just before its windows. If they do, a
quiet window right after a writing one is slower than one after a quiet one. The two groups of pairs are compared by the
test of Mann and Whitney, at 1 % for all comparisons together. It sees effects that last about as long as a window. An
effect that lasts much longer is in all windows alike, and only rests show it (:mod:`loadtest.judge.measure.after_put`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.statistics.distributions import normal_quantile
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile
from loadtest.judge.statistics.signed_rank import thinned
from loadtest.run.history.history import Column
from loadtest.run.records import WindowKind

LEAST_PAIRS: Final = 4
"""Pairs in each of the two groups."""
MOST_PAIRS: Final = 2_000
"""So many of each group are used, as every pair of one group is compared with every pair of the other."""
_CHANCE: Final = 0.01


@dataclass(frozen=True)
class Placed:
    """One pair of a quiet and a writing window: the logarithms of its ratios, and what came before each of them."""

    logs: dict[Quantile, float]
    before_quiet: int | None  # WindowKind; None: nothing
    before_writing: int | None


def unlike_windows(pairs: Sequence[Placed], tolerance: float) -> str:
    """Why windows of one kind are not alike; "" when no difference shows."""
    z = normal_quantile(1 - _CHANCE / (2 * 2 * len(QUANTILES)))
    for kind in ("quiet", "writing"):
        after = [pair for pair in pairs if _before(pair, kind) == WindowKind.WRITING]
        other = [pair for pair in pairs if _before(pair, kind) in (WindowKind.QUIET, WindowKind.REST)]
        for name in QUANTILES:
            first, second = (np.array([p.logs[name] for p in group if name in p.logs]) for group in (after, other))
            first, second = thinned(first, MOST_PAIRS), thinned(second, MOST_PAIRS)
            if min(len(first), len(second)) < LEAST_PAIRS or abs(deviation(first, second)) < z:
                continue
            change = float(np.median(first[:, None] - second[None, :]))
            if abs(change) >= math.log(tolerance) / 4:
                times = math.exp(-change if kind == "quiet" else change)
                return (
                    f"{kind} windows that follow a writing one are {units.ratio(times)} as slow at {name} as those "
                    "that do not, so writes leave something behind for as long as a window lasts"
                )
    return ""


def _before(pair: Placed, kind: str) -> int | None:
    return pair.before_quiet if kind == "quiet" else pair.before_writing


def deviation(first: Column, second: Column) -> float:
    """How far Mann and Whitney's U is from its mean, in standard deviations; half a step is taken off (continuity)."""
    larger = float(np.sum(first[:, None] > second[None, :]) + np.sum(first[:, None] == second[None, :]) / 2)
    count, other = len(first), len(second)
    off = larger - count * other / 2
    spread = math.sqrt(count * other * (count + other + 1) / 12)
    return math.copysign(max(0.0, abs(off) - 0.5), off) / spread
