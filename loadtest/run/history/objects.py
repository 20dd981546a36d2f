"""Several objects in one run: which write and which address is of which, and each one's part of the history.

A gateway may serve several documents, each from an object of its own. One writer replaces them in turn, one PUT in
flight at a time, and all writes share one sequence of versions: version v of n objects is object v mod n's own version
v div n. So a body names the object that it was written to along with its version, and a run has one journal, one table
of writes and one History, however many objects it has. (Every due time takes the next version, and a PUT that is left
out takes none, so the turn follows from the version alone and is nowhere said a second time.)

**Judged apart.** What is promised of versions is promised by each object for itself. The History of one object has the
reads at its addresses and its own writes, both by its own versions; what judges a run of one object judges it. What is
not about versions (speed, errors, the load generator) is judged of all reads together as well, and the worst verdict
counts (:mod:`loadtest.judge.objects`).

**A crossed mapping.** A whole document of this run that was written to another object than the address serves is told
while reading, by its version (:mod:`loadtest.run.documents.of_object`), and is ``OTHER_OBJECT``: no version, nothing
that a reader keeps or asks with, and none of the documents that it may get, so that the run FAILs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from loadtest.run.history.history import Column, History, Writes
from loadtest.run.records import NO_VERSION, UNKNOWN_VERSION

_NOT_ITS_OWN: Final = {"version": NO_VERSION, "etag_version": UNKNOWN_VERSION, "sent_version": UNKNOWN_VERSION}
"""What stands for the version of another object: what an ETag of it names is not known to this one."""


def history_of_object(history: History, number: int) -> History:
    """The part of a run that one of its objects has: the reads at its addresses and its own writes, by own versions."""
    info = history.info
    addresses, count = tuple(info.objects.values()), len(info.objects)
    own = addresses[number]
    place = np.zeros(len(info.addresses), dtype=history.reads.address.dtype)
    place[list(own)] = np.arange(len(own))
    reads = history.reads.chosen(np.isin(history.reads.address, own))
    renamed = {name: _own_versions(getattr(reads, name), number, count, other) for name, other in _NOT_ITS_OWN.items()}
    return replace(
        history,
        info=info.of_object(number),
        reads=replace(reads, address=place[reads.address], **renamed),
        writes=_own_writes(history.writes, number, count),
        began_ns=history.origin_ns,
        _made={},
        _being_made={},
    )


def _own_versions(versions: Column, number: int, count: int, other: int) -> Column:
    """Versions of the run as one object counts its own; what is no version stays what it is."""
    own = np.where(versions % count == number, versions // count, other)
    return np.where(versions >= 0, own, versions).astype(versions.dtype)


def _own_writes(writes: Writes, number: int, count: int) -> Writes:
    every = slice(number, None, count)
    columns: dict[str, Any] = {
        name: np.ascontiguousarray(column[every]) if isinstance(column, np.ndarray) else column[every]
        for name, column in vars(writes).items()
    }
    columns["version"] = np.arange(len(columns["version"]), dtype=writes.version.dtype)
    return Writes(**columns)
