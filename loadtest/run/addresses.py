"""Several addresses of one object: who reads at which, and which reads are due at which.

The gateway and the CDN in front of it, say. A reader keeps to one address: its cache holds what that address sent, and
what a reader is promised (never to go back) is promised by the address that it asks. Each address has reads of its own
that are due, in the share of its weight, so that one that freezes makes its own reads late and nobody else's few.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from loadtest.run.entity_tags import SpooledReads, name_versions
from loadtest.run.records import SEVERAL_ADDRESSES_FORMAT

Array = np.ndarray[Any, np.dtype[Any]]

MOST_ADDRESSES: Final = 8
LARGEST_WEIGHT: Final = 1_000


def turns(weights: Sequence[int]) -> tuple[int, ...]:
    """Whose turn it is, again and again: each address as often as its weight says, and as evenly as can be.

    The smooth weighted round robin of nginx (``ngx_http_upstream_round_robin``).
    """
    divisor = math.gcd(*weights)
    parts = [weight // divisor for weight in weights]
    current, order = [0] * len(parts), []
    for _ in range(sum(parts)):
        current = [value + part for value, part in zip(current, parts, strict=True)]
        chosen = current.index(max(current))
        current[chosen] -= sum(parts)
        order.append(chosen)
    return tuple(order)


def due_at(address: int, weights: Sequence[int], due: Iterator[int]) -> Iterator[int]:
    """Those of the reads that are due which are to be made at one of the addresses."""
    if len(weights) < 2:
        return due
    return itertools.compress(due, itertools.cycle([turn == address for turn in turns(weights)]))


def next_reader(readers: Sequence[int], weights: Sequence[int]) -> int:
    """The address of the next reader, given how many each has: first one each, then whoever lacks most of its share."""
    if 0 in readers:
        return list(readers).index(0)
    every, total = sum(readers) + 1, sum(weights)
    lacking = [weight * every / total - count for weight, count in zip(weights, readers, strict=True)]
    return lacking.index(max(lacking))


def format_of(addresses: int, usual: int) -> int:
    """The format of a run: programs that do not know of addresses would judge all reads together, and must not."""
    return SEVERAL_ADDRESSES_FORMAT if addresses > 1 else usual


def name_versions_apart(
    parts: list[SpooledReads],
    put: Mapping[str, Iterable[int]],
    on_one_clock: Callable[[Array], Array] = lambda reads: reads,
) -> Array:
    """The reads of a run with their ETags told as versions, those of each address for themselves.

    A CDN may have ETags of its own, and a reader never sends one address's ETag to another.
    """
    addresses = {int(address) for part in parts for address in np.unique(part.records["address"])}
    if len(addresses) < 2:
        return name_versions(parts, put, on_one_clock)
    apart = (
        [part._replace(records=part.records[part.records["address"] == address]) for part in parts]
        for address in sorted(addresses)
    )
    return np.concatenate([name_versions(own, put, on_one_clock) for own in apart])
