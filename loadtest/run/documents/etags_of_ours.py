"""The ETags that whole documents of a run came with, and what they say of a body that is none of its documents."""

from __future__ import annotations

import codecs
import json
import re
from typing import Final

from loadtest.run.documents.rewriting import looks_like_json
from loadtest.run.etags.etag_digests import is_digest, looks_like_digest
from loadtest.run.records import opaque

_MOST_ETAGS: Final = 1000
_MOST_VALUES: Final = 10_000
"""Objects and lists of a body that is parsed; one that holds more is taken for none of anybody's."""
_MOST_PARSED_BYTES: Final = 256 * 1024
"""Bytes that are parsed at once, in a millisecond or two: meanwhile every other read of the process waits."""
_AS_OF_S3: Final = re.compile(r"[0-9a-f]{32}(-[1-9][0-9]{0,4})?")
"""An MD5, what stands for it with KMS or SSE-C, and the ETag of a multipart upload (Amazon S3 API, "Object", ETag)."""


class EtagsOfOurs:
    """Learns from whole documents, one process at a time; the oldest ETags make room."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._are_digests = False
        self._are_as_of_s3 = False

    def keep(self, etag: str | None, body: bytes, version: int) -> bool:
        """A whole document came with this ETag; returns whether that is new, which may change what other bodies are."""
        if etag is None:
            return False
        kind = is_digest(etag, body), _is_as_of_s3(etag)
        tag = opaque(etag)
        is_new = self._versions.get(tag) != version or kind != (self._are_digests, self._are_as_of_s3)
        self._are_digests, self._are_as_of_s3 = kind
        self._versions[tag] = version
        if len(self._versions) > _MOST_ETAGS:
            del self._versions[next(iter(self._versions))]
        return is_new

    def version(self, etag: str | None) -> int | None:
        """The version that came with an ETag last."""
        return None if etag is None else self._versions.get(opaque(etag))

    def are_of_ours(self, etag: str | None) -> bool:
        """Whether an ETag is one that documents of the run came with, or lacks where these have some."""
        return bool(self._versions) and (etag is None or opaque(etag) in self._versions)

    def are_of_another(self, etag: str | None) -> bool:
        """Whether an ETag is none of those that documents of the run came with, where these have any."""
        return etag is not None and bool(self._versions) and opaque(etag) not in self._versions

    def prove_that_the_store_holds(self, body: bytes, etag: str | None) -> bool:
        """Whether a body came with its own MD5, where ETags are MD5s."""
        return self._are_digests and is_digest(etag, body)

    def prove_that_the_store_holds_another(self, body: bytes, etag: str | None) -> bool:
        """Whether a body came with the MD5 of another, where ETags are MD5s."""
        return self._are_digests and looks_like_digest(etag) and not is_digest(etag, body)

    def say_that_somebody_wrote(self, body: bytes, etag: str | None) -> bool:
        """Whether a body is JSON under an ETag as only the store gives them, which none of the run's documents had.

        With KMS nothing in an ETag proves it. But what a gateway answers in the store's place has no ETag of the
        store's, and a document of the run that was damaged on its way has its own.
        """
        if not (self._are_as_of_s3 and self.are_of_another(etag) and _is_as_of_s3(etag)):
            return False
        if self._are_digests and looks_like_digest(etag):
            return is_digest(etag, body)
        if body.count(b"{") + body.count(b"[") > _MOST_VALUES:
            return False
        if len(body) > _MOST_PARSED_BYTES:
            return looks_like_json(body.removeprefix(codecs.BOM_UTF8))
        try:
            value = json.loads(body.decode("utf-8-sig"), parse_int=str)  # Python takes no int of over 4,300 digits
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict | list) and bool(value)


def _is_as_of_s3(etag: str | None) -> bool:
    return etag is not None and _AS_OF_S3.fullmatch(opaque(etag)) is not None
