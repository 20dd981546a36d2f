"""From the description in the plan, or in ``run.json``, to the documents themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from loadtest.run.documents.kind import MAXIMUM_BYTES, Described, Description, Documents
from loadtest.run.documents.made_up import MADE_UP, MadeUp
from loadtest.run.documents.observed import OBSERVED, Observed
from loadtest.run.documents.standing import STANDING, Standing
from loadtest.run.files import STANDING_FILE

KINDS: Final[Mapping[str, Callable[[Described], Documents]]] = {
    MADE_UP: lambda of: MadeUp(of.run, int(of.description["bytes"])),
    OBSERVED: lambda of: Observed(int(of.description["bytes"])),
    STANDING: lambda of: Standing((of.run_dir / STANDING_FILE).read_bytes()),
}


def documents_of(description: Description, run: str, run_dir: Path) -> Documents:
    """The documents of a run.

    Raises:
        ValueError: no kind has that name, or the description lacks something.
        OSError: what lies in the run directory cannot be read.
    """
    try:
        make = KINDS[description["kind"]]
        return make(Described(description, run, run_dir))
    except (KeyError, TypeError):
        raise ValueError(f"documents of a kind that this version does not know: {description!r:.80}") from None


def files_of(description: Description, run_dir: Path) -> dict[str, bytes]:
    """The files of the run directory that its documents are made from: a reader on another host needs them, too."""
    return {STANDING_FILE: (run_dir / STANDING_FILE).read_bytes()} if description["kind"] == STANDING else {}


def made_up_documents(size: int) -> Description:
    """The description of documents that are made up, each of ``size`` bytes."""
    return {"kind": MADE_UP, "bytes": size}


def standing_document() -> Description:
    """The description of whatever was there before a run that never writes."""
    return {"kind": STANDING}


def observed_documents(size: int) -> Description:
    """The description of documents that somebody else publishes; the first one has ``size`` bytes."""
    return {"kind": OBSERVED, "bytes": size, "most_bytes": 2 * MAXIMUM_BYTES}


def are_observed(description: Mapping[str, Any]) -> bool:
    """Whether which version a body is can only be told when the run is over."""
    return description.get("kind") == OBSERVED


def description_in(run: Mapping[str, Any], run_dir: Path) -> Description:
    """The description in ``run.json``; that of old runs follows from their settings."""
    said = run.get("documents")
    if isinstance(said, dict):
        return said
    if (run_dir / STANDING_FILE).exists():
        return standing_document()
    return made_up_documents(run["settings"]["payload_bytes"])
