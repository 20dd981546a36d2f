"""Whose document a body is: one of the run's own, the one that it keeps, another load test's, or somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from loadtest.run.documents.kinds import published_by
from loadtest.run.documents.made_up import MINIMUM_BYTES, how_rewritten
from loadtest.run.documents.stamps import maker_of
from loadtest.run.records import ReadOutcome
from loadtest.target.kept_document import Kept
from loadtest.target.store_interface import ObjectLook


class Now(Enum):
    """What the object is now."""

    OURS = "one of this run's documents"
    KEPT = "the kept document"
    KEPT_AS_SHOWN = "the kept document, as the readers' address shows it, which may be behind the store"
    NOTHING = "nothing"
    ANOTHER_RUN = "a document that another load test made up"
    OTHERS = "somebody else's document"
    UNKNOWN = "not to be seen"


Maker = Callable[[bytes], str]
"""Returns the run that made a document; "" when no run did."""


def maker_for(kept: Kept, run_dir: Path) -> Maker:
    """Finds the run that made a document. Documents that prove nothing are compared with those of ``run_dir``."""
    documents = published_by(run_dir)
    verifier = documents.verifier() if documents is not None else None
    ours = (ReadOutcome.WHOLE, ReadOutcome.REWRITTEN)

    def maker(body: bytes) -> str:
        if verifier is not None and verifier.identify(body).outcome in ours:
            return str(kept.about["run"])
        return maker_of(body)

    return maker


def is_said_as_it_was(kept: Kept, look: ObjectLook) -> bool:
    """Whether the object has the metadata that it had before the run, if that is known: only the store shows it all."""
    return kept.about.get("from") != "store" or (look.put or {}) == (kept.about.get("put") or {})


def whose(kept: Kept, body: bytes, made_up: str) -> Now:
    if kept.body is not None and body == kept.body:
        return Now.KEPT
    if made_up == kept.about["run"]:
        return Now.OURS
    return Now.ANOTHER_RUN if made_up else Now.OTHERS


def rewritten_of(kept: Kept, body: bytes) -> str:
    """The kept document's run, if the body is one of its documents in another spelling; else ""."""
    run: str = kept.about["run"]
    return run if how_rewritten(body, run, max(len(body), MINIMUM_BYTES)) else ""
