"""Takes the user's own documents into the run directory, before any load: --document with --stamp, or --documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.run.documents.folder import FOLDER
from loadtest.run.documents.json_fields import NoPlaceError, StampPlace, place_in
from loadtest.run.documents.kind import MAXIMUM_BYTES, Description
from loadtest.run.documents.kinds import for_objects
from loadtest.run.documents.library import Library
from loadtest.run.documents.mixing import share_of_cuts_seen
from loadtest.run.documents.stamped import STAMPED
from loadtest.run.documents.stamps import Template
from loadtest.run.settings import Settings
from stacks.user_input import shown

MOST_STAMPED: Final = 100
MOST_FILES: Final = 5_000
MOST_BYTES: Final = 1024 * 1024 * 1024
MOST_STAMPED_BYTES: Final = 64 * 1024 * 1024
"""Every load-generating process holds all of the stamped documents, but only a few of a folder's."""


def take_documents(settings: Settings, run_dir: Path, run: str) -> Description:
    """Copy the documents that the settings name into the run directory, and return their description."""
    if settings.documents is not None:
        return _take_folder(settings.documents, run_dir, run)
    return _take_stamped(settings, run_dir, run)


def _take_stamped(settings: Settings, run_dir: Path, run: str) -> Description:
    files, pointers = tuple(map(Path, settings.document)), settings.stamp
    objects = settings.document_objects or (0,) * len(files)
    if len(files) > MOST_STAMPED:
        raise UsageError(f"--document is given {len(files)} times: give at most {MOST_STAMPED}.")
    library = Library(run_dir)
    entries, templates = [], []
    for number, (path, document) in enumerate(_read(files, MOST_STAMPED_BYTES, "--document")):
        places = _places(path, document, pointers)
        templates.append(Template(document, places))
        if templates[-1].size > MAXIMUM_BYTES:
            raise UsageError(
                f"--document {shown(str(path))} has {templates[-1].size:,} bytes with its stamp: give one of at most "
                f"{MAXIMUM_BYTES:,}, which is the most that API Gateway passes on."
            )
        own = {"object": objects[number]} if settings.document_objects else {}
        entries.append({"name": path.name, **own, "places": places, **library.add(number, document)})
    seen = [
        _cuts_seen([template for template, own in zip(templates, objects, strict=True) if own == number], run)
        for number in sorted(set(objects))
    ]
    description = _described(STAMPED, [template.size for template in templates], min(seen, key=fmean))
    description |= {"stamps": list(pointers), **for_objects(len(seen))}
    library.close(run, description, entries)
    return description


def _cuts_seen(turns: list[Template], run: str) -> list[float]:
    """How well a mix is seen of each document that takes turns at one object and the one after it."""
    return [
        share_of_cuts_seen(template.render(run, at), turns[(at + 1) % len(turns)].render(run, at + 1))
        for at, template in enumerate(turns)
    ]


def _places(path: Path, document: bytes, pointers: tuple[str, ...]) -> list[StampPlace]:
    places: list[StampPlace] = []
    for pointer in pointers:
        try:
            place = place_in(document, pointer)
        except NoPlaceError as error:
            subject = f"--stamp {shown(pointer)}" if "JSON Pointer" in str(error) else f"--document {shown(str(path))}"
            raise UsageError(
                f"{subject} {error}; name the field with --stamp, a JSON Pointer such as /meta/revision."
            ) from None
        if place in places:
            raise UsageError(f"--stamp {shown(pointer)} names a field that is stamped already: give each field once.")
        places.append(place)
    return places


def _take_folder(folder: Path, run_dir: Path, run: str) -> Description:
    paths = _files_of(folder)
    library = Library(run_dir)
    entries: list[dict[str, Any]] = []
    cuts_seen: list[float] = []
    names: dict[str, str] = {}
    before = b""
    for number, (path, document) in enumerate(_read(paths, MOST_BYTES, "--documents")):
        entry = {"name": path.name, **library.add(number, document)}
        same = names.setdefault(entry["sha256"], path.name)
        if same != path.name:
            raise UsageError(
                f"--documents {shown(str(folder))} holds the same bytes as {shown(same)} and as {shown(path.name)}: "
                "readers could not tell which of them they got, so leave one out, or have them stamped with "
                "--document and --stamp."
            )
        cuts_seen += [share_of_cuts_seen(before, document)] if number else []
        entries.append(entry)
        before = document
    description = _described(FOLDER, [int(entry["bytes"]) for entry in entries], cuts_seen)
    library.close(run, description, entries)
    return description


def _files_of(folder: Path) -> list[Path]:
    """The files in the folder, in the order of their names, without hidden files and folders."""
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    except OSError as error:
        raise UsageError(
            f"--documents {shown(str(folder))} cannot be read ({error.strerror}): give a folder."
        ) from None
    if not 2 <= len(files) <= MOST_FILES:
        raise UsageError(
            f"--documents {shown(str(folder))} holds {len(files):,} files: give a folder with 2 to {MOST_FILES:,}, "
            "each the document as it is at one time."
        )
    return sorted(files, key=lambda path: path.name)


def _read(paths: Sequence[Path], most: int, option: str) -> Iterator[tuple[Path, bytes]]:
    """Each file with its content, one at a time."""
    total = 0
    for path in paths:
        name = f"{option} {shown(str(path))}"
        try:
            if not path.is_file():
                raise UsageError(f"{name} is not a file: give the document as it is served.")
            with path.open("rb") as file:
                document = file.read(MAXIMUM_BYTES + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no file can have that name"
            raise UsageError(f"{name} cannot be read ({why}): check the path.") from None
        if not document:
            raise UsageError(f"{name} is empty: give the document as it is served.")
        if len(document) > MAXIMUM_BYTES:
            raise UsageError(f"{name} has more than {MAXIMUM_BYTES:,} bytes, the most that API Gateway passes on.")
        total += len(document)
        if total > most:
            raise UsageError(f"{option}: the documents have more than {most:,} bytes together; give fewer.")
        yield path, document


def _described(kind: str, sizes: list[int], cuts_seen: list[float]) -> Description:
    return {
        "kind": kind,
        "count": len(sizes),
        "smallest": min(sizes),
        "largest": max(sizes),
        "cuts_seen": round(sum(cuts_seen) / len(cuts_seen), 6),
    }
