"""Drift, as the simulations make it: an AR(1) process, in which each value keeps a share of the one before."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np


def autoregressive(steps: Any, keep: float) -> Any:
    """``made[i] = keep * made[i - 1] + steps[i]``; of several series, one a row.

    SciPy's filter does that too, and is imported in more than a second.
    """
    share = float(keep)
    values = steps.tolist() if steps.ndim == 1 else steps.T
    return np.array(list(accumulate(values, lambda before, step: share * before + step))).T
