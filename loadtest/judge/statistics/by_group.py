"""The values of groups of reads, and order statistics of several groups together, with each group sorted only once.

Most populations of a report are unions of the same few groups (reads that were answered 200 or 304, and were due in a
quiet window or in a writing one), so a group is sorted once for all populations that it is part of.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from loadtest.judge.statistics.quantiles import PER_MILLE, enough, quantiles_of, rank
from loadtest.run.history.blocks import blocks, side_by_side
from loadtest.run.history.history import Column
from loadtest.summary.speed import Quantiles

FEW_VALUES: Final = 2**15
"""Of so many, selecting among a copy of all takes less time than the hundreds of steps of a bisection."""


def by_group(group: Column, count: int, *values: Callable[[slice], Column]) -> list[list[Column]]:
    """What each of ``values`` returns for the members of each group 0 … ``count`` - 1, in their order.

    A negative group number stands for no group. The columns are copies, so they may be sorted in place.
    """
    parts = list(blocks(len(group)))
    sizes = np.array(side_by_side(lambda block: _sizes(group[block], count), parts, len(group)), dtype=np.int64)
    sizes = sizes.reshape(len(parts), count)
    ends = np.cumsum(sizes.sum(axis=0))
    begins = np.concatenate([[0], ends])[:-1] + np.cumsum(sizes, axis=0) - sizes  # of each block's share of a group
    rooms = [np.empty(int(ends[-1]) if count else 0, dtype=make(slice(0, 0)).dtype) for make in values]

    def fill(number: int) -> None:
        block, held = parts[number], np.flatnonzero(sizes[number])
        order = _order(group[block])
        shares = list(zip(begins[number, held].tolist(), sizes[number, held].tolist(), strict=True))
        for room, make in zip(rooms, values, strict=True):
            ordered, done = make(block)[order], 0
            for begin, size in shares:
                room[begin : begin + size] = ordered[done : done + size]
                done += size

    side_by_side(fill, range(len(parts)), len(group))
    return [np.split(room, ends[:-1]) if count else [] for room in rooms]


def _sizes(group: Column, count: int) -> Column:
    """How many members of a block each group has."""
    return np.bincount(group[group >= 0], minlength=count)


def _order(group: Column) -> slice | Column:
    """The members of a block by group, without those of none."""
    if not len(group) or (group[0] >= 0 and bool(np.all(group[1:] >= group[:-1]))):
        return slice(None)
    order: Column = np.argsort(group, kind="stable")
    return order[int(np.count_nonzero(group < 0)) :]


def quantiles_together(rising: Sequence[Column]) -> Quantiles:
    columns = [column for column in rising if len(column)]
    if columns and sum(map(len, columns)) <= FEW_VALUES:
        return quantiles_of(np.concatenate(columns))
    found = {f"{name}_ns": quantile_together(columns, per_mille) for name, per_mille in PER_MILLE.items()}
    most = max((int(column[-1]) for column in columns), default=None)
    return Quantiles(count=sum(map(len, columns)), max_ns=most, **found)


def quantile_together(rising: Sequence[Column], per_mille: int) -> int | None:
    """One quantile of all values of several rising columns, none of them empty; None when there are too few.

    It lies between the least and the greatest of the columns' own quantiles: below the least, each column holds less
    than its share; up to the greatest, each holds its share. Bisection finds it between them.
    """
    count = sum(map(len, rising))
    if not enough(count, per_mille):
        return None
    wanted = rank(count, per_mille) + 1
    own = [int(column[rank(len(column), per_mille)]) for column in rising]
    low, high = min(own), max(own)

    def is_enough(value: int) -> bool:
        return sum(up_to(column, value) for column in rising) >= wanted

    return low + bisect_left(range(low, high), True, key=is_enough)


def up_to(rising: Column, value: int) -> int:
    """How many of the ``rising`` values do not exceed ``value``, which their type must hold.

    For a value of another type NumPy would search a copy of the whole column.
    """
    return int(np.searchsorted(rising, rising.dtype.type(value), "right"))
