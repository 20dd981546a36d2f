"""The reads of a run that did not ask the store: only the answers show which documents there were, in what order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import numpy as np

from loadtest.run.addresses import name_versions_apart
from loadtest.run.etags.versions_named import SpooledReads
from loadtest.run.observed.bodies import IdentifiedBody, Together, identified
from loadtest.run.observed.numbering import (
    Lines,
    came_together,
    document_reads,
    leave_open,
    named_by,
    numbered,
    renumbered,
)
from loadtest.run.records import NO_VERSION, UNKNOWN_VERSION, UNSEEN_VERSION, ReadOutcome, opaque

Array = np.ndarray[Any, np.dtype[Any]]


class Alone(NamedTuple):
    """The reads of a run that did not ask the store, its versions, and what is known of their documents."""

    reads: Array
    writes: Array
    documents: int
    in_order: int
    """Documents whose order their Last-Modified proves."""
    came_back: int
    """Reads of a document that their reader had had before, with another one in between, in unknown order."""


def name_alone(
    parts: list[SpooledReads], lines: list[Lines], first: Array, settled: Callable[[Array], Array] = lambda reads: reads
) -> Alone:
    """The reads of all processes, the versions and the documents. ``first``: version 0, as it was noted.

    The order of two documents is proved by their Last-Modified, if each had only one, and not in the same second. Such
    documents are the versions. When each was published is not known, except that it was before the end of the run.
    """
    bodies, numbers = numbered(lines)
    parts = [renumbered(part, own) for part, own in zip(parts, numbers, strict=True)]
    came = came_together(parts)
    results = identified(bodies, came, {})
    sizes = {of.document: bodies[number].size for number, of in results.items() if of.document}
    documents = {document: number for number, document in enumerate(sizes)}
    of_documents = [document_reads(part, results, documents) for part in parts]
    reads = name_versions_apart(of_documents, named_by(documents), settled)
    leave_open(reads, documents)
    times = _modified(parts, lines, came, results, documents)
    order = in_order_of_time(times)
    names = list(documents)
    versions = np.full(len(documents), UNSEEN_VERSION, dtype=np.int32)
    versions[order] = np.arange(len(order))
    back = 0 if len(order) == len(documents) else _came_back(reads, versions)
    got_again = (reads["outcome"] == ReadOutcome.WHOLE) & (reads["sent_version"] == reads["version"])
    for name in ("version", "etag_version", "sent_version"):
        named = reads[name] >= 0
        unnamed = UNSEEN_VERSION if name == "version" else UNKNOWN_VERSION
        own = versions[reads[name][named]]
        reads[name][named] = np.where(own == UNSEEN_VERSION, unnamed, own)
    _same_where_unseen(reads)
    reads["sent_version"][got_again & (reads["version"] == UNSEEN_VERSION)] = UNSEEN_VERSION
    writes = np.repeat(first[:1], max(1, len(order)))
    writes["version"] = np.arange(len(writes))
    writes["returned_ns"][1:] = max(int(first["returned_ns"][0]), int(reads["returned_ns"].max(initial=0)))
    if order:
        writes["etag"] = [f'"{names[number]}"' for number in order]
        writes["bytes"] = [sizes[names[number]] for number in order]
    return Alone(reads, writes, len(documents), len(order), back)


def _same_where_unseen(reads: Array) -> None:
    """Make the ETags of unseen documents name unseen documents: nothing shows that they name another one."""
    unseen = (reads["version"] == UNSEEN_VERSION) & (reads["etag_version"] == UNKNOWN_VERSION)
    reads["etag_version"][unseen & (reads["outcome"] != ReadOutcome.ETAG_MISMATCH)] = UNSEEN_VERSION


def _modified(
    parts: list[SpooledReads],
    lines: list[Lines],
    came: dict[tuple[int, str], Together],
    results: dict[int, IdentifiedBody],
    documents: dict[str, int],
) -> list[set[str]]:
    """The values of Last-Modified of each document."""
    by_tag: dict[str, set[str]] = defaultdict(set)
    for part, own in zip(parts, lines, strict=True):
        for line in own:
            if isinstance(line, dict) and "modified" in line and line["etag"] < len(part.etags):
                by_tag[opaque(part.etags[line["etag"]])].add(line["modified"])
    times: list[set[str]] = [set() for _ in documents]
    for number, tag in came:
        if results[number].document:
            times[documents[results[number].document]] |= by_tag.get(tag, {""})
    return times


def in_order_of_time(times: list[set[str]]) -> list[int]:
    """The documents that have a single time each, which no other document has, the oldest first."""
    known = {number: when for number, texts in enumerate(times) if (when := _time(texts)) is not None}
    alone = {number: when for number, when in known.items() if list(known.values()).count(when) == 1}
    return sorted(alone, key=lambda number: alone[number])


def _time(texts: set[str]) -> float | None:
    if len(texts) != 1:
        return None
    try:
        return parsedate_to_datetime(next(iter(texts))).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _came_back(reads: Array, versions: Array) -> int:
    """The number of reads of a document that their reader had had before, where one of the two is in no order."""
    count = 0
    keys = reads["worker"].astype(np.int64) << 32 | reads["session"]
    for key in np.unique(keys).tolist():
        own = reads[keys == key]
        own = own[(own["version"] >= 0)][np.argsort(own["called_ns"][own["version"] >= 0], kind="stable")]
        had: set[int] = set()
        last = NO_VERSION
        for document in own["version"].tolist():
            if document != last and document in had and UNSEEN_VERSION in (versions[document], versions[last]):
                count += 1
            had.add(document)
            last = document
    return count
