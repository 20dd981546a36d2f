"""Which bodies are whole, and of which document each is: told when all of a run is known.

A body is vouched for by an ETag. Where a store's ETags are MD5s (Amazon S3 promises that for a PUT that is neither
multipart nor encrypted with KMS), a body whose MD5 is a published ETag is that version, whatever header it came with,
and one that came with such an ETag and has another MD5 is broken. Elsewhere the document under an ETag is the whole
body that most reads got with it, as far as its length is the one that a HEAD said; any other body under the same ETag
is broken: two documents cannot have one ETag.

A body whose ETag no HEAD showed has nobody's word but its own: whoever cuts a body short may well give that an ETag of
its own. So where it is the beginning of another, or no JSON where others are, it is left open.
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
    """What the reader took it for beside the bodies that it had; None: for nothing in particular."""
    is_json: bool = True


@dataclass(frozen=True)
class Published:
    """What a HEAD said of an ETag (its opaque part)."""

    size: int
    digest: str
    """Whether the ETag is the MD5 of the body: ``yes`` (promised), ``perhaps`` (it looks like one), ``no``."""


class Together(NamedTuple):
    """In how many reads a body came with an ETag, and when first."""

    reads: int
    first_ns: int


class Told(NamedTuple):
    """What a body turned out to be. ``document`` names it by an ETag, or by its MD5; "" when it is not whole."""

    outcome: ReadOutcome
    document: str
    also: tuple[str, ...] = ()
    """Other ETags under which the store showed the same bytes: where ETags are no MD5s, each PUT may have its own."""
    unshown: tuple[str, ...] = ()
    """Other ETags that the same bytes came with, and that no HEAD showed."""


def told(
    bodies: Mapping[int, Body], came: Mapping[tuple[int, str], Together], published: Mapping[str, Published]
) -> dict[int, Told]:
    """What each of ``bodies`` is. ``came``: with which ETags (opaque parts, "" for none) each came."""
    tags: dict[int, dict[str, Together]] = defaultdict(dict)
    for (number, tag), times in came.items():
        tags[number][tag] = times
    if published:
        confirmed = any(body.md5 in published and published[body.md5].digest != "no" for body in bodies.values())
    else:  # nobody asked the store: that MD5s are its habit is shown by answers alone
        confirmed = any(body.md5 in tags[number] for number, body in bodies.items())

    def is_digest(tag: str) -> bool:
        of = published.get(tag)
        if of is None:
            return confirmed and bool(_MD5.fullmatch(tag))
        return of.digest == "yes" or (of.digest == "perhaps" and confirmed)

    found: dict[int, Told] = {}
    others: dict[int, Body] = {}
    for number, body in bodies.items():
        own = published.get(body.md5)
        if (own is not None and own.digest != "no") or body.md5 in tags[number]:
            found[number] = Told(ReadOutcome.WHOLE, body.md5)
        elif any(is_digest(tag) for tag in tags[number] if tag):
            sizes = [published[tag].size for tag in tags[number] if tag in published]
            found[number] = Told(_broken(body, max(sizes, default=body.size)), "")
        else:
            others[number] = body
    found |= _by_their_etag(others, tags, published, confirmed=confirmed)
    json = any(bodies[number].is_json for number, of in found.items() if of.outcome is ReadOutcome.WHOLE)

    def settled(number: int, of: Told) -> Told:
        if of.outcome is not ReadOutcome.WHOLE or of.document in published:
            return _unlike(bodies[number], of, json=json)
        doubted = _is_doubtful(bodies[number], json=json, asked=bool(published))
        return Told(ReadOutcome.FOREIGN, "") if doubted else of

    return {number: settled(number, of) for number, of in found.items()}


def _by_their_etag(
    bodies: Mapping[int, Body],
    tags: Mapping[int, Mapping[str, Together]],
    published: Mapping[str, Published],
    *,
    confirmed: bool,
) -> dict[int, Told]:
    """Bodies that no MD5 speaks for: the usual one under an ETag is the document, the others are not whole."""
    if confirmed:  # the store's own documents can all be told by their MD5, so this is nothing that a HEAD vouches for
        return dict.fromkeys(bodies, Told(ReadOutcome.FOREIGN, ""))
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
    found = {}
    for number, body in bodies.items():
        if number in documents:
            others = sorted(tag for tag, (_, of) in usual.items() if of == number and tag != documents[number])
            shown, unshown = (tuple(tag for tag in others if (tag in published) is it) for it in (True, False))
            found[number] = Told(ReadOutcome.WHOLE, documents[number], shown, unshown)
        elif any(tags[number]):
            sizes = [published[t].size if t in published else bodies[usual[t][1]].size for t in tags[number] if t]
            found[number] = Told(_broken(body, max(sizes)), "")
        else:
            found[number] = Told(ReadOutcome.FOREIGN, "")
    return found


def _is_doubtful(body: Body, *, json: bool, asked: bool) -> bool:
    """Whether a body that only its own answer vouches for looks like a broken one.

    Where the store was asked, few documents are of that kind. Where it was not, all are, and one in which two fields
    change in turn looks like a mix of its neighbours.
    """
    alike = body.said is not None if asked else body.said is ReadOutcome.TRUNCATED
    return alike or (json and not body.is_json)


def _broken(body: Body, size: int) -> ReadOutcome:
    """What kind of broken a body is, beside a document of ``size`` bytes."""
    if body.said is not None:
        return body.said
    return ReadOutcome.TRUNCATED if body.size < size else ReadOutcome.CORRUPT


def _unlike(body: Body, of: Told, *, json: bool) -> Told:
    """A page of text where all documents are JSON is an error page, and nobody's document."""
    if of.outcome is ReadOutcome.FOREIGN and json and not body.is_json:
        return Told(ReadOutcome.UNRECOGNISED, "")
    return of
