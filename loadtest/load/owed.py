"""Documents that earlier runs keep and have not put back: the next run takes them over, or reminds the user of them.

A run that was killed leaves one of its own documents in place of the owner's. The next run finds nothing worth keeping
there, so the owner's document would be forgotten if nobody looked for it beside the run's own directory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.run.documents.kinds import published_by
from loadtest.run.files import KEPT_ABOUT, KEPT_DOCUMENT, KEPT_FOLDER, RUN_FILE
from loadtest.run.recording_processes import still_recording
from loadtest.run.records import ReadOutcome
from loadtest.target.kept_document import Kept, is_owed, keep, load, note_put_back
from loadtest.target.store import ObjectLook

_MOST_FOLDERS: Final = 20_000


@dataclass(frozen=True)
class Earlier:
    """What earlier runs have left: sentences for the user, and the run whose kept document this one takes over."""

    say: tuple[str, ...] = ()
    heir_of: Path | None = None


def earlier_runs(run_dir: Path, about: dict[str, Any], made_up_by: str) -> Earlier:
    """Look beside ``run_dir`` for runs that owe this object a document, and for the one whose document is there now.

    Raises:
        UsageError: that run is still writing.
    """
    place = f"s3://{about['bucket']}/{about['object_key']}"
    say: list[str] = []
    heir_of: Path | None = None
    current = _kept_body(run_dir)
    for folder in _beside(run_dir):
        kept = _about(folder)
        if (made_up_by and _run_of(folder, kept) == made_up_by) or (current and _has_published(folder, current)):
            if still_recording(folder):
                raise UsageError(
                    f"The load test in {folder} is writing to {place} at this moment: wait for its end, or write to "
                    "another object with --object-key."
                )
            if is_owed(folder) and _same_object(kept, about):
                heir_of = folder
                continue
        if is_owed(folder) and _same_object(kept, about):
            say.append(owed_sentence(folder))
    return Earlier(tuple(say), heir_of)


def _kept_body(run_dir: Path) -> bytes:
    """The document that this run keeps. It has no owner if an earlier run has published it."""
    try:
        return (run_dir / KEPT_FOLDER / KEPT_DOCUMENT).read_bytes()
    except OSError:
        return b""


def _has_published(folder: Path, body: bytes) -> bool:
    """Whether a run that still owes its owner a document has published this one."""
    documents = published_by(folder) if is_owed(folder) else None
    if documents is None or documents.verifier().identify(body).outcome is not ReadOutcome.WHOLE:
        return False
    return body != _kept_body(folder)


def take_over(run_dir: Path, earlier: Path, about: dict[str, Any]) -> str:
    """Keep what an earlier run has kept, so that this run puts it back. Returns a sentence about it."""
    try:
        kept = load(earlier)
    except UsageError as error:
        return str(error)
    if kept is None or kept.body is None:
        return ""
    was = kept.about
    etag, not_kept = str(was.get("etag") or ""), tuple(was.get("not_kept") or ())
    look = ObjectLook("document", "", kept.body, etag, was.get("put"), not_kept)
    keep(run_dir / KEPT_FOLDER, {**about, "from": "earlier run", "taken_over_from": str(earlier.resolve())}, look)
    return (
        f"The load test in {earlier} has not put back the document that was at {kept.place} before it "
        f"({len(kept.body):,} bytes): it will be put back at the end of this run."
    )


def note_taken_over(kept: Kept) -> None:
    """Note for the earlier runs, too, that the document taken over from them is put back."""
    about, visited = kept.about, set()
    while isinstance(earlier := about.get("taken_over_from"), str) and earlier not in visited:
        note_put_back(Path(earlier))
        visited.add(earlier)
        about = _about(Path(earlier))  # which may have taken it over itself


def owed_sentence(run_dir: Path) -> str:
    """One line: that a run still keeps a document."""
    about = _about(run_dir)
    return (
        f"{run_dir} still keeps the document that was at s3://{about.get('bucket')}/{about.get('object_key')} before "
        f"that run, and it was not put back: `python -m loadtest restore {run_dir}`."
    )


def _beside(run_dir: Path) -> list[Path]:
    try:
        paths = islice(run_dir.parent.iterdir(), _MOST_FOLDERS)
        return sorted(
            path for path in paths if path.is_dir() and not path.is_symlink() and path.resolve() != run_dir.resolve()
        )
    except OSError:
        return []


def _about(folder: Path) -> dict[str, Any]:
    return _json(folder / KEPT_FOLDER / KEPT_ABOUT)


def _run_of(folder: Path, kept: dict[str, Any]) -> str:
    return str(kept.get("run") or _json(folder / RUN_FILE).get("run") or "")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _same_object(kept: dict[str, Any], about: dict[str, Any]) -> bool:
    return all(kept.get(name) == about[name] for name in ("bucket", "object_key", "s3_endpoint_url"))
