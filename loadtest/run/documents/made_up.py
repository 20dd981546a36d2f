"""Documents that prove themselves: how they are made, and what a body that came back turns out to be.

A document is a pure function of (run, version, size): JSON that looks like a list of samples, in which every row names
the version, with a digest over all other bytes and an end mark. So the bytes of a body alone show whether it is whole,
and a body that is not whole can be compared, byte by byte, with each version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import numpy as np

from loadtest.run.documents.kind import MAXIMUM_BYTES, Identity
from loadtest.run.documents.rewriting import objects_in, undone
from loadtest.run.records import NO_VERSION, ReadOutcome

MINIMUM_BYTES: Final = 256

_HEADER = re.compile(
    rb'\{"run":"(?P<run>[0-9a-f]{12})","version":(?P<version>\d{1,10}),"bytes":(?P<bytes>\d{1,8}),'
    rb'"sha256":"(?P<digest>[0-9a-f]{64})","samples":\['
)
_RUN = re.compile(r"[0-9a-f]{12}")
_ROW_VERSION = re.compile(rb'"version":(\d{1,10})')
_BLANK_DIGEST = b"0" * 64
_ROW_BYTES_OF_NOISE = 24
_LEAST_FOREIGN_BYTES = 8
"""Bytes that must differ from one version before a mix is called torn. Fewer could be a flipped byte that happens to
look like another version's."""
_NEIGHBOURS = 2
_MOST_CANDIDATES = 12
_MOST_RENDERED_BYTES = 8 * 1024 * 1024
"""Bytes rendered to compare one broken body with, so that the cost of a body is bounded, whatever it names."""
_MOST_CLAIMS = 3
_LARGEST_KEPT = 512 * 1024
_LARGEST_VERSION = 2**31 - 1


def render(run: str, version: int, size: int) -> bytes:
    """The document of ``version`` in exactly ``size`` bytes (``MINIMUM_BYTES`` to ``MAXIMUM_BYTES``).

    ``run`` is 12 lower-case hexadecimal digits.
    """
    end = f'],"end":"{run}/{version}"}}'.encode()
    head = f'{{"run":"{run}","version":{version},"bytes":{size},"sha256":"'.encode()
    opening = b'","samples":['
    room = size - len(head) - len(_BLANK_DIGEST) - len(opening) - len(end)
    tail = opening + _rows(run, version, room) + end
    digest = hashlib.sha256(head + _BLANK_DIGEST)
    digest.update(tail)
    return b"".join((head, digest.hexdigest().encode(), tail))


