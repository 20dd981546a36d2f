"""Which version a document was when it was read, as proved by HEADs. ::

    HEAD        ▲ A   ▲ A   ▲ B   ▲ B        version 1 (B) came between the 2nd HEAD's call and the 3rd's return
    write 1           ├─────┤
    read           ├──┤ of A                 version 0
    read                    ├──┤ of A        version 0: may still be right, the two overlap
    read                          ├──┤ of A  version 0: stale, for B was there before the read was called

A document that was published more than once (A, B, A) is several versions. A read of it is the latest of these that it
can have been. If none can have been there at the time, the document was old, or was published once more between two
HEADs, so the read is *undecided*. The same holds for an old document that was read while something else may have been
published: a later version between two HEADs, or something that no HEAD saw. The old document may have come and gone
in that time. A document that no HEAD ever saw is *unseen* if all its reads fit between two HEADs, and undecided
otherwise.

Where ETags are not MD5s the same bytes may be published again under another ETag. Each is a version of its own, which a
read names by its ETag; but nobody who is served the one while the other is current is served anything old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from loadtest.run.records import UNDECIDED_VERSION, UNSEEN_VERSION

Array = np.ndarray[Any, np.dtype[Any]]


class Gaps(NamedTuple):
    """The stretches between HEADs in which something may have been published that no HEAD saw."""

    from_ns: Array
    to_ns: Array
    usual_ns: int
    """The longest time from the sending of a HEAD to the answer of the next, outside of these stretches."""


def place(  # noqa: PLR0917 - three columns of reads, and what they are held against
    versions: Sequence[Sequence[int]],
    document: Array,
    called_ns: Array,
    returned_ns: Array,
    writes: tuple[Array, Array],
    gaps: Gaps,
    alike: Mapping[int, Sequence[int]],
) -> Array:
    """The version of each read of a document (``document`` is an index of ``versions``), or why there is none.

    ``versions``: those of each document, rising; none for one that no HEAD saw. ``writes``: the call of the last HEAD
    that did not see each version, and the return of the first that did. ``alike``: for some documents the versions that
    have the same bytes under another ETag.
    """
    version_of_read = np.full(len(document), UNDECIDED_VERSION, dtype=np.int32)
    order = np.argsort(document, kind="stable")
    ends = np.searchsorted(document[order], np.arange(len(versions)), side="right")
    starts = np.searchsorted(document[order], np.arange(len(versions)), side="left")
    for number, (of, start, end) in enumerate(zip(versions, starts.tolist(), ends.tolist(), strict=True)):
        reads = order[start:end]
        if len(reads):
            own, same = (np.array(each, dtype=np.int64) for each in (of, alike.get(number, ())))
            placed = _of_document(own, called_ns[reads], returned_ns[reads], writes, gaps)
            old = (placed >= 0) & (called_ns[reads] > _replaced(np.maximum(placed, 0), writes[1]))
            there = old & _may_be_there(same, called_ns[reads], returned_ns[reads], writes)
            version_of_read[reads] = np.where(there, UNDECIDED_VERSION, placed)
    return version_of_read


def _of_document(own: Array, called: Array, returned: Array, writes: tuple[Array, Array], gaps: Gaps) -> Array:
    if not len(own):
        fits = _fits_in_one(int(returned.min()), int(called.max()), writes, gaps)
        return np.full(len(called), UNSEEN_VERSION if fits else UNDECIDED_VERSION, dtype=np.int32)
    came, replaced = writes[0][own], _replaced(own, writes[1])
    if len(own) == 1 and bool(np.all(returned >= came[0])):
        again = _meets(called, returned, gaps) | _meets_a_change(called, returned, writes, int(own[0]) + 2)
        hidden = (called > replaced[0]) & again
        return np.where(hidden, UNDECIDED_VERSION, own[0]).astype(np.int32)
    latest = np.searchsorted(came, returned, side="right") - 1
    there = (latest >= 0) & (called <= replaced[latest])
    placed: Array = np.where(there, own[latest], UNDECIDED_VERSION).astype(np.int32)
    return placed


def _may_be_there(versions: Array, called: Array, returned: Array, writes: tuple[Array, Array]) -> Array:
    """Whether one of some versions may have been the current one while each read was made."""
    there = np.zeros(len(called), dtype=np.bool_)
    for came, replaced in zip(writes[0][versions].tolist(), _replaced(versions, writes[1]).tolist(), strict=True):
        there |= (returned >= came) & (called <= replaced)
    return there


def _replaced(own: Array, seen_ns: Array) -> Array:
    """When each version had certainly been replaced."""
    never = np.iinfo(np.int64).max
    replaced: Array = np.append(seen_ns, never)[own + 1]
    return replaced


def _fits_in_one(first_ns: int, last_ns: int, writes: tuple[Array, Array], gaps: Gaps) -> bool:
    """Whether reads can share one gap: ``first_ns`` is the first return among them, ``last_ns`` the last call."""
    if last_ns - first_ns <= gaps.usual_ns:
        return True
    inside = (writes[0] <= first_ns) & (last_ns <= writes[1])
    hidden = (gaps.from_ns <= first_ns) & (last_ns <= gaps.to_ns)
    return bool(inside[1:].any() or hidden.any())


def _meets_a_change(called: Array, returned: Array, writes: tuple[Array, Array], after: int) -> Array:
    """Whether a later version may have come during each read. Then another one may have come and gone unseen."""
    first = np.maximum(np.searchsorted(writes[1], called), after)
    met: Array = np.append(writes[0], np.iinfo(np.int64).max)[np.minimum(first, len(writes[0]))] <= returned
    return met


def _meets(called: Array, returned: Array, gaps: Gaps) -> Array:
    met = np.zeros(len(called), dtype=np.bool_)
    for start, end in zip(gaps.from_ns.tolist(), gaps.to_ns.tolist(), strict=True):
        met |= (called <= end) & (returned >= start)
    return met
