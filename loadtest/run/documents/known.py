"""Identifies bodies in a run whose versions are all known beforehand, byte for byte.

A body is whole if it is, byte for byte, a version. Otherwise it is compared with the few versions that it can be made
of: those that it names, the one whose ETag it came with, and those around the last one that was seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Final, Protocol

from loadtest.run.documents.broken_bodies import BrokenBodies
from loadtest.run.documents.etags_of_ours import EtagsOfOurs
from loadtest.run.documents.kind import Identity
from loadtest.run.documents.mixing import made_of
from loadtest.run.documents.rewriting import SPELLED_ANEW, undone
from loadtest.run.records import NO_VERSION, ReadOutcome

_MOST_WHOLE_BYTES: Final = 32 * 1024 * 1024
_MOST_RENDERED_BYTES: Final = 8 * 1024 * 1024
"""Bytes that one broken body is compared with, whatever it names; or three versions, where that is more."""
_LEAST_VERSIONS: Final = 3
_NEIGHBOURS: Final = 2
_SPARE_VALUES: Final = 64
_SPARE_OF_OTHERS: Final = 1_000
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class KnownDocuments(Protocol):
    """What documents of a kind that is known beforehand have beside what every kind has."""

    @property
    def largest(self) -> int: ...

    @property
    def count(self) -> int | None: ...

    def render(self, version: int) -> bytes:
        """The bytes of ``version``."""

    def version_of(self, body: bytes) -> int | None:
        """The version that a body is, byte for byte; None when it is not a version."""

    def named_in(self, body: bytes) -> Iterable[int]:
        """Versions that something in a body names."""

    def may_start_with(self, body: bytes) -> bool:
        """Whether a body is so short that it can be the start of any version."""

    def is_somebody_elses(self, body: bytes) -> bool:
        """Whether a body proves that it is a whole document, but not of this run."""


class KnownVerifier:
    """Tells what a body is. The last body costs one memory comparison, and so does each one whose ETag is known.

    The versions of one object are ``first`` and every ``step``-th after it.
    """

    def __init__(self, documents: KnownDocuments, first: int = 0, step: int = 1) -> None:
        self._documents = documents
        self._first = first
        self._step = step
        self._keep = max(1, min(8, _MOST_WHOLE_BYTES // documents.largest))
        self._latest: tuple[bytes, Identity] = (b"", Identity(ReadOutcome.TRUNCATED, NO_VERSION))
        self._whole: dict[str | None, tuple[bytes, Identity]] = {}
        self._broken = BrokenBodies()
        self._etags = EtagsOfOurs()
        self._how = (b"", "")

    @property
    def latest_body(self) -> bytes:
        return self._latest[0]

    @property
    def latest_identity(self) -> Identity:
        return self._latest[1]

    def identify(self, body: bytes, etag: str | None = None) -> Identity:
        """The identity of ``body``, which came with status 200 and this ETag. Never raises."""
        if body and body == self._latest[0]:
            return self._latest[1]
        known = self._whole.get(etag)
        if known is None or known[0] != body:
            version = self._documents.version_of(body)
            if version is None:
                return self._broken.identity(body, etag) or self._identified_broken(body, etag)
            known = (body, Identity(ReadOutcome.WHOLE, version))
            self._keep_whole(known, etag)
        self._latest = known
        return known[1]

    def how_rewritten(self, body: bytes) -> str:
        """What was done to a document on its way that turned out to be rewritten. The last answer is kept."""
        if body != self._how[0]:
            with suppress(OSError):
                self._how = (body, next(self._rewritings(body, self._candidates(body, None)), ""))
        return self._how[1] if body == self._how[0] else ""

    def _keep_whole(self, known: tuple[bytes, Identity], etag: str | None) -> None:
        self._whole.pop(etag, None)
        self._whole[etag] = known
        if len(self._whole) > self._keep:
            del self._whole[next(iter(self._whole))]
        if self._etags.keep(etag, known[0], known[1].version):
            self._broken.forget()

    def _identified_broken(self, body: bytes, etag: str | None) -> Identity:
        try:
            outcome = self._what_is_wrong(body, etag)
        except (OSError, MemoryError):  # a document of the run cannot be read any more, so there is none to compare
            outcome = ReadOutcome.UNRECOGNISED
        identity = Identity(outcome, NO_VERSION)
        self._broken.keep(body, etag, identity)
        return identity

    def _what_is_wrong(self, body: bytes, etag: str | None) -> ReadOutcome:  # noqa: PLR0911 - one a case
        documents = self._documents
        if documents.may_start_with(body):
            return ReadOutcome.TRUNCATED
        if documents.is_somebody_elses(body):
            return ReadOutcome.FOREIGN
        candidates = self._candidates(body, etag)
        versions = [documents.render(version) for version in candidates]
        if any(version.startswith(body) for version in versions):
            return ReadOutcome.TRUNCATED  # also where only a line end is missing, which leaves the same JSON
        if next(self._rewritings(body, candidates), ""):
            return ReadOutcome.REWRITTEN
        mix = made_of(body, versions)
        if mix is ReadOutcome.TORN:
            return mix
        if self._etags.prove_that_the_store_holds(body, etag):
            return ReadOutcome.FOREIGN
        if self._etags.prove_that_the_store_holds_another(body, etag):
            return mix or ReadOutcome.UNRECOGNISED
        if self._etags.are_of_another(etag) and _is_of_one_kind(body, versions):
            return ReadOutcome.FOREIGN  # a document like these, under an ETag that none of them had
        if mix is None and self._etags.say_that_somebody_wrote(body, etag):
            return ReadOutcome.FOREIGN
        return mix or ReadOutcome.UNRECOGNISED

    def _candidates(self, body: bytes, etag: str | None) -> list[int]:
        """A limited number of versions that a body may be made of, the likeliest first."""
        named = list(islice(self._documents.named_in(body), _LEAST_VERSIONS))
        by_etag = self._etags.version(etag)
        centres = [*named, *([] if by_etag is None else [by_etag]), max(self._latest[1].version, self._first)]
        steps = [self._step * number for number in sorted(range(-_NEIGHBOURS, _NEIGHBOURS + 1), key=abs)]
        count = self._documents.count
        wanted = dict.fromkeys([*centres, *(centre + step for step in steps for centre in centres)])
        most = max(_LEAST_VERSIONS, _MOST_RENDERED_BYTES // self._documents.largest)
        return [version for version in wanted if version >= 0 and (count is None or version < count)][:most]

    def _rewritings(self, body: bytes, candidates: list[int]) -> Iterator[str]:
        """What may have been done to one of these versions on its way, so that it became ``body``."""
        limit = 2 * self._documents.largest + 65536
        layers = [(body, ""), *undone(body, limit)]
        for inner, how in layers[1:]:
            if self._documents.version_of(inner) is not None:
                yield how
        versions = [self._documents.render(version) for version in candidates[:_LEAST_VERSIONS]]
        most_values = 2 * max((_values_in(version) for version in versions), default=0) + _SPARE_VALUES
        parsed = None
        for inner, how in layers:
            if len(inner) > limit or _values_in(inner) > most_values:
                continue
            value = _parsed(inner)
            if not isinstance(value, dict | list) or not value:
                continue
            parsed = [_parsed(version) for version in versions] if parsed is None else parsed
            before = f"{how}, " if how else ""
            if value in parsed:
                yield f"{before}{SPELLED_ANEW}"
            inside = value.values() if isinstance(value, dict) else value
            if any(each in parsed for each in islice(inside, _SPARE_VALUES) if isinstance(each, dict | list) and each):
                yield f"{before}wrapped in other JSON"


def _values_in(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[")


def _is_of_one_kind(body: bytes, versions: list[bytes]) -> bool:
    """Whether a body is a document like these, with other contents."""
    if any(_values_in(body) > 4 * _values_in(version) + _SPARE_OF_OTHERS for version in versions):
        return False
    theirs = _parsed(body.removeprefix(_BYTE_ORDER_MARK))
    for ours in map(_parsed, versions[:1]):
        if isinstance(theirs, list) and isinstance(ours, list):
            return True
        if isinstance(theirs, dict) and isinstance(ours, dict) and theirs.keys() & ours.keys():
            return True
    return False


def _parsed(text: bytes) -> Any:
    """``text`` parsed as JSON; None when it is not JSON."""
    try:
        plain = text.removeprefix(_BYTE_ORDER_MARK).decode()
        try:
            return json.loads(plain)
        except ValueError:
            return json.loads(plain, parse_int=str)  # Python takes no int of more than 4,300 digits
    except (ValueError, RecursionError):
        return None