def _rows(run: str, version: int, room: int) -> bytes:
    """Sample rows that fill ``room`` bytes exactly; the last one's value is stretched to fit."""
    template = f'{{"id":%d,"version":{version},"value":"%s"}}'
    shortest = len(template % (10**6, "")) + _ROW_BYTES_OF_NOISE + 1
    count = max(1, room // shortest)
    noise = hashlib.shake_128(f"{run}/{version}".encode()).hexdigest(count * _ROW_BYTES_OF_NOISE // 2)
    rows = [
        template % (number, noise[number * _ROW_BYTES_OF_NOISE : (number + 1) * _ROW_BYTES_OF_NOISE])
        for number in range(count - 1)
    ]
    used = sum(map(len, rows)) + len(rows)
    last_room = room - used - len(template % (count - 1, ""))
    stretched = hashlib.shake_128(f"{run}/{version}/end".encode()).hexdigest((last_room + 1) // 2)[:last_room]
    rows.append(template % (count - 1, stretched))
    return ",".join(rows).encode()


def identify(body: bytes, run: str, size: int) -> Identity:
    """What ``body`` is: whole, torn, truncated, corrupt, rewritten, unrecognised or foreign. Never raises."""
    header = _HEADER.match(body)
    if header is not None and _digest_holds(body, header):
        if header["run"].decode() != run:
            return Identity(ReadOutcome.FOREIGN, NO_VERSION)
        version = int(header["version"])
        if version <= _LARGEST_VERSION and len(body) == size:
            return Identity(ReadOutcome.WHOLE, version)
        return Identity(ReadOutcome.CORRUPT, NO_VERSION)
    return Identity(_what_is_wrong(body, run, size), NO_VERSION)


def made_up_by(body: bytes) -> str:
    """The run that made this document up; "" when this tool did not make it up."""
    header = _HEADER.match(body)
    return header["run"].decode() if header is not None and _digest_holds(body, header) else ""


def how_rewritten(body: bytes, run: str, size: int) -> str:
    """What was done to a document of the run on its way; "" when ``body`` is no such document."""
    return next((how for of, how in _rewritten_documents(body, size) if of == run), "")


def _rewritten_documents(body: bytes, size: int) -> Iterator[tuple[str, str]]:
    """The runs of the whole documents that ``body`` is another spelling of, and how it is spelled."""
    limit = 2 * size + 65536
    for inner, how in undone(body, limit):
        header = _HEADER.match(inner)
        if header is not None and _digest_holds(inner, header):
            yield header["run"].decode(), how
    claims = ((value, how, claim) for value, how in objects_in(body, limit) if (claim := _claimed(value, limit)))
    for value, how, claim in islice(claims, _MOST_CLAIMS):
        if value == json.loads(_rendered(*claim)):
            yield claim[0], how


def _claimed(value: dict[str, Any], limit: int) -> tuple[str, int, int] | None:
    """The run, version and size that an object claims to be a document of; None when it claims nothing."""
    run, version, size = value.get("run"), value.get("version"), value.get("bytes")
    if not (isinstance(run, str) and _RUN.fullmatch(run) and type(version) is int and type(size) is int):
        return None
    in_range = 0 <= version <= _LARGEST_VERSION and MINIMUM_BYTES <= size <= min(MAXIMUM_BYTES, limit)
    return (run, version, size) if in_range else None


@lru_cache(maxsize=16)
def _rendered_small(run: str, version: int, size: int) -> bytes:
    return render(run, version, size)


def _rendered(run: str, version: int, size: int) -> bytes:
    """As :func:`render`, but the last few small documents are kept."""
    return (_rendered_small if size <= _LARGEST_KEPT else render)(run, version, size)


def _digest_holds(body: bytes, header: re.Match[bytes]) -> bool:
    if int(header["bytes"]) != len(body):
        return False
    view = memoryview(body)
    digest = hashlib.sha256(view[: header.start("digest")])
    digest.update(_BLANK_DIGEST)
    digest.update(view[header.end("digest") :])
    return digest.hexdigest().encode() == header["digest"]


def _what_is_wrong(body: bytes, run: str, size: int) -> ReadOutcome:
    runs = {of for of, _ in _rewritten_documents(body, size)}
    if runs:
        return ReadOutcome.REWRITTEN if run in runs else ReadOutcome.FOREIGN
    if _is_start_of_any(body, run):
        return ReadOutcome.TRUNCATED
    if not (run.encode() in body or _ROW_VERSION.search(body)):
        return ReadOutcome.UNRECOGNISED
    return _of_pieces(body, run, size)


def _of_pieces(body: bytes, run: str, size: int) -> ReadOutcome:
    """The outcome of a body that has something of a document in it, compared with the versions that it names."""
    if len(body) > size:
        return ReadOutcome.CORRUPT
    received = np.frombuffer(body, dtype=np.uint8)
    matches = [
        received == np.frombuffer(_rendered(run, version, size), dtype=np.uint8)[: len(received)]
        for version in _versions_named(body)[: max(3, _MOST_RENDERED_BYTES // size)]
    ]
    if len(body) < size and any(match.all() for match in matches):
        return ReadOutcome.TRUNCATED
    if matches:
        explained = np.logical_or.reduce(matches)
        most_like = max(matches, key=lambda match: int(match.sum()))
        if explained.all() and int((~most_like).sum()) >= _LEAST_FOREIGN_BYTES:
            return ReadOutcome.TORN
    return ReadOutcome.CORRUPT


def _is_start_of_any(body: bytes, run: str) -> bool:
    """Whether a body is so short that it names no version, and is how every document of the run starts."""
    return f'{{"run":"{run}","version":'.encode().startswith(body)


def _versions_named(body: bytes) -> list[int]:
    """Versions that the body could be made of: those that it names, and neighbours of the first three.

    Two of them may be mixes themselves, where a cut goes through a number: 600 and 799, of 699 and 700.
    """
    named = list(dict.fromkeys(int(digits) for digits in _ROW_VERSION.findall(body)))
    near = [version + step for version in named[:3] for step in range(-_NEIGHBOURS, _NEIGHBOURS + 1)]
    wanted = dict.fromkeys(named[:_MOST_CANDIDATES] + near)
    return [version for version in wanted if 0 <= version <= _LARGEST_VERSION]
