"""How a run publishes documents of the user's own: with the headers of the object that is there, each once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.run.documents.kind import Description, Documents
from loadtest.run.documents.kinds import OWN_KINDS
from loadtest.run.schedule import WindowSchedule, put_times, rests_for
from loadtest.run.settings import Settings
from loadtest.target.as_stored import WHO_MAY_READ
from loadtest.target.kept_document import load
from loadtest.units import SECOND
from stacks.user_input import shown

AS_MADE_UP: Final = {"ContentType": "application/json", "CacheControl": "no-cache"}
"""Readers may keep the document but must ask before they use it again (RFC 9111, section 5.2.2.4)."""
_MAX_AGE: Final = re.compile(r"(s-maxage|max-age)=\"?(\d{1,10})")
_AS_FOUND: Final = (
    *("ContentType", "CacheControl", "ContentLanguage", "ContentDisposition", "Expires", "Metadata", "StorageClass"),
    *WHO_MAY_READ,
)
"""Not its coding, because a document is published in the very bytes of its file. Nor its tags, which need a right of
their own."""


def put_arguments(description: Description, run_dir: Path, number: int = 0) -> dict[str, Any]:
    """What is said of the document with every PUT: of the user's own, what the object that is there says.

    Whatever it is, those who can read what is there can read it too. ``number`` is that of the object, in a run that
    has several.
    """
    kept = load(run_dir, number)
    is_own = description["kind"] in OWN_KINDS
    if kept is None or kept.body is None:
        return AS_MADE_UP
    before = kept.about.get("put") or {}
    found = {name: before[name] for name in (_AS_FOUND if is_own else WHO_MAY_READ) if name in before}
    return found if is_own else AS_MADE_UP | found


def caches_keep(arguments: Mapping[str, Any]) -> str:
    """That caches may show a document of the run after its end, as they may keep what is published so; else ""."""
    said = str(arguments.get("CacheControl") or "").lower()
    ages = {name: int(seconds) for name, seconds in _MAX_AGE.findall(said)}
    longest = max(ages.values(), default=0)
    if not longest or "no-store" in said or "no-cache" in said:
        return ""
    return (
        f"Documents of this run are published with Cache-Control {shown(said)}, like the one that was there: caches "
        f"may show one of them for {longest:,} s after the run."
    )


def refuse_if_one_is_there(
    description: Description, documents: Documents, run_dir: Path, place: str, number: int = 0
) -> bytes | None:
    """See that what is there is no later version of the run, and return it; None when it is not known.

    Raises:
        UsageError: it is one, so a reader that still gets it would look like a reader of that version.
    """
    kept = load(run_dir, number)
    if kept is None or kept.body is None:
        return None
    if description["kind"] in OWN_KINDS:
        version = documents.verifier().identify(kept.body).version
        if version > 0:
            raise UsageError(
                f"{place} holds what --documents is to publish as its document {version + 1}: a reader that still gets "
                "it could not be told from one that gets that; leave it out of the folder, or let it be the first."
            )
    return kept.body


def refuse_too_few(settings: Settings, documents: Documents, run_time_s: float | None) -> None:
    """Check that there are enough documents for the run, if it is known how long that is."""
    if documents.count is None or not run_time_s:
        return
    run_ns, window_ns = round(run_time_s * SECOND), round(settings.window * SECOND)
    windows = WindowSchedule(0, window_ns, settings.seed, rests_for(window_ns, run_ns))
    due_times = put_times(windows, round(settings.write_interval * SECOND))
    wanted = 1 + sum(1 for _ in takewhile(lambda due: due < run_ns, due_times))
    if wanted > documents.count:
        raise UsageError(
            f"There are {documents.count:,} documents, and a run of {run_time_s:g} s with --write-interval "
            f"{settings.write_interval:g} publishes {wanted:,}: give more, a shorter --run-time, or a longer "
            "--write-interval (and --window)."
        )
