"""The document that was there before the run: kept in the run directory, so that it can be put back.

The document is its owner's. Its bytes lie in ``kept/document``, what is known of it in ``kept/about.json``, both for
the owner of the run directory alone. No secret is among it: addresses are written as they may be shown.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.target.store import Look

KEPT_FOLDER: Final = "kept"
ABOUT_FILE: Final = "about.json"
DOCUMENT_FILE: Final = "document"
FORMAT: Final = 1


@dataclass(frozen=True)
class Kept:
    """What is known of the object as it was before the run. ``body`` None: there was none."""

    about: dict[str, Any]
    body: bytes | None

    @property
    def place(self) -> str:
        """The object, for a sentence."""
        return f"s3://{self.about['bucket']}/{self.about['object_key']}"


def keep(folder: Path, about: dict[str, Any], look: Look | None) -> None:
    """Keep what was found; ``look`` None says that nothing was there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    about = {**about, "format": FORMAT, "put_back": False}
    if look is not None:
        _write(folder / DOCUMENT_FILE, look.body)
        about |= {"etag": look.etag, "bytes": len(look.body), "put": look.put or {}, "not_kept": list(look.not_kept)}
    _write(folder / ABOUT_FILE, json.dumps({**about, "found": look is not None}, indent=2).encode())


def load(run_dir: Path) -> Kept | None:
    """What a run has kept; None when it found nothing that is somebody's, or wrote nothing.

    Raises:
        UsageError: what was kept cannot be read.
    """
    folder = run_dir / KEPT_FOLDER
    try:
        about = json.loads((folder / ABOUT_FILE).read_bytes())
        body = (folder / DOCUMENT_FILE).read_bytes() if about["found"] else None
        if about["format"] > FORMAT or (body is not None and len(body) != about["bytes"]):
            raise ValueError
        for name in ("bucket", "object_key", "run", "url"):
            if not isinstance(about[name], str):
                raise ValueError
    except FileNotFoundError:
        if folder.exists() and (folder / DOCUMENT_FILE).exists():
            raise UsageError(f"{folder} lacks {ABOUT_FILE}: put {folder / DOCUMENT_FILE} back by hand.") from None
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"What was kept in {folder} cannot be read or is not whole: put {folder / DOCUMENT_FILE} back by hand, if "
            "it is what you miss."
        ) from None
    return Kept(about, body)


def note_put_back(run_dir: Path) -> None:
    """Write down that it was put back, so that nobody is told to do it again; where that fails they may be."""
    path = run_dir / KEPT_FOLDER / ABOUT_FILE
    with contextlib.suppress(OSError, ValueError, TypeError):
        _write(path, json.dumps({**json.loads(path.read_bytes()), "put_back": True}, indent=2).encode())


def is_owed(run_dir: Path) -> bool:
    """Whether a document is kept that was not put back yet. Never raises."""
    try:
        about = json.loads((run_dir / KEPT_FOLDER / ABOUT_FILE).read_bytes())
        return bool(about["found"]) and not about["put_back"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write(path: Path, content: bytes) -> None:
    """Write for the owner's eyes only; the file appears whole and is on the disk before anything is overwritten."""
    new = path.with_name(f".{path.name}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
