"""Work on long columns a block at a time, the blocks on as many cores as there are.

An operation on ten million values makes temporary columns of 80 MB, each of which the system has to map and clear
anew; that takes longer than the arithmetic. A block's temporaries stay in a core's cache. NumPy lets go of the
interpreter while it works, so blocks are made beside each other by threads; what comes of them keeps their order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

BLOCK: Final = 2**17
_MOST_THREADS: Final = 8
"""Each has temporaries of its own; memory is slower than so many cores."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def blocks(count: int) -> Iterator[slice]:
    """Slices that cover ``count`` rows."""
    for start in range(0, count, BLOCK):
        yield slice(start, min(start + BLOCK, count))


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item], rows: int, *, a_core: int = 1) -> list[Result]:
    """``work`` of each item, in their order; made by ``a_core`` threads for each core that this process may use.

    ``rows`` is how many all of them are about. Up to a block of them, threads take more time than they save.
    """
    todo = list(items)
    if rows <= BLOCK:
        return [work(item) for item in todo]
    cores = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2, _MOST_THREADS)
    threads = min(len(todo), cores * a_core) if cores > 1 else 1
    if threads < 2:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, todo))


def each_block(count: int, work: Callable[[slice], Result]) -> list[Result]:
    """``work`` of each block of ``count`` rows, in their order."""
    return side_by_side(work, blocks(count), count)


def in_blocks(count: int, dtype: DTypeLike, make: Callable[[slice], NDArray[Any]]) -> NDArray[Any]:
    """A column of ``count`` values, made block by block."""
    column = np.empty(count, dtype=dtype)

    def fill(block: slice) -> None:
        column[block] = make(block)

    each_block(count, fill)
    return column


def joined(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Numbers of rows that were found part by part, as one column."""
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def flagged(count: int, flags: Callable[[slice], NDArray[Any]]) -> NDArray[Any]:
    """The rows, by number, that ``flags`` tells of, found block by block."""
    return joined(each_block(count, lambda block: np.flatnonzero(flags(block)) + block.start))


def durations(count: int, make: Callable[[slice], NDArray[Any]]) -> NDArray[Any]:
    """A column of ``count`` durations in ns, made block by block; of 32 bits if all fit, as they do below two seconds.

    It takes half the memory then, and half the time to sort.
    """
    column = np.empty(count, dtype=np.int32)

    def fits(block: slice) -> bool:
        made = make(block)
        column[block] = made
        return bool(np.array_equal(column[block], made))

    return column if all(each_block(count, fits)) else in_blocks(count, np.int64, make)


def places(rising: NDArray[Any], values: NDArray[Any], side: str = "left") -> NDArray[Any]:
    """``np.searchsorted(rising, values, side)`` of a block, whose values lie near each other and mostly rise.

    Only the part of ``rising`` that the values reach is searched; where they rise, it is looked up in them instead.
    """
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    least, most = (int(end) for end in (values.min(), values.max()))
    first, last = int(np.searchsorted(rising, least, side)), int(np.searchsorted(rising, most, side))  # type: ignore[call-overload]
    part = rising[first:last]
    if not len(part):
        return np.full(len(values), first, dtype=np.int64)
    if len(part) < len(values) and bool(np.all(values[1:] >= values[:-1])):
        begins = np.searchsorted(values, part, "right" if side == "left" else "left")
        return np.repeat(np.arange(first, last + 1), np.diff(np.concatenate([[0], begins, [len(values)]])))
    found: NDArray[Any] = np.searchsorted(part, values, side) + first  # type: ignore[call-overload]
    return found


def count_of_each(values: NDArray[Any], minlength: int = 0) -> NDArray[Any]:
    """``np.bincount``: how often each of the small whole numbers in ``values`` occurs."""
    parts = each_block(len(values), lambda block: np.bincount(values[block]))
    counts = np.zeros(max([minlength, *map(len, parts)]), dtype=np.int64)
    for part in parts:
        counts[: len(part)] += part
    return counts


def rising_run(numbers: NDArray[Any]) -> slice | NDArray[Any]:
    """Rising ``numbers`` as a slice where none is left out between them, for what it takes is not copied."""
    if len(numbers) and int(numbers[-1]) - int(numbers[0]) + 1 == len(numbers):
        return slice(int(numbers[0]), int(numbers[-1]) + 1)
    return numbers
