"""From the description in the plan, or in ``run.json``, to the documents themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from loadtest.run.documents.folder import FOLDER, Folder
from loadtest.run.documents.kind import MAXIMUM_BYTES, Described, Description, Documents
from loadtest.run.documents.library import Library
from loadtest.run.documents.made_up_verifier import MADE_UP, MadeUp
from loadtest.run.documents.observed import OBSERVED, Observed
from loadtest.run.documents.of_object import OfObject
from loadtest.run.documents.stamped import STAMPED, Stamped
from loadtest.run.documents.standing import STANDING, Standing
from loadtest.run.files import DOCUMENTS_FOLDER, STANDING_FILE

KINDS: Final[Mapping[str, Callable[[Described], Documents]]] = {
    MADE_UP: lambda of: MadeUp(of.run, int(of.description["bytes"])),
    OBSERVED: lambda of: Observed(int(of.description["bytes"])),
    STANDING: lambda of: Standing((of.run_dir / STANDING_FILE).read_bytes()),
    STAMPED: lambda of: Stamped.of(of.run_dir, of.run, int(of.description.get("object", 0))),
    FOLDER: lambda of: Folder.of(of.run_dir),
}
MOST_SENT_BYTES: Final = 64 * 1024 * 1024
"""Bytes of documents that are sent with the plan to a worker on another host."""
OWN_KINDS: Final = frozenset((STAMPED, FOLDER))
"""Kinds whose documents are the user's own. They are in the run directory before the first PUT."""


def documents_of(description: Description, run: str, run_dir: Path) -> Documents:
    """The documents of a run; where the description names one of several objects, as the readers of that one tell them.

    Raises:
        ValueError: no kind has that name, the description lacks something, or files of the run are not there.
        OSError: they cannot be read.
    """
    try:
        make = KINDS[description["kind"]]
        made = make(Described(description, run, run_dir))
        if "object" in description:
            return OfObject(made, int(description["object"]), objects_in(description))
        return made
    except FileNotFoundError:
        raise ValueError(f"it has not got the documents of the run: they are not in {run_dir}") from None
    except (KeyError, TypeError):
        raise ValueError(f"documents of a kind that this version does not know: {description!r:.80}") from None


def published_by(run_dir: Path) -> Documents | None:
    """The user's own documents of a run, published or not; None when it had none, or they are gone."""
    try:
        about = Library(run_dir).about()
        return documents_of(about["description"], str(about["run"]), run_dir)
    except (OSError, ValueError, KeyError):
        return None


def files_of(description: Description, run_dir: Path) -> dict[str, bytes]:
    """The files of the run directory that its documents are made from, for readers on other hosts."""
    if description["kind"] == STANDING:
        return {STANDING_FILE: (run_dir / STANDING_FILE).read_bytes()}
    if description["kind"] not in OWN_KINDS:
        return {}
    paths = sorted((run_dir / DOCUMENTS_FOLDER).iterdir())
    if sum(path.stat().st_size for path in paths) > MOST_SENT_BYTES:
        return {}  # a worker without them reports that it has not got them
    return {f"{DOCUMENTS_FOLDER}/{path.name}": path.read_bytes() for path in paths}


def made_up_documents(size: int, objects: int = 1) -> Description:
    """The description of documents that are made up, each of ``size`` bytes."""
    return {"kind": MADE_UP, "bytes": size} | for_objects(objects)


def for_objects(objects: int) -> Description:
    """What a description says besides, where the documents are of several (:mod:`loadtest.run.history.objects`)."""
    return {"objects": objects} if objects > 1 else {}


def objects_in(description: Mapping[str, Any]) -> int:
    return int(description.get("objects", 1))


def standing_document() -> Description:
    """The description of the document that was there before a run that never writes."""
    return {"kind": STANDING}


def observed_documents(size: int) -> Description:
    """The description of documents that somebody else publishes, the first of which has ``size`` bytes."""
    return {"kind": OBSERVED, "bytes": size, "most_bytes": 2 * MAXIMUM_BYTES}


def are_observed(description: Mapping[str, Any]) -> bool:
    """Whether somebody else publishes the documents, so that bodies can only be identified when the run is over."""
    return description.get("kind") == OBSERVED


def description_in(run: Mapping[str, Any], run_dir: Path) -> Description:
    """The description in ``run.json``. For old runs it follows from their settings."""
    description = run.get("documents")
    if isinstance(description, dict):
        return description
    if (run_dir / STANDING_FILE).exists():
        return standing_document()
    return made_up_documents(run["settings"]["payload_bytes"])
