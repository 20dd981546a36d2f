"""The document of a run that never writes: whatever was there before it, and what bodies are beside that."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from loadtest.payload import Identity, made_up_by
from loadtest.records import NO_VERSION, ReadOutcome

STANDING_FILE: Final = "standing-document"
"""In the run directory: version 0 of a run that never writes, byte for byte."""


class StandingVerifier:
    """Tells what a body is in a run whose one version is ``document``."""

    def __init__(self, document: bytes) -> None:
        self._document = document

    @classmethod
    def of(cls, run_dir: Path) -> StandingVerifier:
        """The verifier of a run that never writes."""
        return cls((run_dir / STANDING_FILE).read_bytes())

    def identify(self, body: bytes, etag: str | None = None) -> Identity:
        """The identity of ``body``, which came with status 200 and this ETag. Never raises."""
        if body == self._document:
            return Identity(ReadOutcome.WHOLE, 0)
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        if etag is not None and etag.removeprefix("W/").strip('"') == digest:
            return Identity(ReadOutcome.FOREIGN, NO_VERSION)  # the store itself holds it
        return Identity(self._what_is_wrong(body), NO_VERSION)

    def how_rewritten(self, body: bytes) -> str:
        """What was done to the document on its way, in a few words."""
        return "a byte-order mark was put in front" if body.startswith(b"\xef\xbb\xbf") else "spelled anew"

    def _what_is_wrong(self, body: bytes) -> ReadOutcome:
        if self._document.startswith(body):
            return ReadOutcome.TRUNCATED
        if made_up_by(body):
            return ReadOutcome.FOREIGN
        ours = _parsed(self._document)
        if ours is None:
            return ReadOutcome.UNRECOGNISED
        theirs = _parsed(body.removeprefix(b"\xef\xbb\xbf"))
        if theirs == ours:
            return ReadOutcome.REWRITTEN
        same_kind = isinstance(theirs, list) and isinstance(ours, list)
        if isinstance(theirs, dict) and isinstance(ours, dict):
            same_kind = bool(theirs.keys() & ours.keys())
        if same_kind:
            return ReadOutcome.FOREIGN  # a document as this one is, with other contents: somebody has changed it
        return ReadOutcome.CORRUPT if len(body) == len(self._document) else ReadOutcome.UNRECOGNISED


def _parsed(body: bytes) -> Any:
    """The JSON that ``body`` is; None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
