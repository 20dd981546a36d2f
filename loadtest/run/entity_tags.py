"""Which version an ETag names: what the store said when it was put, and what whole documents that were read show.

An ETag is compared by its opaque part, so ``W/"a"``, ``"a"`` and ``a`` are one (RFC 9110, section 8.8.3.2: weak
comparison is what If-None-Match asks for). A gateway may make ETags of its own, and a store may name none, or another
one than it then serves. So an ETag that no PUT named is *learned*: it names the version that it came with. What may
not be is a contradiction, and each is a finding with the reads that show it:

- *one ETag, two versions*: it names the version that its PUT was told; where no PUT was told it, the one that most
  reads got with it. The other reads are mismatches: at least so many answers must be wrong. (Which of two is right
  need not be known for that, and a majority decides what is counted, never whether there is a finding.)
- *one version, two ETags at a time*: a read got X, a later one Y, a later one X again. The rarer ETag is marked
  ``SECOND_ETAG``. One change from X to Y does not count: a site may be deployed anew. A reader who asks with X then is
  rightly sent the document again, so its condition is marked ``SECOND_ETAG``: it names what the target had replaced.
  One moment must explain all changes of the run, or they are a habit: a target that makes a new ETag each time.

A PUT's ETag that comes with another version's body is a mismatch, and is not learned anew. Only where PUTs were told
something as short as a counter, and not one of these ever came with its own version, are they two counters that happen
to meet, and the PUTs are not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from loadtest.run.records import NO_VERSION, READ_DTYPE, SECOND_ETAG, UNKNOWN_VERSION, ReadOutcome, opaque
from loadtest.run.second_etags import NO_TAG, TaggedReads, after_the_change, second_etags, whole_with_tag

Array = np.ndarray[Any, np.dtype[Any]]
_LONGEST_BY_CHANCE: Final = 12
"""So many characters of an ETag may be the same by chance where two programs count or stamp versions; not more."""
_NOT_MODIFIED: Final = (
    ReadOutcome.NOT_MODIFIED,
    ReadOutcome.UNASKED_NOT_MODIFIED,
    ReadOutcome.NOT_MODIFIED_WITH_BODY,
)


class SpooledReads(NamedTuple):
    """What one process recorded: its number, its records (``SPOOLED_READ_DTYPE``), and the table of ETags they name."""

    worker: int
    records: Array
    etags: list[str]


def name_versions(
    parts: list[SpooledReads],
    put: Mapping[str, Iterable[int]],
    on_one_clock: Callable[[Array], Array] = lambda reads: reads,
) -> Array:
    """The reads of a run as they go to ``reads.parquet``, their ETags told as versions.

    ``on_one_clock`` puts the reads of all processes on one clock, which the order of ETags is told by.

    What could not be known while reading is settled here: which version an ETag names, and so whether it names another
    one than the body is. The version of a 304 is what its reader held, as it was recorded.
    """
    numbers: dict[str, int] = {}
    reads = on_one_clock(np.concatenate([_as_read(part) for part in parts]) if parts else np.zeros(0, dtype=READ_DTYPE))
    tables = [
        np.array([NO_TAG, *(_number(numbers, etag) for etag in part.etags[1:])], dtype=np.int32) for part in parts
    ]
    columns = [
        (table[part.records["etag"]], table[part.records["sent_etag"]])
        for part, table in zip(parts, tables, strict=True)
    ]
    none = np.zeros(0, dtype=np.int32)
    tagged = TaggedReads(
        reads["called_ns"],
        reads["returned_ns"],
        reads["version"],
        reads["outcome"],
        np.concatenate([none, *(tag for tag, _ in columns)]),
        np.concatenate([none, *(sent for _, sent in columns)]),
        np.concatenate([none, *(held_versions(part.records) for part in parts)]),
    )
    not_modified = reads["outcome"] == ReadOutcome.NOT_MODIFIED
    tagged.held[not_modified] = reads["version"][not_modified]
    named = versions_named(tagged, list(numbers), put)
    reads["etag_version"] = etag_versions(tagged, named)
    reads["sent_version"] = sent_versions(tagged, named)
    other = (reads["etag_version"] >= 0) & (reads["etag_version"] != reads["version"])
    reads["outcome"][(reads["outcome"] == ReadOutcome.WHOLE) & other] = ReadOutcome.ETAG_MISMATCH
    return reads


def _as_read(part: SpooledReads) -> Array:
    reads = np.zeros(len(part.records), dtype=READ_DTYPE)
    for name in set(READ_DTYPE.names or ()) & set(part.records.dtype.names or ()):
        reads[name] = part.records[name]
    reads["worker"] = part.worker
    return reads


def _number(numbers: dict[str, int], etag: str) -> int:
    return numbers.setdefault(opaque(etag), len(numbers))


def held_versions(reads: Array) -> Array:
    """For each read of a spool the version that its reader held then, if it sent that one's ETag; else ``NO_VERSION``.

    A reader holds the last whole document that it got. ``reads`` are in the order in which they were recorded, which
    for the reads of one session is the order in which they were made.
    """
    order = np.argsort(reads["session"], kind="stable")
    session = reads["session"][order]
    whole = reads["outcome"][order] == ReadOutcome.WHOLE
    places = np.arange(len(order))
    latest = np.maximum.accumulate(np.where(whole, places, -1)) if len(order) else places
    before = np.append(-1, latest[:-1])[: len(order)]
    found = np.maximum(before, 0)
    of_same = (before >= 0) & (session[found] == session)
    sent = reads["sent_etag"][order]
    holds = of_same & (sent != 0) & (reads["etag"][order][found] == sent)
    held = np.full(len(order), NO_VERSION, dtype=np.int32)
    held[order] = np.where(holds, reads["version"][order][found], NO_VERSION)
    return held


def versions_named(reads: TaggedReads, tags: list[str], put: Mapping[str, Iterable[int]]) -> Array:
    """The version that each of ``tags`` (opaque parts, by number) names; ``UNKNOWN_VERSION`` where nothing tells.

    ``put`` has the versions for which a PUT was told an opaque part.
    """
    pairs, counts = _came_together(reads)
    seen: dict[int, dict[int, int]] = {}
    for (tag, version), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        seen.setdefault(tag, {})[version] = count
    told = {number: tuple(put[tag]) for number, tag in enumerate(tags) if tag in put}
    met = [tag for tag in told if tag in seen]
    trusted = any(len(tags[tag]) > _LONGEST_BY_CHANCE or not seen[tag].keys().isdisjoint(told[tag]) for tag in met)

    def name(tag: int) -> int:
        came_with = seen.get(tag, {})
        candidates = told.get(tag, ()) if trusted or not came_with else ()
        ranked = sorted(candidates or came_with, key=lambda version: (-came_with.get(version, 0), version))
        return ranked[0] if ranked else UNKNOWN_VERSION

    return np.array([name(number) for number in range(len(tags))], dtype=np.int32)


def etag_versions(reads: TaggedReads, named: Array) -> Array:
    """The version that each read's ETag names, given what each tag names.

    A 304 that carries the very ETag that was sent names what that reader holds, whoever else got it with another
    document.
    """
    by_tag = np.append(named, NO_VERSION)  # the last place is for no tag
    of_answer: Array = by_tag[reads.tag]
    echoed = np.isin(reads.outcome, _NOT_MODIFIED) & (reads.tag != NO_TAG) & (reads.tag == reads.sent_tag)
    of_answer = np.where(echoed & (reads.held >= 0), reads.held, of_answer)
    of_answer[second_etags(reads, named)] = SECOND_ETAG
    return of_answer


def sent_versions(reads: TaggedReads, named: Array) -> Array:
    """The version that each condition names: the one that its reader held, or else what its tag names.

    ``SECOND_ETAG`` where the reader got the same document under the ETag that had come in that one's place.
    """
    by_tag = np.append(named, NO_VERSION)
    sent = np.where((reads.sent_tag != NO_TAG) & (reads.held >= 0), reads.held, by_tag[reads.sent_tag])
    sent[after_the_change(reads, named, sent)] = SECOND_ETAG
    return sent


def _came_together(reads: TaggedReads) -> tuple[Array, Array]:
    """Each tag with each version that it came with, and in how many reads."""
    whole = whole_with_tag(reads)
    keys = (reads.tag[whole].astype(np.int64) << 32) | reads.version[whole].astype(np.int64)
    found, counts = np.unique(keys, return_counts=True)
    return np.stack([found >> 32, found & 0xFFFFFFFF], axis=1), counts
