"""Stamps: marks in fields of the user's own documents, and documents with stamps in them.

A text field carries run, version and a digest over the whole document, so that a body proves itself, like a document
that is made up. A number carries the version and a check over run and version, in 16 digits that a float can hold. The
rest of such a document is proved by comparing it, byte by byte, with the version.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

from loadtest.run.documents.json_fields import StampPlace
from loadtest.run.documents.made_up import made_up_by

MOST_NUMBERED: Final = 7_000_000
"""Versions whose number a float can hold: it is below 2**53."""
LARGEST_VERSION: Final = 2**31 - 1
_CHECK_DIGITS: Final = 9
_CHECK: Final = 10**_CHECK_DIGITS
_STAMP: Final = re.compile(rb"loadtest-(?P<run>[0-9a-f]{12})-(?P<version>\d{10})-(?P<digest>[0-9a-f]{32})")
_NUMBER_DIGITS: Final = 16
_MOST_STAMPS: Final = 8
_BLANK: Final = b"0" * 32


def number_of(run: str, version: int) -> int:
    """The number that stands for a version of a run; larger for a later version."""
    check = int(hashlib.sha256(f"{run}/{version}".encode()).hexdigest()[:15], 16) % _CHECK
    return (MOST_NUMBERED // 7 + version) * _CHECK + check


def version_of_number(run: str, digits: bytes) -> int | None:
    """The version of the run that a number stands for; None when it stands for none."""
    if len(digits) != _NUMBER_DIGITS or not digits.isdigit():
        return None
    version = int(digits) // _CHECK - MOST_NUMBERED // 7
    return version if 0 <= version < MOST_NUMBERED and number_of(run, version) == int(digits) else None


def stamped_by(body: bytes) -> str:
    """The run whose stamp this document carries, if it proves itself; else ""."""
    stamps = {match["digest"]: match["run"] for match in islice(_STAMP.finditer(body), _MOST_STAMPS)}
    for digest, run in stamps.items():
        if hashlib.sha256(body.replace(digest, _BLANK)).hexdigest()[: len(_BLANK)].encode() == digest:
            return run.decode()
    return ""


def maker_of(body: bytes) -> str:
    """The run that made this document up, or stamped it; "" when the document does not prove that one did.

    A document that is published unchanged, or whose stamp is a number, proves nothing. Its run's directory is needed.
    """
    return made_up_by(body) or stamped_by(body)


def versions_named(body: bytes, run: str) -> list[int]:
    """The versions in the run's stamps, or what looks like stamps, anywhere in a body."""
    stamps = islice(_STAMP.finditer(body), _MOST_STAMPS)
    versions = dict.fromkeys(int(match["version"]) for match in stamps if match["run"] == run.encode())
    return [version for version in versions if version <= LARGEST_VERSION]


class Template:
    """One document of the user's own, with the places of its stamps."""

    def __init__(self, original: bytes, places: Sequence[StampPlace]) -> None:
        self.original = original
        self._places = sorted(places, key=lambda place: place.start)
        ends = [0, *(place.end for place in self._places)]
        starts = [*(place.start for place in self._places), len(original)]
        self._pieces = [original[end:start] for end, start in zip(ends, starts, strict=True)]
        for index, place in enumerate(self._places):
            follows = index and place.start == place.end == self._places[index - 1].end  # a second new field
            self._pieces[index] += (f",{place.before.lstrip(',')}" if follows else place.before).encode()
        self.has_text = any(not place.is_number for place in self._places)
        self.has_number = any(place.is_number for place in self._places)
        self.size = len(self.render("0" * 12, 0))

    def render(self, run: str, version: int) -> bytes:
        """The document as ``version`` of the run: its own bytes, and the stamps."""
        number = b"%d" % number_of(run, version)
        open_stamp = b'"loadtest-%s-%010d-' % (run.encode(), version)
        blank = self._joined(number, open_stamp + _BLANK + b'"')
        if not self.has_text:
            return blank
        digest = hashlib.sha256(blank).hexdigest()[: len(_BLANK)].encode()
        return self._joined(number, open_stamp + digest + b'"')

    def version_named(self, body: bytes, run: str) -> int | None:
        """The version in the first stamp of a body. The rest of the body is not looked at."""
        head = self._pieces[0]
        if not body.startswith(head):
            return None
        if self._places[0].is_number:
            return version_of_number(run, body[len(head) : len(head) + _NUMBER_DIGITS])
        match = _STAMP.match(body, len(head) + 1)
        return int(match["version"]) if match is not None and match["run"] == run.encode() else None

    def may_start_with(self, body: bytes, run: str) -> bool:
        """Whether a body is so short that it names no version, and is how a version of this document starts."""
        head = self._pieces[0]
        if head.startswith(body):
            return True
        rest = body[len(head) :]
        if not body.startswith(head):
            return False
        if self._places[0].is_number:
            return len(rest) < _NUMBER_DIGITS and rest.isdigit()
        opening = b'"loadtest-%s-' % run.encode()
        version = rest.removeprefix(opening)
        return opening.startswith(rest) or (rest.startswith(opening) and len(version) < 10 and version.isdigit())

    def _joined(self, number: bytes, text: bytes) -> bytes:
        parts = [self._pieces[0]]
        for place, piece in zip(self._places, self._pieces[1:], strict=True):
            parts += (number if place.is_number else text, piece)
        return b"".join(parts)
