"""Which version an ETag names, from what the store answered to the PUT, and from whole documents that were read.

An ETag is compared by its opaque part, so ``W/"a"``, ``"a"`` and ``a`` are the same (RFC 9110, section 8.8.3.2:
If-None-Match uses weak comparison). A gateway may make ETags of its own, and a store may return none, or another one
than it serves later. So an ETag that no PUT returned is *learned*: it names the version that it came with. Only
contradictions are wrong, and each of them is a finding with the reads that show it:

- *one ETag, two versions*: it names the version whose PUT returned it. If no PUT did, it names the version that most
  reads got with it. The other reads are mismatches: at least so many answers must be wrong. (For that it need not be
  known which of the two is right. The majority only decides what is counted, not whether there is a finding.)
- *one version, two ETags at a time*: a read got X, a later one Y, and a still later one X again. The rarer ETag is
  marked ``SECOND_ETAG``. A single change from X to Y does not count, because a site may be deployed anew. A reader that
  asks with X afterwards rightly gets the document again, so its condition is marked ``SECOND_ETAG``: it names what the
  target has replaced. One moment must explain all changes of the run, or else the target makes new ETags all the time.

A PUT's ETag that comes with another version's body is a mismatch, and is not learned anew. There is one exception: if
the PUTs returned ETags as short as a counter, and none of them ever came with its own version, then two counters happen
to have the same values, and the ETags of the PUTs are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from loadtest.run.etags.second_etags import NO_TAG, TaggedReads, after_the_change, second_etags, whole_with_tag
from loadtest.run.records import NO_VERSION, READ_DTYPE, SECOND_ETAG, UNKNOWN_VERSION, ReadOutcome, opaque

Array = np.ndarray[Any, np.dtype[Any]]
_LONGEST_BY_CHANCE: Final = 12
"""ETags up to this length may be the same by chance, if two programs count versions or stamp them with the time."""
_NOT_MODIFIED: Final = (ReadOutcome.NOT_MODIFIED, ReadOutcome.UNASKED_NOT_MODIFIED, ReadOutcome.NOT_MODIFIED_WITH_BODY)


class SpooledReads(NamedTuple):
    """What one process recorded: its number, its records (``SPOOLED_READ_DTYPE``), and their table of ETags."""

    worker: int
    records: Array
    etags: list[str]


def name_versions(
    parts: list[SpooledReads],
    put: Mapping[str, Iterable[int]],
    on_one_clock: Callable[[Array], Array] = lambda reads: reads,
) -> Array:
    """The reads of a run for ``reads.parquet``, with versions in place of their ETags.

    ``on_one_clock`` puts the reads of all processes on one clock, which is needed for the order of ETags.

    This settles what could not be known while reading: which version an ETag names, and so whether it names another
    version than the body. The version of a 304 is the one that its reader held, as it was recorded.
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
    """For each read of a spool the version that its reader held, if it sent that version's ETag; else ``NO_VERSION``.

    A reader holds the last whole document that it got. ``reads`` are in the order in which they were recorded, and so
    the reads of one session are in the order in which they were made.
    """
    order = np.argsort(reads["session"], kind="stable")
    session = reads["session"][order]
    whole = reads["outcome"][order] == ReadOutcome.WHOLE
    places = np.arange(len(order))
    latest = np.maximum.accumulate(np.where(whole, places, -1)) if len(order) else places
    before = np.append(-1, latest[:-1])[: len(order)]
    last_whole = np.maximum(before, 0)
    of_same = (before >= 0) & (session[last_whole] == session)
    sent = reads["sent_etag"][order]
    holds = of_same & (sent != 0) & (reads["etag"][order][last_whole] == sent)
    held = np.full(len(order), NO_VERSION, dtype=np.int32)
    held[order] = np.where(holds, reads["version"][order][last_whole], NO_VERSION)
    return held


def versions_named(reads: TaggedReads, tags: list[str], put: Mapping[str, Iterable[int]]) -> Array:
    """The version that each of ``tags`` (opaque parts, by number) names; ``UNKNOWN_VERSION`` where that is not known.

    ``put`` has, by opaque part, the versions whose PUT returned it.
    """
    pairs, counts = _came_together(reads)
    by_reads: dict[int, dict[int, int]] = {}
    for (tag, version), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        by_reads.setdefault(tag, {})[version] = count
    by_puts = {number: tuple(put[tag]) for number, tag in enumerate(tags) if tag in put}
    trusted = any(
        len(tags[tag]) > _LONGEST_BY_CHANCE or not by_reads[tag].keys().isdisjoint(versions)
        for tag, versions in by_puts.items()
        if tag in by_reads
    )

    def name(tag: int) -> int:
        came_with = by_reads.get(tag, {})
        candidates = by_puts.get(tag, ()) if trusted or not came_with else ()
        ranked = sorted(candidates or came_with, key=lambda version: (-came_with.get(version, 0), version))
        return ranked[0] if ranked else UNKNOWN_VERSION

    return np.array([name(number) for number in range(len(tags))], dtype=np.int32)


def etag_versions(reads: TaggedReads, named: Array) -> Array:
    """The version that each read's ETag names, given what each tag names.

    A 304 with the very ETag that was sent names what that reader holds, even if others got it with another document.
    """
    by_tag = np.append(named, NO_VERSION)  # the last place is for no tag
    of_answer: Array = by_tag[reads.tag]
    echoed = np.isin(reads.outcome, _NOT_MODIFIED) & (reads.tag != NO_TAG) & (reads.tag == reads.sent_tag)
    of_answer = np.where(echoed & (reads.held >= 0), reads.held, of_answer)
    of_answer[second_etags(reads, named)] = SECOND_ETAG
    return of_answer


def sent_versions(reads: TaggedReads, named: Array) -> Array:
    """The version that each condition names: the one that its reader held, or else the one that its tag names.

    It is ``SECOND_ETAG`` if the reader got the same document under the ETag that had replaced the one it sent.
    """
    by_tag = np.append(named, NO_VERSION)
    sent = np.where((reads.sent_tag != NO_TAG) & (reads.held >= 0), reads.held, by_tag[reads.sent_tag])
    sent[after_the_change(reads, named, sent)] = SECOND_ETAG
    return sent


def _came_together(reads: TaggedReads) -> tuple[Array, Array]:
    """The pairs of tags and versions that came together, and the number of reads of each pair."""
    whole = whole_with_tag(reads)
    keys = (reads.tag[whole].astype(np.int64) << 32) | reads.version[whole].astype(np.int64)
    pairs, counts = np.unique(keys, return_counts=True)
    return np.stack([pairs >> 32, pairs & 0xFFFFFFFF], axis=1), counts
