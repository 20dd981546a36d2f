"""How large a likelihood ratio is by chance: simulated for flat series, and kept as two numbers for each length.

``python -m benchmarks.trend_simulation --calibrate`` makes them from series of AR(1) noise with phi 0, 0.3, 0.5 and
0.7, with outliers pulled in as in every series. Beyond its 95th percentile, the maximum falls off exponentially, so the
percentile and the mean excess over it give the chance of any value. The numbers are those of the worst phi.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Final

STEPS: Final = {
    10: (13.0, 3.26),
    12: (13.4, 3.10),
    15: (13.6, 3.05),
    20: (13.7, 2.60),
    30: (13.4, 2.63),
    40: (13.2, 2.66),
    60: (12.9, 2.48),
    80: (12.8, 2.38),
    120: (12.7, 2.40),
}
"""Runs: the 95th percentile of the best step's ratio, and the mean excess over it."""
BUMPS: Final = {
    10: (9.9, 3.30),
    12: (13.0, 3.38),
    15: (14.9, 3.34),
    20: (16.9, 3.45),
    30: (18.2, 2.92),
    40: (18.7, 2.58),
    60: (19.6, 2.52),
    80: (19.7, 2.64),
    120: (20.2, 2.60),
}
TAIL: Final = 0.05


def p_value(ratio: float, runs: int, *, bumps: bool) -> float:
    """The chance of such a ratio, or a larger one, in a flat series of that many runs."""
    percentile, excess = _between(BUMPS if bumps else STEPS, runs)
    return min(1.0, TAIL * math.exp(-(ratio - percentile) / excess))


def _between(table: dict[int, tuple[float, float]], runs: int) -> tuple[float, float]:
    """The entry of a length, between its neighbours in the table."""
    lengths = list(table)
    place = min(max(bisect_right(lengths, runs), 1), len(lengths) - 1)
    low, high = lengths[place - 1], lengths[place]
    share = min(max((runs - low) / (high - low), 0.0), 1.0)
    first, second = table[low], table[high]
    return first[0] + share * (second[0] - first[0]), first[1] + share * (second[1] - first[1])
