"""The reads of a run that only watched, for ``reads.parquet``: bodies are identified, ETags and versions named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from loadtest.run.addresses import name_versions_apart
from loadtest.run.etags.versions_named import SpooledReads
from loadtest.run.observed.bodies import Published, identified
from loadtest.run.observed.numbering import (
    Lines,
    came_together,
    document_reads,
    leave_open,
    named_by,
    numbered,
    renumbered,
)
from loadtest.run.observed.placing import Gaps, place
from loadtest.run.observed.watcher_journal import Watched
from loadtest.run.records import UNKNOWN_VERSION, opaque

Array = np.ndarray[Any, np.dtype[Any]]


class Named(NamedTuple):
    """The reads, and what is known of their documents."""

    reads: Array
    unseen: int
    """Documents that were read and that no HEAD saw."""
    vouched: bool
    """Whether any document that was read could be tied to a version."""
    same_bytes: int
    """Versions that came with the bytes of another one."""


def name_observed(
    parts: list[SpooledReads],
    lines: list[Lines],
    writes: Array,
    watched: Watched,
    settled: Callable[[Array], Array] = lambda reads: reads,
) -> Named:
    """The reads of all processes. ``lines``: the lines of each process about its bodies.

    ``settled`` puts reads on the clock of the writes. The recorded reads have the number of a body as their version.
    """
    bodies, numbers = numbered(lines)
    parts = [renumbered(part, own) for part, own in zip(parts, numbers, strict=True)]
    tags = [opaque(str(etag)) for etag in writes["etag"]]
    digests = {int(one["version"]): str(one.get("digest", "no")) for one in watched.published if "version" in one}
    published = {
        tag: Published(int(size), digests.get(version, "no"))
        for version, (tag, size) in enumerate(zip(tags, writes["bytes"].tolist(), strict=True))
    }
    results = identified(bodies, came_together(parts), published)
    documents = {tag: number for number, tag in enumerate(dict.fromkeys(tags))}
    for of in results.values():
        if of.document:
            documents.setdefault(of.document, len(documents))
    of_documents = [document_reads(part, results, documents) for part in parts]
    reads = name_versions_apart(of_documents, named_by(documents), settled)
    leave_open(reads, documents)
    versions: list[list[int]] = [[] for _ in documents]
    for version, tag in enumerate(tags):
        versions[documents[tag]].append(version)
    alike: dict[int, list[int]] = {}
    for of in results.values():
        if of.also:
            same = [documents[tag] for tag in (of.document, *of.also)]
            alike |= {number: [v for other in same if other != number for v in versions[other]] for number in same}
    read = set(reads["version"][reads["version"] >= 0].tolist())
    unseen = sum(not versions[number] for number in read)
    _place(reads, versions, alike, writes, _gaps(watched))
    vouched = not read or any(versions[number] for number in read)
    return Named(reads, unseen, vouched, sum(len(of.also) for of in results.values()))


def _gaps(watched: Watched) -> Gaps:
    hidden = watched.hidden()
    return Gaps(
        np.array([span.from_ns for span in hidden], dtype=np.int64),
        np.array([span.to_ns for span in hidden], dtype=np.int64),
        watched.usual_gap_ns,
    )


def _place(reads: Array, versions: list[list[int]], alike: dict[int, list[int]], writes: Array, gaps: Gaps) -> None:
    """Put versions in the place of documents, in all three columns."""
    when = (writes["called_ns"], writes["returned_ns"])
    columns: dict[str, Array] = {}
    for name in ("version", "etag_version", "sent_version"):
        document = reads[name]
        named = np.flatnonzero(document >= 0)
        columns[name] = document.copy()
        columns[name][named] = place(
            versions, document[named], reads["called_ns"][named], reads["returned_ns"][named], when, gaps, alike
        )
    for name in ("etag_version", "sent_version"):
        same = (reads[name] >= 0) & (reads[name] == reads["version"])
        unclear = ~same & (reads[name] >= 0) & (columns[name] < 0)
        columns[name][same] = columns["version"][same]
        columns[name][unclear] = UNKNOWN_VERSION
    for name, column in columns.items():
        reads[name] = column
