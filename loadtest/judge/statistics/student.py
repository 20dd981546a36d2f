"""Mean and interval of a few values, by Student's t distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from loadtest.judge.statistics.distributions import student_quantile
from loadtest.judge.statistics.signed_rank import Shift

LEAST_VALUES: Final = 3


def student(values: Sequence[float], confidence: float) -> Shift | None:
    """Mean and interval of a few values; None of fewer than three."""
    count = len(values)
    if count < LEAST_VALUES:
        return None
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    reach = quantile(count, confidence) * deviation / math.sqrt(count)
    return Shift(mean, mean - reach, mean + reach)


def quantile(count: int, confidence: float) -> float:
    """How many standard deviations of a mean of ``count`` values an interval reaches to either side."""
    return student_quantile(count - 1, (1 + confidence) / 2)
