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
from loadtest.run.files import KEPT_ABOUT, KEPT_DOCUMENT, RUN_FILE
from loadtest.run.records import ReadOutcome
from loadtest.run.spool.recording_processes import still_recording
from loadtest.target.kept_document import (
    TAKEN_OVER_FROM,
    Kept,
    is_owed,
    keep,
    kept_folder,
    kept_numbers,
    load,
    newest_kept,
    note_put_back,
)
from loadtest.target.store_interface import ObjectLook

_MOST_FOLDERS: Final = 20_000


@dataclass(frozen=True)
class Earlier:
    """What earlier runs have left: sentences for the user, and the run whose kept document this one takes over."""

    say: tuple[str, ...] = ()
    heir_of: Path | None = None
    number: int = 0
    """Of the object, in that run, if it has several."""


def earlier_runs(run_dir: Path, about: dict[str, Any], made_up_by: str, number: int = 0) -> Earlier:
    """Look among the runs beside ``run_dir`` for what is owed to this object, and for the run that wrote what is there.

    ``number`` is that of the object, in a run that has several.

    Raises:
        UsageError: that run is still writing.
    """
    place = f"s3://{about['bucket']}/{about['object_key']}"
    say: list[str] = []
    heir_of: Path | None = None
    of = 0
    found = _kept_body(run_dir, number)
    for folder in _beside(run_dir):
        its_number = _number_of(folder, about)
        owed = its_number is not None and is_owed(folder, its_number)
        if (made_up_by and _run_of(folder) == made_up_by) or (found and _has_published(folder, found)):
            if still_recording(folder):
                raise UsageError(
                    f"The load test in {folder} is writing to {place} at this moment: wait for its end, or write to "
                    "another object with --object-key."
                )
            if owed:
                heir_of, of = folder, its_number or 0
                continue
        if owed:
            say.append(owed_sentence(folder))
    return Earlier(tuple(say), heir_of, of)


def _kept_body(run_dir: Path, number: int) -> bytes:
    """What was found and is kept; it is nobody's document if an earlier run has published it."""
    try:
        return (newest_kept(run_dir, number) / KEPT_DOCUMENT).read_bytes()
    except OSError:
        return b""


def _has_published(folder: Path, body: bytes) -> bool:
    """Whether a run that still owes its owner a document has published this one."""
    documents = published_by(folder) if is_owed(folder) else None
    if documents is None or documents.verifier().identify(body).outcome is not ReadOutcome.WHOLE:
        return False
    return all(body != _kept_body(folder, number) for number in kept_numbers(folder))


def take_over(run_dir: Path, earlier: Path, about: dict[str, Any], number: int = 0, of: int = 0) -> str:
    """Keep what an earlier run has kept, so that this one puts it back; a sentence that says so.

    ``number`` and ``of`` are those of the object in this run and in the earlier one.
    """
    try:
        kept = load(earlier, of)
    except UsageError as error:
        return str(error)
    if kept is None or kept.body is None:
        return ""
    was = kept.about
    etag, not_kept = str(was.get("etag") or ""), tuple(was.get("not_kept") or ())
    look = ObjectLook("document", "", kept.body, etag, was.get("put"), not_kept)
    said = {**about, "from": "earlier run", TAKEN_OVER_FROM: str(earlier.resolve())}
    keep(kept_folder(run_dir, number), said, look)
    return (
        f"The load test in {earlier} has not put back the document that was at {kept.place} before it "
        f"({len(kept.body):,} bytes): it will be put back at the end of this run."
    )


def note_taken_over(kept: Kept) -> None:
    """What was put back for earlier runs is not owed by them any more."""
    about, noted = kept.about, set()
    while isinstance(earlier := about.get(TAKEN_OVER_FROM), str) and earlier not in noted:
        number = _number_of(Path(earlier), about) or 0
        note_put_back(Path(earlier), number)
        noted.add(earlier)
        about = _about(Path(earlier), number)  # which may have taken it over itself


def owed_sentence(run_dir: Path) -> str:
    """That a run still keeps a document, or several, in one line."""
    owed = [_about(run_dir, number) for number in kept_numbers(run_dir) if is_owed(run_dir, number)]
    places = [f"s3://{about.get('bucket')}/{about.get('object_key')}" for about in owed]
    if len(places) > 1:
        return (
            f"{run_dir} still keeps the documents that were at {', '.join(places[:-1])} and {places[-1]} before that "
            f"run, and they were not put back: `python -m loadtest restore {run_dir}`."
        )
    place = places[0] if places else "its object"
    return (
        f"{run_dir} still keeps the document that was at {place} before that run, and it was not put back: "
        f"`python -m loadtest restore {run_dir}`."
    )


def _beside(run_dir: Path) -> list[Path]:
    try:
        paths = islice(run_dir.parent.iterdir(), _MOST_FOLDERS)
        return sorted(
            path for path in paths if path.is_dir() and not path.is_symlink() and path.resolve() != run_dir.resolve()
        )
    except OSError:
        return []


def _about(folder: Path, number: int) -> dict[str, Any]:
    return _json(newest_kept(folder, number) / KEPT_ABOUT)


def _number_of(folder: Path, about: dict[str, Any]) -> int | None:
    """Under which number a run keeps what was at this object; None when it keeps nothing of it."""
    return next((number for number in kept_numbers(folder) if _same_object(_about(folder, number), about)), None)


def _run_of(folder: Path) -> str:
    kept = (_about(folder, number).get("run") for number in kept_numbers(folder))
    return str(next(filter(None, kept), None) or _json(folder / RUN_FILE).get("run") or "")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _same_object(kept: dict[str, Any], about: dict[str, Any]) -> bool:
    return all(kept.get(name) == about.get(name) for name in ("bucket", "object_key", "s3_endpoint_url"))
