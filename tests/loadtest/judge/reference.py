"""The definitions, taken literally: loops over pairs of operations, and all orders tried. Slow, short, and apart.

Nothing here is shared with the code that is tested: operations are plain tuples made from the text of a history.
"""

import itertools
import math
from functools import cache
from typing import NamedTuple

from history_language import Tables

from loadtest.run.history import History
from loadtest.run.records import NEVER_RETURNED, ReadOutcome, WriteOutcome


class Op(NamedTuple):
    called: float
    returned: float
    version: int
    kind: str  # "acked", "unknown", "refused", "read"
    session: tuple[int, int] = (0, 0)


def operations(source: Tables | History) -> tuple[list[Op], list[Op]]:
    """Writes by version, and reads that name a version, in order of call."""
    if isinstance(source, tuple):
        reads, writes, _ = source
        reads = sorted(reads, key=lambda read: int(read["called_ns"]))
    else:
        names = ("worker", "session", "called_ns", "returned_ns", "version", "outcome")
        reads = [
            dict(zip(names, row, strict=True)) for row in zip(*(getattr(source.reads, n) for n in names), strict=True)
        ]
        names = ("called_ns", "returned_ns", "version", "outcome")
        writes = [
            dict(zip(names, row, strict=True)) for row in zip(*(getattr(source.writes, n) for n in names), strict=True)
        ]
    kinds = {WriteOutcome.ACKED: "acked", WriteOutcome.UNKNOWN: "unknown", WriteOutcome.REFUSED: "refused"}
    put = [
        Op(
            int(write["called_ns"]),
            math.inf if write["returned_ns"] == NEVER_RETURNED else int(write["returned_ns"]),
            int(write["version"]),
            kinds[WriteOutcome(int(write["outcome"]))],
        )
        for write in writes
    ]
    saying = (
        ReadOutcome.WHOLE,
        ReadOutcome.NOT_MODIFIED,
        ReadOutcome.ETAG_MISMATCH,
        ReadOutcome.NOT_MODIFIED_WITH_BODY,
    )
    got = [
        Op(
            int(read["called_ns"]),
            int(read["returned_ns"]),
            int(read["version"]),
            "read",
            (int(read["worker"]), int(read["session"])),
        )
        for read in reads
        if read["outcome"] in saying and read["version"] >= 0
    ]
    return put, got


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
    return sum(
        newer.kind == "acked"
        and newer.version > read.version
        and over(read.version, writes, reads) < newer.called
        and precedes(newer, read)
        for newer in writes
    )


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
    return any(
        precedes(earlier, read)
        and earlier.version > read.version
        and over(read.version, writes, reads) < writes[earlier.version].called
        and (not same_session or earlier.session == read.session)
        for earlier in legitimate(writes, reads)
    )


def conflict_sizes(writes: list[Op], reads: list[Op]) -> dict[tuple[int, int], float]:
    """By how much two versions are each before the other: an operation of each precedes one of the other by so much.

    Only pairs that are in conflict, the smaller version first.
    """
    sizes = {}
    of = {
        write.version: [write, *(read for read in legitimate(writes, reads) if read.version == write.version)]
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
    must = frozenset(place for place, operation in enumerate(everything) if operation.kind != "unknown")

    @cache
    def possible(done: frozenset[int], current: int) -> bool:
        if must <= done:
            return True
        left = [place for place in range(len(everything)) if place not in done]
        for place in left:
            operation = everything[place]
            if any(precedes(everything[other], operation) for other in left if other != place):
                continue
            if operation.kind == "read":
                if operation.version == current and possible(done | {place}, current):
                    return True
            elif possible(done | {place}, operation.version):
                return True
        return False

    return possible(frozenset(), -1)
