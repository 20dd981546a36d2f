"""Documents of the user's own, unchanged: the files of a folder, each published once, in the order of their names."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from loadtest.run.documents.known import KnownVerifier
from loadtest.run.documents.library import Library

FOLDER: Final = "folder"
_MOST_HEADS: Final = 4096
_READ_BYTES: Final = 64 * 1024 * 1024
"""Bytes of documents held in memory, or four documents where that is more."""


class Folder:
    """The documents of one folder. No two are alike, so the bytes of a body show which one it is."""

    def __init__(self, library: Library, entries: list[dict[str, Any]]) -> None:
        self._sizes = [int(entry["bytes"]) for entry in entries]
        self._versions = {str(entry["sha256"]): version for version, entry in enumerate(entries)}
        self.largest, self.count = max(self._sizes), len(self._sizes)
        self._read = lru_cache(maxsize=max(4, _READ_BYTES // self.largest))(library.read)
        self._heads = {library.read(version, _MOST_HEADS) for version in range(len(entries))}

    @classmethod
    def of(cls, run_dir: Path) -> Folder:
        library = Library(run_dir)
        return cls(library, library.about()["documents"])

    def render(self, version: int) -> bytes:
        return self._read(version)

    def verifier(self) -> KnownVerifier:
        return KnownVerifier(self)

    def version_of(self, body: bytes) -> int | None:
        return self._versions.get(hashlib.sha256(body).hexdigest()) if len(body) in self._sizes else None

    def named_in(self, body: bytes) -> tuple[int, ...]:
        """No version: nothing in a document names one."""
        return ()

    def may_start_with(self, body: bytes) -> bool:
        return len(body) < _MOST_HEADS and any(head.startswith(body) for head in self._heads)

    def is_somebody_elses(self, body: bytes) -> bool:
        """Never: nothing in a document names a run."""
        return False
