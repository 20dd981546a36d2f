"""Runs whose windows are made up (quantiles with a given noise, level and drift), and the rows of comparing them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from loadtest.compare.comparison import compare
from loadtest.compare.rows import Row
from loadtest.run.records import Verdict
from loadtest.summary.speed import WindowRow
from loadtest.summary.summary import Summary
from loadtest.units import SECOND


def with_windows(
    summary: Summary,
    *,
    seed: int = 0,
    pairs: int = 30,
    quiet: float = 1.0,
    writing: float = 1.0,
    noise: float = 0.02,
    drift: Callable[[float], float] = lambda _: 0.0,
) -> Summary:
    """``summary`` as another run, one for each ``seed``, with made-up windows of 2 s.

    ``quiet`` and ``writing`` are factors of the level, ``drift`` is added to its logarithm at a time (s), ``noise`` is
    the standard deviation of the logarithm of each quantile.
    """
    random = np.random.default_rng(seed)
    windows = []
    for index in range(2 * pairs):
        is_writing = (index % 2) ^ (index // 2 % 2)
        level = (writing if is_writing else quiet) * np.exp(drift(2.0 * index))
        p50, p90, p99 = (int(ns * level * np.exp(noise * random.normal())) for ns in (5e6, 8e6, 12e6))
        kind = "writing" if is_writing else "quiet"
        start = 2 * index * SECOND
        windows.append(WindowRow(index, index // 2, kind, start, start + SECOND, 300, 3, p50, p90, p99, ""))
    run = replace(summary.run, id=f"{seed:012x}")
    return replace(summary, run=run, impact=replace(summary.impact, windows=tuple(windows)))


def rows(base: Summary, new: Summary, group: str, tolerance: float = 1.07) -> dict[str, Row]:
    found = compare(base, new, tolerance)
    return {row.name: row for part in found.groups if part.title == group for row in part.rows}


def verdicts(base: Summary, new: Summary, group: str, tolerance: float = 1.07) -> set[Verdict | None]:
    return {row.verdict for row in rows(base, new, group, tolerance).values()}
