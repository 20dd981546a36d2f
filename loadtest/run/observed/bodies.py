"""Which bodies are whole, and which document each of them is. This is worked out when all of a run is known.

ETags prove what a body is. Where a store's ETags are MD5s (Amazon S3 promises that for a PUT that is neither multipart
nor encrypted with KMS), a body whose MD5 is a published ETag is that version, whatever header it came with. A body that
came with such an ETag and has another MD5 is broken. In other stores, the document of an ETag is the body that most
reads got with it, if it has the length that a HEAD showed. Any other body under the same ETag is broken, because two
documents cannot have one ETag.

A body whose ETag no HEAD showed proves nothing: a program that cuts a body short may well give the rest an ETag of its
own. So if it is the beginning of another body, or not JSON where others are, it is left open.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from loadtest.run.records import ReadOutcome

_MD5: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Body:
    """A body that was received with status 200."""

    md5: str
    size: int
    said: ReadOutcome | None = None
    """What it looked like beside the bodies that its reader knew; None when it looked like none of them."""
    is_json: bool = True


@dataclass(frozen=True)
class Published:
    """What a HEAD showed with an ETag (its opaque part)."""

    size: int
    digest: str
    """Whether the ETag is the MD5 of the body: ``yes`` (promised), ``perhaps`` (it looks like one), ``no``."""


class Together(NamedTuple):
    """The number of reads in which a body came with an ETag, and when the first of them returned."""

    reads: int
    first_ns: int


class IdentifiedBody(NamedTuple):
    """What a body turned out to be. ``document`` is its ETag or its MD5; "" when it is not whole."""

    outcome: ReadOutcome
    document: str
    also: tuple[str, ...] = ()
    """Other ETags under which the store showed the same bytes: where ETags are not MD5s, each PUT may have its own."""
    unshown: tuple[str, ...] = ()
    """Other ETags that the same bytes came with, and that no HEAD showed."""


def identified(
    bodies: Mapping[int, Body], came: Mapping[tuple[int, str], Together], published: Mapping[str, Published]
) -> dict[int, IdentifiedBody]:
    """What each of ``bodies`` is. ``came``: the ETags (opaque parts, "" for none) that each came with."""
    tags: dict[int, dict[str, Together]] = defaultdict(dict)
    for (number, tag), times in came.items():
        tags[number][tag] = times
    if published:
        confirmed = any(body.md5 in published and published[body.md5].digest != "no" for body in bodies.values())
    else:  # nobody asked the store, so only the answers can show that its ETags are MD5s
        confirmed = any(body.md5 in tags[number] for number, body in bodies.items())

    def is_digest(tag: str) -> bool:
        of = published.get(tag)
        if of is None:
            return confirmed and bool(_MD5.fullmatch(tag))
        return of.digest == "yes" or (of.digest == "perhaps" and confirmed)

    results: dict[int, IdentifiedBody] = {}
    others: dict[int, Body] = {}
    for number, body in bodies.items():
        own = published.get(body.md5)
        if (own is not None and own.digest != "no") or body.md5 in tags[number]:
            results[number] = IdentifiedBody(ReadOutcome.WHOLE, body.md5)
        elif any(is_digest(tag) for tag in tags[number] if tag):
            sizes = [published[tag].size for tag in tags[number] if tag in published]
            results[number] = IdentifiedBody(_broken(body, max(sizes, default=body.size)), "")
        else:
            others[number] = body
    results |= _by_their_etag(others, tags, published, confirmed=confirmed)
    json = any(bodies[number].is_json for number, of in results.items() if of.outcome is ReadOutcome.WHOLE)

    def settled(number: int, of: IdentifiedBody) -> IdentifiedBody:
        if of.outcome is not ReadOutcome.WHOLE or of.document in published:
            return _unlike(bodies[number], of, json=json)
        is_doubtful = _is_doubtful(bodies[number], json=json, asked=bool(published))
        return IdentifiedBody(ReadOutcome.FOREIGN, "") if is_doubtful else of

    return {number: settled(number, of) for number, of in results.items()}


def _by_their_etag(
    bodies: Mapping[int, Body],
    tags: Mapping[int, Mapping[str, Together]],
    published: Mapping[str, Published],
    *,
    confirmed: bool,
) -> dict[int, IdentifiedBody]:
    """Bodies without a known MD5: the usual one under an ETag is the document, the others are not whole."""
    if confirmed:  # all documents of this store have their MD5 as ETag, so no HEAD proves what these are
        return dict.fromkeys(bodies, IdentifiedBody(ReadOutcome.FOREIGN, ""))
    usual: dict[str, tuple[tuple[int, int], int]] = {}
    for number, body in bodies.items():
        for tag, times in tags[number].items():
            if tag and (tag not in published or published[tag].size == body.size):
                usual[tag] = min(usual.get(tag, ((1, 0), 0)), ((-times.reads, times.first_ns), number))
    documents: dict[int, str] = {}
    for tag, (_, number) in sorted(usual.items(), key=lambda item: item[1]):
        documents.setdefault(number, tag)
        if tag in published:
            documents[number] = documents[number] if documents[number] in published else tag
    results = {}
    for number, body in bodies.items():
        if number in documents:
            others = sorted(tag for tag, (_, of) in usual.items() if of == number and tag != documents[number])
            shown, unshown = (tuple(tag for tag in others if (tag in published) is it) for it in (True, False))
            results[number] = IdentifiedBody(ReadOutcome.WHOLE, documents[number], shown, unshown)
        elif any(tags[number]):
            sizes = [published[t].size if t in published else bodies[usual[t][1]].size for t in tags[number] if t]
            results[number] = IdentifiedBody(_broken(body, max(sizes)), "")
        else:
            results[number] = IdentifiedBody(ReadOutcome.FOREIGN, "")
    return results


def _is_doubtful(body: Body, *, json: bool, asked: bool) -> bool:
    """Whether a body that no HEAD proves looks like a broken one.

    Where the store was asked, few documents are of that kind. Where it was not, all are, and a document in which two
    fields change in turn looks like a mix of its neighbours, so only a truncated look counts.
    """
    looks_broken = body.said is not None if asked else body.said is ReadOutcome.TRUNCATED
    return looks_broken or (json and not body.is_json)


def _broken(body: Body, size: int) -> ReadOutcome:
    """In which way a body is broken, compared with a document of ``size`` bytes."""
    if body.said is not None:
        return body.said
    return ReadOutcome.TRUNCATED if body.size < size else ReadOutcome.CORRUPT


def _unlike(body: Body, of: IdentifiedBody, *, json: bool) -> IdentifiedBody:
    """``of``, or unrecognised for text where all documents are JSON: an error page is nobody's document."""
    if of.outcome is ReadOutcome.FOREIGN and json and not body.is_json:
        return IdentifiedBody(ReadOutcome.UNRECOGNISED, "")
    return of
