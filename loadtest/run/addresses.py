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

from loadtest.run.etags.versions_named import SpooledReads, name_versions
from loadtest.run.records import SEVERAL_ADDRESSES_FORMAT, SEVERAL_OBJECTS_FORMAT

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


def format_of(target: Mapping[str, Any], usual: int) -> int:
    """The format of a run: programs that do not know of addresses, or objects, would judge all together, and must not.

    ``target`` is as in ``run.json``.
    """
    addresses = target.get("addresses") or ()
    if any("object_key" in address for address in addresses):
        return SEVERAL_OBJECTS_FORMAT
    return SEVERAL_ADDRESSES_FORMAT if len(addresses) > 1 else usual


def object_numbers(target: Mapping[str, Any]) -> tuple[int, ...]:
    """For each address the number of its object, by its key; empty where all are of one. As in ``run.json``."""
    said = target.get("addresses")
    keys = [str(one.get("object_key")) for one in (said if isinstance(said, list) else ()) if isinstance(one, dict)]
    places = list(dict.fromkeys(keys))
    return tuple(places.index(key) for key in keys) if len(places) > 1 else ()


def name_versions_apart(
    parts: list[SpooledReads],
    put: Mapping[str, Iterable[int]],
    on_one_clock: Callable[[Array], Array] = lambda reads: reads,
    objects: Sequence[int] = (),
) -> Array:
    """The reads of a run with their ETags told as versions, those of each address for themselves.

    A CDN may have ETags of its own, and a reader never sends one address's ETag to another. ``objects`` are the numbers
    of those that the addresses are of, in a run of several.
    """
    addresses = {int(address) for part in parts for address in np.unique(part.records["address"])}
    if not addresses or (len(addresses) < 2 and not objects):
        return name_versions(parts, put, on_one_clock)
    named = []
    for address in sorted(addresses):
        own = [part._replace(records=part.records[part.records["address"] == address]) for part in parts]
        told = _of_object_first(put, objects, address) if objects else put
        named.append(name_versions(own, told, on_one_clock))
    return np.concatenate(named)


def _of_object_first(put: Mapping[str, Iterable[int]], objects: Sequence[int], address: int) -> dict[str, list[int]]:
    """What an ETag names at an address: a version of its own object if it was told for one, else of whichever it was.

    A store may count the versions of each object: then one ETag is told for a version of each.
    """
    number, count = objects[address], max(objects) + 1
    told = {tag: list(versions) for tag, versions in put.items()}
    own = {tag: [version for version in versions if version % count == number] for tag, versions in told.items()}
    return {tag: own[tag] or versions for tag, versions in told.items()}
