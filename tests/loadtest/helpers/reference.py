"""The definitions, taken literally: loops over pairs of operations, and all orders tried. Slow, short, and apart.

Nothing here is shared with the code that is tested: operations are plain tuples made from the text of a history.
"""

import itertools
import math
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from history_language import Tables

from loadtest.run.records import NEVER_RETURNED, ReadOutcome, WriteOutcome


class Op(NamedTuple):
    called: float
    returned: float
    version: int
    kind: str  # "acked", "unknown", "refused", "read"
    session: tuple[int, int] = (0, 0)


KINDS = {WriteOutcome.ACKED: "acked", WriteOutcome.UNKNOWN: "unknown", WriteOutcome.REFUSED: "refused"}
NAMING_A_VERSION = (
    *(ReadOutcome.WHOLE, ReadOutcome.NOT_MODIFIED),
    *(ReadOutcome.ETAG_MISMATCH, ReadOutcome.NOT_MODIFIED_WITH_BODY),
)


def operations(tables: Tables) -> tuple[list[Op], list[Op]]:
    """Writes by version, and reads that name a version, in order of call."""
    reads, writes, _ = tables
    put = [
        Op(called, math.inf if returned == NEVER_RETURNED else returned, version, KINDS[outcome])
        for called, returned, version, outcome in rows(writes, "called_ns", "returned_ns", "version", "outcome")
    ]
    names = ("called_ns", "returned_ns", "version", "outcome", "worker", "session")
    got = [
        Op(called, returned, version, "read", (worker, session))
        for called, returned, version, outcome, worker, session in rows(reads, *names)
        if outcome in NAMING_A_VERSION and version >= 0
    ]
    return put, sorted(got, key=lambda read: read.called)


def rows(table: np.ndarray, *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)


def precedes(first: Op, second: Op) -> bool:
    return first.returned < second.called


def is_phantom(read: Op, writes: list[Op]) -> bool:
    of = [write for write in writes if write.version == read.version and write.kind != "refused"]
    return not of or read.returned < of[0].called


def legitimate(writes: list[Op], reads: list[Op]) -> list[Op]:
    return [read for read in reads if not is_phantom(read, writes)]


def over(version: int, writes: list[Op], reads: list[Op]) -> float:
    """When the write of ``version`` had certainly taken effect."""
    proofs = [read.returned for read in legitimate(writes, reads) if read.version == version]
    return min([writes[version].returned, *proofs])


def staleness_k(read: Op, writes: list[Op], reads: list[Op]) -> int:
    if is_phantom(read, writes):
        return 0
    since = over(read.version, writes, reads)
    newer = [write for write in writes if write.kind == "acked" and write.version > read.version]
    return sum(since < write.called and precedes(write, read) for write in newer)


def lost_writes(writes: list[Op], reads: list[Op]) -> tuple[set[int], set[int]]:
    """Acknowledged versions after the first that were passed over: lost ones, and overtaken ones."""
    lost, overtaken = set(), set()
    returned = {read.version for read in legitimate(writes, reads)}
    for write in writes[1:]:
        later = [other for other in writes if other.version > write.version and other.kind != "refused"]
        if write.kind != "acked" or write.version in returned or not any(other.version in returned for other in later):
            continue
        between = [
            read
            for read in legitimate(writes, reads)
            if precedes(write, read) and precedes(read, later[0]) and staleness_k(read, writes, reads)
        ]
        (lost if between else overtaken).add(write.version)
    return lost, overtaken


def is_inversion(read: Op, writes: list[Op], reads: list[Op], *, same_session: bool) -> bool:
    if is_phantom(read, writes):
        return False
    since = over(read.version, writes, reads)
    return any(
        precedes(earlier, read)
        and earlier.version > read.version
        and since < writes[earlier.version].called
        and (not same_session or earlier.session == read.session)
        for earlier in legitimate(writes, reads)
    )


def conflict_sizes(writes: list[Op], reads: list[Op]) -> dict[tuple[int, int], float]:
    """By how much two versions are each before the other: an operation of each precedes one of the other by so much.

    Only pairs that are in conflict, the smaller version first.
    """
    sizes, legitimate_reads = {}, legitimate(writes, reads)
    of = {
        write.version: [write, *(read for read in legitimate_reads if read.version == write.version)]
        for write in writes
        if write.kind != "refused"
    }
    for one, other in itertools.combinations(sorted(of), 2):
        ahead = max(later.called - earlier.returned for earlier in of[one] for later in of[other])
        behind = max(later.called - earlier.returned for earlier in of[other] for later in of[one])
        if min(ahead, behind) > 0:
            sizes[one, other] = min(ahead, behind)
    return sizes


def is_atomic(writes: list[Op], reads: list[Op]) -> bool:
    """Whether all operations can be put in one order: tries every linearization point, one after the other."""
    if any(is_phantom(read, writes) for read in reads):
        return False
    everything = [write for write in writes if write.kind != "refused"] + reads
    must = sum(1 << place for place, operation in enumerate(everything) if operation.kind != "unknown")
    before = [sum(1 << place for place, other in enumerate(everything) if precedes(other, one)) for one in everything]

    @cache
    def possible(done: int, current: int) -> bool:
        """Whether the rest can follow those that are ``done`` (a bit for each), after which a version is current."""
        if must & ~done == 0:
            return True
        for place, operation in enumerate(everything):
            if done >> place & 1 or before[place] & ~done:
                continue
            fits = operation.kind != "read" or operation.version == current
            if fits and possible(done | 1 << place, operation.version):
                return True
        return False

    return possible(0, -1)
