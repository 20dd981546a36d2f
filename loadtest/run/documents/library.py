"""Documents of the user's own in the run directory: one file each, and a file with what is known of them all.

They are copies, so that work on the originals does not change what a run published. Only the owner of the run directory
may read them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loadtest.run.documents.kind import Description
from loadtest.run.files import DOCUMENTS_ABOUT, DOCUMENTS_FOLDER
from loadtest.whole_files import OWNER_ONLY, write_whole


class Library:
    """The documents that lie in one run directory."""

    def __init__(self, run_dir: Path) -> None:
        self._folder = run_dir / DOCUMENTS_FOLDER

    def add(self, number: int, document: bytes) -> dict[str, Any]:
        """Keep one more document, and return what is to be known of it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(self._folder / str(number), document, mode=OWNER_ONLY)
        return {"bytes": len(document), "sha256": hashlib.sha256(document).hexdigest()}

    def close(self, run: str, description: Description, entries: Iterable[dict[str, Any]]) -> None:
        """Write what is known of all of them, so that they can be used before there is a ``run.json``."""
        about = {"run": run, "description": description, "documents": list(entries)}
        write_whole(self._folder / DOCUMENTS_ABOUT, json.dumps(about, indent=1).encode(), mode=OWNER_ONLY)

    def about(self) -> dict[str, Any]:
        """What is known of the documents.

        Raises:
            OSError: it cannot be read.
            ValueError: it is damaged.
        """
        about = json.loads((self._folder / DOCUMENTS_ABOUT).read_bytes())
        if not isinstance(about, dict):
            raise ValueError(f"{self._folder / DOCUMENTS_ABOUT} is damaged")
        return about

    def read(self, number: int, most: int = -1) -> bytes:
        """The document with that number, counted from 0, or its first bytes."""
        with (self._folder / str(number)).open("rb") as file:
            return file.read(most)
