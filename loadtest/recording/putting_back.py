"""Puts the object back as it was before the run, unless somebody else has written in between.

It is looked at first, with the writer's key, or, where that may not read it, at the readers' address. What is there
must be one of the run's own documents, or the kept one; anything else is somebody's, and stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from loadtest.payload import made_up_by
from loadtest.recording.kept_document import DOCUMENT_FILE, KEPT_FOLDER, Kept, load, note_put_back
from loadtest.recording.remedies import what_to_do
from loadtest.recording.store import Look, Store
from loadtest.records import WriteOutcome

ATTEMPTS: Final = 5
PAUSE_S: Final = 1.0


@dataclass(frozen=True)
class Outcome:
    """What came of it, in one sentence. ``done``: nothing is owed any more."""

    done: bool
    sentence: str


class Now(Enum):
    """What the object is now."""

    OURS = "one of this run's documents"
    KEPT = "the kept document"
    NOTHING = "nothing"
    OTHERS = "somebody else's document"
    UNKNOWN = "not to be seen"


def put_back(run_dir: Path, store: Store, read: Callable[[], bytes | None], *, force: bool = False) -> Outcome:
    """Put back what ``run_dir`` keeps. ``read`` asks the readers' address: its body, or None for no document.

    Raises:
        UsageError: what was kept cannot be read.
    """
    kept = load(run_dir)
    if kept is None:
        return Outcome(True, f"{run_dir} keeps no document: there is nothing to put back.")
    look = store.look()
    now = _now(kept, look, read)
    if now is Now.KEPT:
        note_put_back(run_dir)
        return Outcome(True, f"{kept.place} is as it was before the run: there is nothing to put back.")
    if kept.body is None and now is not Now.OURS:
        return Outcome(True, f"There was no document at {kept.place} before the run; what is there now stays.")
    if now is not Now.OURS and not force:
        return Outcome(False, _refusal(kept, now, run_dir, look))
    return _remove(kept, store, run_dir) if kept.body is None else _put(kept, store, run_dir)


def _now(kept: Kept, look: Look, read: Callable[[], bytes | None]) -> Now:
    """What is there; the readers' address is asked again while it shows nothing that can be told."""
    if look.found == "document":
        return _told(kept, look.body)
    if look.found != "denied":
        absent = Now.KEPT if kept.body is None else Now.NOTHING
        return {"nothing": absent, "too-large": Now.OTHERS}.get(look.found, Now.UNKNOWN)
    now = Now.UNKNOWN
    for attempt in range(ATTEMPTS):
        body = read()
        now = Now.UNKNOWN if body is None else _told(kept, body)
        if now in (Now.OURS, Now.KEPT):
            return Now.OURS  # an address may show what is older than what the store holds: it is put there again
        if attempt < ATTEMPTS - 1:
            time.sleep(PAUSE_S)
    return now


def _told(kept: Kept, body: bytes) -> Now:
    if kept.body is not None and body == kept.body:
        return Now.KEPT
    run: str = kept.about["run"]
    if made_up_by(body) == run or run.encode() in body[:200]:
        return Now.OURS
    return Now.OTHERS


def _refusal(kept: Kept, now: Now, run_dir: Path, look: Look) -> str:
    kept_in = f"it is kept in {run_dir / KEPT_FOLDER / DOCUMENT_FILE}"
    again = f"`python -m loadtest restore {run_dir}"
    if now is Now.UNKNOWN:
        why = f" ({look.error}; {what_to_do(look.error)})" if look.found == "failed" else ""
        return (
            f"{kept.place} was not put back as it was before the run, for what is there now cannot be seen{why}; "
            f"{kept_in}: try {again}`, or add --force."
        )
    gone = "somebody has deleted it meanwhile" if now is Now.NOTHING else "somebody else has written to it meanwhile"
    return (
        f"{kept.place} was not put back as it was before the run, for {gone}, and what is there now is theirs; "
        f"{kept_in}: {again} --force` puts it there all the same."
    )


def _put(kept: Kept, store: Store, run_dir: Path) -> Outcome:
    arguments: dict[str, Any] = dict(kept.about.get("put") or {})
    body = kept.body or b""
    attempt = store.put(body, **arguments)
    without = ""
    if attempt.outcome is WriteOutcome.REFUSED and "Tagging" in arguments and "AccessDenied" in attempt.error:
        without = ", without its tags, which this key may not write"
        del arguments["Tagging"]
        attempt = store.put(body, **arguments)
    for _ in range(2):
        if attempt.outcome is WriteOutcome.UNKNOWN:
            time.sleep(PAUSE_S)
            attempt = store.put(body, **arguments)
    if attempt.outcome is not WriteOutcome.ACKED:
        return Outcome(
            False,
            f"{kept.place} could not be put back as it was before the run: {attempt.error}; "
            f"{what_to_do(attempt.error)}; then `python -m loadtest restore {run_dir}`.",
        )
    note_put_back(run_dir)
    return Outcome(True, f"{kept.place} is put back as it was before the run ({len(body):,} bytes{without}).")


def _remove(kept: Kept, store: Store, run_dir: Path) -> Outcome:
    said = store.delete()
    if said:
        return Outcome(
            True,
            f"There was no document at {kept.place} before the run; its last one stays there, for this key may not "
            f"delete it ({said.split(' ', maxsplit=1)[0].rstrip(':')}).",
        )
    note_put_back(run_dir)
    return Outcome(True, f"{kept.place} is removed again: there was no document before the run.")
