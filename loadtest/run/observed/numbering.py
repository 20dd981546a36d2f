"""Bodies by number: each process numbers its new bodies, and here the numbers of all processes are merged.

In place of a version, a read has the number of a body while the run goes on, and later the number of a document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from loadtest.run.etags.versions_named import SpooledReads
from loadtest.run.observed.bodies import Body, IdentifiedBody, Together
from loadtest.run.records import NO_VERSION, UNDECIDED_VERSION, ReadOutcome, opaque

Column = np.ndarray[Any, np.dtype[Any]]
_OPEN: Final = "\0"
"""Stands for the ETag of a condition that may have named another publication; no answer can carry it."""

Lines = list[Any]
"""The lines of one process about its bodies, and about other things."""


def numbered(lines: list[Lines]) -> tuple[dict[int, Body], list[dict[int, int]]]:
    """All bodies by a common number, and for each process a mapping from its own numbers to these."""
    by_digest: dict[str, int] = {}
    facts: dict[int, dict[str, Any]] = {}
    numbers: list[dict[int, int]] = []
    for own in lines:
        mapped: dict[int, int] = {}
        for line in own:
            if not isinstance(line, dict) or "body" not in line:
                continue
            if "sha256" in line:
                mapped[line["body"]] = by_digest.setdefault(line["sha256"], len(by_digest))
            if line["body"] in mapped:
                known = {name: value for name, value in line.items() if value is not None}
                facts.setdefault(mapped[line["body"]], {}).update(known)
        numbers.append(mapped)
    return {number: _body(of) for number, of in facts.items()}, numbers


def _body(facts: dict[str, Any]) -> Body:
    looks_like = facts.get("said")
    outcome = None if looks_like is None else ReadOutcome(looks_like)
    return Body(facts["md5"], facts["bytes"], outcome, bool(facts.get("json")))


def renumbered(part: SpooledReads, numbers: dict[int, int]) -> SpooledReads:
    """The reads with common numbers. Reads of a body that a killed process had not described yet are dropped."""
    table = np.full(max(numbers, default=-1) + 2, NO_VERSION, dtype=np.int32)
    for own, of_all in numbers.items():
        table[own] = of_all
    records = part.records.copy()
    known = np.isin(records["version"], [NO_VERSION, *numbers])
    records = records[known]
    records["version"] = table[records["version"]]  # the last place of the table is for no body
    return SpooledReads(part.worker, records, part.etags)


def came_together(parts: list[SpooledReads]) -> dict[tuple[int, str], Together]:
    """How often each body came with each ETag, and when first."""
    together: dict[tuple[int, str], Together] = {}
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
            before = together.get((key >> 32, tag), Together(0, when))
            together[key >> 32, tag] = Together(before.reads + count, min(before.first_ns, when))
    return together


def document_reads(part: SpooledReads, bodies: dict[int, IdentifiedBody], documents: dict[str, int]) -> SpooledReads:
    """The reads of one process with the number of a document, or the reason why there is none."""
    size = max(bodies, default=-1) + 2
    document = np.full(size, NO_VERSION, dtype=np.int32)
    outcome = np.zeros(size, dtype=np.uint8)
    for number, of in bodies.items():
        document[number] = documents[of.document] if of.document else NO_VERSION
        outcome[number] = of.outcome
    records = part.records
    body = records["version"].copy()
    records["version"] = document[body]
    fetched = (records["status"] == 200) & (body >= 0)
    records["outcome"][fetched] = outcome[body[fetched]]
    _tell_by_etag(part, body, bodies, documents)
    return SpooledReads(part.worker, records, _conditions_told(part, body, bodies))


def _tell_by_etag(
    part: SpooledReads, body: Column, bodies: dict[int, IdentifiedBody], documents: dict[str, int]
) -> None:
    """Where the same bytes were published under several ETags: which of these documents a read was of, by its ETag.

    A 304 is a read of what its reader held, and that is what the condition names.
    """
    again = {tag: number for number, of in bodies.items() for tag in of.also}
    if not again:
        return
    records = part.records
    line = np.where(records["status"] == 200, records["etag"], records["sent_etag"])
    for number, etag in enumerate(part.etags):
        tag = opaque(etag)
        if tag in again:
            records["version"][(line == number) & (body == again[tag])] = documents[tag]


def _conditions_told(part: SpooledReads, body: Column, bodies: dict[int, IdentifiedBody]) -> list[str]:
    """The ETags of a process, with one more for conditions that may have named another publication (``leave_open``).

    That is so where the same bytes came under another ETag than the one that was named, and no HEAD showed one of them.
    """
    unshown = {tag: number for number, of in bodies.items() for tag in of.unshown}
    if not unshown:
        return part.etags
    records, tags = part.records, [opaque(etag) for etag in part.etags]
    of_line = np.array([unshown.get(tag, -1) for tag in tags], dtype=np.int64)
    first: dict[str, int] = {}
    kind = np.array([first.setdefault(tag, line) for line, tag in enumerate(tags)], dtype=np.int64)
    answered, named = records["etag"], records["sent_etag"]
    touched = (of_line[answered] == body) | (of_line[named] == body)
    open_ = touched & (records["status"] == 200) & (body >= 0) & (named != 0) & (kind[answered] != kind[named])
    records["sent_etag"][open_] = len(part.etags)
    return [*part.etags, _OPEN]


def named_by(documents: Mapping[str, int]) -> dict[str, list[int]]:
    """The document that each ETag names; a condition that may have named another publication names none of them."""
    return {tag: [number] for tag, number in documents.items()} | {_OPEN: [len(documents)]}


def leave_open(reads: Column, documents: Mapping[str, int]) -> None:
    """Call undecided what such a condition named: the answer may be right, or the condition was ignored."""
    reads["sent_version"][reads["sent_version"] == len(documents)] = UNDECIDED_VERSION
