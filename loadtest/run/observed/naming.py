"""The reads of a run that only watched, as they go to ``reads.parquet``: bodies told, and ETags and versions named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import numpy as np

from loadtest.run.addresses import name_versions_apart
from loadtest.run.entity_tags import SpooledReads
from loadtest.run.observed.bodies import Body, Published, Together, Told, told
from loadtest.run.observed.journal import Watched
from loadtest.run.observed.placing import Gaps, place
from loadtest.run.records import NO_VERSION, UNKNOWN_VERSION, UNSEEN_VERSION, ReadOutcome, opaque

Array = np.ndarray[Any, np.dtype[Any]]
Lines = list[Any]


class Named(NamedTuple):
    """The reads, and what became of the documents."""

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
    """The reads of all processes. ``lines``: what each process said of its bodies, beside other things.

    ``settled``: the reads by the clock of the writes.

    In what was recorded the number of a body stands where a version does.
    """
    bodies, numbers = _numbered(lines)
    parts = [_renumbered(part, own) for part, own in zip(parts, numbers, strict=True)]
    tags = [opaque(str(etag)) for etag in writes["etag"]]
    digests = {int(said["version"]): str(said.get("digest", "no")) for said in watched.published if "version" in said}
    published = {
        tag: Published(int(size), digests.get(version, "no"))
        for version, (tag, size) in enumerate(zip(tags, writes["bytes"].tolist(), strict=True))
    }
    found = told(bodies, _came_together(parts), published)
    documents = {tag: number for number, tag in enumerate(dict.fromkeys(tags))}
    for of in found.values():
        if of.document:
            documents.setdefault(of.document, len(documents))
    put = {tag: [number] for tag, number in documents.items()}
    reads = name_versions_apart([_told(part, found, documents) for part in parts], put, settled)
    versions: list[list[int]] = [[] for _ in documents]
    for version, tag in enumerate(tags):
        versions[documents[tag]].append(version)
    alike: dict[int, list[int]] = {}
    for of in found.values():
        if of.also:
            same = [documents[tag] for tag in (of.document, *of.also)]
            alike |= {number: [v for other in same if other != number for v in versions[other]] for number in same}
    read = set(reads["version"][reads["version"] >= 0].tolist())
    unseen = sum(not versions[number] for number in read)
    _place(reads, versions, alike, writes, _gaps(watched))
    vouched = not read or any(versions[number] for number in read)
    return Named(reads, unseen, vouched, sum(len(of.also) for of in found.values()))


class Alone(NamedTuple):
    """The reads of a run in which nobody asked the store, its versions, and what became of the documents."""

    reads: Array
    writes: Array
    documents: int
    in_order: int
    """Documents whose order their Last-Modified proves."""
    came_back: int
    """Reads of a document by a reader who had had it, and another one since; no order says which of them is old."""


def name_alone(
    parts: list[SpooledReads],
    lines: list[Lines],
    first: Array,
    settled: Callable[[Array], Array] = lambda reads: reads,
) -> Alone:
    """As :func:`name_observed`, where only answers tell which documents there were (``first``: version 0).

    The order of two documents is proved by their Last-Modified, where each had one only, and not the same second. Such
    documents are the versions. When each was published is not known: some time up to the end of the run.
    """
    bodies, numbers = _numbered(lines)
    parts = [_renumbered(part, own) for part, own in zip(parts, numbers, strict=True)]
    came = _came_together(parts)
    found = told(bodies, came, {})
    sizes = {of.document: bodies[number].size for number, of in found.items() if of.document}
    documents = {document: number for number, document in enumerate(sizes)}
    put = {tag: [number] for tag, number in documents.items()}
    reads = name_versions_apart([_told(part, found, documents) for part in parts], put, settled)
    times = _modified(parts, lines, came, found, documents)
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
    """An ETag that came with an unseen document names just that one, as far as anybody knows."""
    unseen = (reads["version"] == UNSEEN_VERSION) & (reads["etag_version"] == UNKNOWN_VERSION)
    reads["etag_version"][unseen & (reads["outcome"] != ReadOutcome.ETAG_MISMATCH)] = UNSEEN_VERSION


def _modified(
    parts: list[SpooledReads],
    lines: list[Lines],
    came: dict[tuple[int, str], Together],
    found: dict[int, Told],
    documents: dict[str, int],
) -> list[set[str]]:
    """What Last-Modified said, for each document."""
    by_tag: dict[str, set[str]] = defaultdict(set)
    for part, own in zip(parts, lines, strict=True):
        for line in own:
            if isinstance(line, dict) and "modified" in line and line["etag"] < len(part.etags):
                by_tag[opaque(part.etags[line["etag"]])].add(line["modified"])
    times: list[set[str]] = [set() for _ in documents]
    for number, tag in came:
        if found[number].document:
            times[documents[found[number].document]] |= by_tag.get(tag, {""})
    return times


def in_order_of_time(times: list[set[str]]) -> list[int]:
    """The documents that have one time of their own each, the oldest first."""
    known = {number: when for number, said in enumerate(times) if (when := _time(said)) is not None}
    alone = {number: when for number, when in known.items() if list(known.values()).count(when) == 1}
    return sorted(alone, key=lambda number: alone[number])


def _time(said: set[str]) -> float | None:
    if len(said) != 1:
        return None
    try:
        return parsedate_to_datetime(next(iter(said))).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _came_back(reads: Array, versions: Array) -> int:
    """Reads of a document without a place in the order that their reader had had before another one."""
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


def _numbered(lines: list[Lines]) -> tuple[dict[int, Body], list[dict[int, int]]]:
    """All bodies by a number of their own, and for each process its numbers as those."""
    by_digest: dict[str, int] = {}
    facts: dict[int, dict[str, Any]] = {}
    numbers: list[dict[int, int]] = []
    for own in lines:
        mapped: dict[int, int] = {}
        for line in own:
            if not isinstance(line, dict):
                continue
            if "body" not in line:
                continue
            if "sha256" in line:
                mapped[line["body"]] = by_digest.setdefault(line["sha256"], len(by_digest))
            if line["body"] in mapped:
                said = {name: value for name, value in line.items() if value is not None}
                facts.setdefault(mapped[line["body"]], {}).update(said)
        numbers.append(mapped)
    return {number: _body(of) for number, of in facts.items()}, numbers


def _body(said: dict[str, Any]) -> Body:
    outcome = said.get("said")
    return Body(said["md5"], said["bytes"], None if outcome is None else ReadOutcome(outcome), bool(said.get("json")))


def _renumbered(part: SpooledReads, numbers: dict[int, int]) -> SpooledReads:
    """The same with the numbers of all; what a killed process had not said of a body yet makes its reads no reads."""
    table = np.full(max(numbers, default=-1) + 2, NO_VERSION, dtype=np.int32)
    for own, of_all in numbers.items():
        table[own] = of_all
    records = part.records.copy()
    known = np.isin(records["version"], [NO_VERSION, *numbers])
    records = records[known]
    records["version"] = table[records["version"]]  # the last place is for none
    return SpooledReads(part.worker, records, part.etags)


def _came_together(parts: list[SpooledReads]) -> dict[tuple[int, str], Together]:
    """How often each body came with each ETag."""
    found: dict[tuple[int, str], Together] = {}
    for part in parts:
        records = part.records[(part.records["status"] == 200) & (part.records["version"] >= 0)]
        keys = (records["version"].astype(np.int64) << 32) | records["etag"].astype(np.int64)
        order = np.argsort(keys, kind="stable")
        names, first, counts = np.unique(keys[order], return_index=True, return_counts=True)
        if not len(names):
            continue
        earliest = np.minimum.reduceat(records["returned_ns"][order], first)
        for key, count, when in zip(names.tolist(), counts.tolist(), earliest.tolist(), strict=True):
            tag = opaque(part.etags[key & 0xFFFFFFFF])
            before = found.get((key >> 32, tag), Together(0, when))
            found[key >> 32, tag] = Together(before.reads + count, min(before.first_ns, when))
    return found


def _told(part: SpooledReads, found: dict[int, Told], documents: dict[str, int]) -> SpooledReads:
    """What the reads of one process returned: the number of a document, or why there is none."""
    size = max(found, default=-1) + 2
    document = np.full(size, NO_VERSION, dtype=np.int32)
    outcome = np.zeros(size, dtype=np.uint8)
    for number, of in found.items():
        document[number] = documents[of.document] if of.document else NO_VERSION
        outcome[number] = of.outcome
    records = part.records
    body = records["version"].copy()
    records["version"] = document[body]
    fetched = (records["status"] == 200) & (body >= 0)
    records["outcome"][fetched] = outcome[body[fetched]]
    _tell_by_etag(part, body, found, documents)
    return SpooledReads(part.worker, records, part.etags)


def _tell_by_etag(part: SpooledReads, body: Array, found: dict[int, Told], documents: dict[str, int]) -> None:
    """Where the same bytes were published under several ETags: which of these documents a read was of, by its ETag.

    A 304 is a read of what its reader held, and that is what the condition names.
    """
    again = {tag: number for number, of in found.items() for tag in of.also}
    if not again:
        return
    records = part.records
    line = np.where(records["status"] == 200, records["etag"], records["sent_etag"])
    for number, etag in enumerate(part.etags):
        tag = opaque(etag)
        if tag in again:
            records["version"][(line == number) & (body == again[tag])] = documents[tag]


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
