"""Exact quantiles: order statistics of all values, never estimates from buckets.

The quantile q of n values is the smallest value that at least q · n of them do not exceed (nearest rank; Hyndman and
Fan 1996, definition 1; NumPy's ``inverted_cdf``). It is always a value that was measured. A quantile is only given when
at least one value lies beyond it: p99 of fewer than 100 values would be their maximum by another name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from loadtest.run.history.history import Column
from loadtest.summary.speed import Quantiles
from loadtest.summary.versions import Distribution

PER_MILLE: Final = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p999": 999}
DEFINITION: Final = (
    "Exact order statistics of all successful reads (200 with a whole document, and 304): the smallest measured value "
    "that at least the given share of the reads does not exceed; not given where fewer than one read lies beyond it. "
    "Service time is from the call to the return of a read, response time from the moment it was due to its return."
)


def rank(count: int, per_mille: int) -> int:
    """Place (from 0) of a quantile among ``count`` rising values; ``count`` must be positive."""
    return max(0, -(-count * per_mille // 1000) - 1)


def enough(count: int, per_mille: int) -> bool:
    """Whether at least one of ``count`` values lies beyond the quantile."""
    return count * (1000 - per_mille) >= 1000


def selected(values: Column, wanted: Sequence[int]) -> list[int | None]:
    """Quantiles (rising) of ``values``, whose order is changed: each is selected among what the one before left above.

    That takes a third of the time of sorting all of them.
    """
    found: list[int | None] = []
    begin = 0
    for per_mille in wanted:
        if not enough(len(values), per_mille):
            found.append(None)
            continue
        place = rank(len(values), per_mille)
        values[begin:].partition(place - begin)
        found.append(int(values[place]))
        begin = place
    return found


def quantiles(values: Column) -> Quantiles:
    """Quantiles of ``values``, in any order."""
    return quantiles_of(values.copy())


def quantiles_of(values: Column) -> Quantiles:
    """Quantiles of ``values``, whose order is changed."""
    most = int(values.max()) if len(values) else None
    return _named(selected(values, tuple(PER_MILLE.values())), len(values), most)


def _named(found: list[int | None], count: int, most: int | None) -> Quantiles:
    """``found`` in the order of ``PER_MILLE``."""
    return Quantiles(
        count=count, max_ns=most, **{f"{name}_ns": one for name, one in zip(PER_MILLE, found, strict=True)}
    )


def distribution(values: Column) -> Distribution:
    """Least, greatest and quantiles of a few durations. With few values a quantile is simply one of them."""
    rising = np.sort(values)
    at = [int(rising[rank(len(rising), per_mille)]) if len(rising) else None for per_mille in (500, 900, 990)]
    ends = (int(rising[0]), int(rising[-1])) if len(rising) else (None, None)
    return Distribution(len(rising), ends[0], at[0], at[1], at[2], ends[1])
