"""Work on long columns a block at a time.

An operation on ten million values makes temporary columns of 80 MB, each of which the system has to map and clear
anew; that takes longer than the arithmetic. A block's temporaries are small enough to be used again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

BLOCK: Final = 2**19


def blocks(count: int) -> Iterator[slice]:
    """Slices that cover ``count`` rows."""
    for start in range(0, count, BLOCK):
        yield slice(start, min(start + BLOCK, count))


def in_blocks(count: int, dtype: DTypeLike, make: Callable[[slice], NDArray[Any]]) -> NDArray[Any]:
    """A column of ``count`` values, made block by block."""
    column = np.empty(count, dtype=dtype)
    for block in blocks(count):
        column[block] = make(block)
    return column
