"""Rests: their reads by the time since the last PUT, and their ends, which give the level that no PUT touches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from loadtest.judge.measure.flights import flights
from loadtest.judge.measure.like_with_like import Scale, Stretch, stretch
from loadtest.judge.statistics.ratio_estimate import Quantile
from loadtest.run.history.history import Column, History

LEAST_RESTS: Final = 3


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


def untouched_level(scale: Scale, pieces: Sequence[Stretch], quantile: Quantile) -> float | None:
    """Logarithm of the untouched level: the mean over its pieces."""
    values = [scale.value(piece, quantile) for piece in pieces]
    known = [math.log(max(1.0, value)) for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
