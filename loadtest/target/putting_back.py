"""Puts the object back as it was before the run, unless somebody else has written in between.

The object is looked at first: with the writer's key or, if that may not read it, at the readers' address. It is only
replaced if it is one of the run's own documents, or the kept one. Anything else is somebody's, and stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtest.run.files import KEPT_DOCUMENT
from loadtest.run.journal import last_of_object
from loadtest.run.records import WriteOutcome
from loadtest.target.as_stored import GRANTS
from loadtest.target.kept_document import Kept, kept_numbers, load, newest_kept, note_put_back
from loadtest.target.remedies import what_to_do
from loadtest.target.s3_store import knows_no_condition
from loadtest.target.store_interface import CHANGED_MEANWHILE, Attempt, ObjectLook, Store
from loadtest.target.whose_document import Maker, Now, is_said_as_it_was, maker_for, rewritten_of, whose

ATTEMPTS: Final = 5
PAUSE_S: Final = 1.0
CONFIRMING_PAUSES_S: Final = (1.0, 2.0, 4.0)
"""Longer than a writer that has lost its parent may still take for its last PUT."""


@dataclass(frozen=True)
class Outcome:
    """The result, in one sentence. ``done``: nothing is owed any more."""

    done: bool
    sentence: str


@dataclass(frozen=True)
class _Seen:
    """What is there now; ``etag`` is "" when only the readers' address could be asked."""

    now: Now
    etag: str = ""
    error: str = ""
    made_up_by: str = ""
    body: bytes = b""


def put_back(
    run_dir: Path,
    store: Store,
    read: Callable[[], bytes | None],
    *,
    force: bool = False,
    over_runs: bool = False,
    number: int = 0,
) -> Outcome:
    """Put back what ``run_dir`` keeps of an object, and see that it stays, where a PUT of the run was never answered.

    Args:
        run_dir: the run's directory.
        store: the object.
        read: asks the readers' address; its body, or None for no document.
        force: whatever is there now.
        over_runs: even a document of another load test, which is nobody's, if it is not being written just now.
        number: of the object, in a run that has several.

    Raises:
        UsageError: what was kept cannot be read.
    """
    kept = load(run_dir, number)
    if kept is None:
        return Outcome(True, f"{run_dir} keeps no document: there is nothing to put back.")
    last = last_of_object(run_dir, number, kept.objects)
    maker = maker_for(kept, run_dir)
    how: dict[str, Any] = {"force": force, "over_runs": over_runs}
    outcome = _attempted(kept, run_dir, store, read, maker, own_etag=last.etag, **how)
    if not outcome.done or not last.unanswered:
        return outcome
    for pause_s in CONFIRMING_PAUSES_S:
        time.sleep(pause_s)
        if _seen(kept, store.look(), read, maker, attempts=1).now is Now.OURS:
            outcome = _attempted(kept, run_dir, store, read, maker, **how)
            if not outcome.done:
                return outcome
    return Outcome(
        True,
        f"{outcome.sentence} A PUT of the run was never answered; should it take effect only now, "
        f"`python -m loadtest restore {run_dir}` puts the document back again.",
    )


def _attempted(
    kept: Kept,
    run_dir: Path,
    store: Store,
    read: Callable[[], bytes | None],
    maker: Maker,
    *,
    force: bool,
    over_runs: bool,
    own_etag: str = "",
) -> Outcome:
    """``own_etag``: of the run's last document, by which it is known to a store that shows nothing."""
    looks: list[_Seen] = []
    for _ in range(ATTEMPTS):
        seen = _seen(kept, store.look(), read, maker)
        if seen.now is Now.ANOTHER_RUN and over_runs and kept.body is not None:
            time.sleep(PAUSE_S)
            again = _seen(kept, store.look(), read, maker)
            seen = again if again.body == seen.body else seen
            mine = again.body == seen.body
        else:
            mine = seen.now in (Now.OURS, Now.KEPT_AS_SHOWN)
        if seen.now is Now.KEPT:
            note_put_back(run_dir, kept.number)
            return Outcome(True, f"{kept.place} is {kept.as_it_was}: there is nothing to put back.")
        if kept.body is None and not mine:
            return Outcome(True, f"There was no document at {kept.place} before the run; what is there now stays.")
        if not mine and not force:
            return Outcome(False, _refusal(kept, seen, run_dir))
        looks.append(seen)
        if seen.etag and looks.count(seen) == ATTEMPTS:
            known_by = ""  # refused though nothing has changed: a store that compares ETags in its own way
        else:
            known_by = seen.etag or (own_etag if seen.now is Now.OURS else "")
        if kept.body is None:
            outcome = _remove(kept, store, run_dir, known_by)
        else:
            outcome = _put(kept, store, run_dir, "" if force else known_by, is_shown=bool(seen.etag))
        if outcome is not None:
            return outcome
    return Outcome(False, _refusal(kept, _Seen(Now.OTHERS), run_dir))


def _seen(
    kept: Kept, look: ObjectLook, read: Callable[[], bytes | None], maker: Maker, attempts: int = ATTEMPTS
) -> _Seen:
    """What is there now. The readers' address is asked again while its answer decides nothing."""
    if look.found == "document":
        run = maker(look.body)
        now = whose(kept, look.body, run)
        if now is Now.KEPT and run == kept.about["run"] and not is_said_as_it_was(kept, look):
            now = Now.OURS  # the run has published the same bytes with other metadata
        return _Seen(now, look.etag, made_up_by=run, body=look.body)
    if look.found != "denied":
        absent = Now.KEPT if kept.body is None else Now.NOTHING
        now = {"nothing": absent, "too-large": Now.OTHERS}.get(look.found, Now.UNKNOWN)
        return _Seen(now, error=look.error if look.found == "failed" else "")
    seen = _Seen(Now.UNKNOWN)
    for attempt in range(attempts):
        body = read()
        if body is not None:
            run = maker(body) or rewritten_of(kept, body)
            seen = _Seen(whose(kept, body, run), made_up_by=run, body=body)
        if seen.now is Now.KEPT:
            return _Seen(Now.KEPT_AS_SHOWN)  # it may show what is older than what the store holds
        if seen.now is Now.OURS:
            return seen
        if attempt < attempts - 1:
            time.sleep(PAUSE_S)
    return seen


def _refusal(kept: Kept, seen: _Seen, run_dir: Path) -> str:
    now = seen.now
    kept_in = f"it is kept in {newest_kept(run_dir, kept.number) / KEPT_DOCUMENT}"
    one = f" --object-key {kept.key}" if len(kept_numbers(run_dir)) > 1 else ""
    again = f"`python -m loadtest restore {run_dir}{one}"
    if now is Now.UNKNOWN:
        why = f" ({seen.error}; {what_to_do(seen.error)})" if seen.error else ""
        return (
            f"{kept.place} was not put back {kept.as_it_was}, because what is there now cannot be seen{why}; "
            f"{kept_in}: try {again}`, or add --force."
        )
    if now is Now.ANOTHER_RUN:
        return (
            f"{kept.place} was not put back {kept.as_it_was}, because load test {seen.made_up_by} is writing "
            f"there, or has; {kept_in}: when that run has ended, {again}` puts it there."
        )
    gone = "somebody has deleted it meanwhile" if now is Now.NOTHING else "somebody else has written to it meanwhile"
    return (
        f"{kept.place} was not put back {kept.as_it_was}, because {gone}, and what is there now is theirs; "
        f"{kept_in}: {again} --force` puts it there nevertheless."
    )


def _put(kept: Kept, store: Store, run_dir: Path, etag: str, *, is_shown: bool) -> Outcome | None:
    """Put it over the document with ``etag`` only, where the store knows conditions. None: another one is there.

    ``is_shown``: the store itself has shown the ETag; a key that may not read may give no condition either.
    """
    arguments: dict[str, Any] = dict(kept.about.get("put") or {})
    arguments |= {"IfMatch": etag} if etag else {}
    body = kept.body or b""
    attempt = store.put(body, **arguments)
    is_refused = attempt.outcome is WriteOutcome.REFUSED
    if is_refused and etag and (knows_no_condition(attempt.error) or (not is_shown and _is_denied(attempt))):
        del arguments["IfMatch"]
        attempt = store.put(body, **arguments)
    every, without = arguments, list[str]()
    for lacking in _less_and_less(every):
        if not (attempt.outcome is WriteOutcome.REFUSED and _is_denied(attempt)):
            break
        without = [_MAY_BE_DENIED[name] for name in lacking]
        arguments = {name: value for name, value in every.items() if name not in lacking}
        attempt = store.put(body, **arguments)
    for _ in range(2):
        if attempt.outcome is WriteOutcome.UNKNOWN:
            time.sleep(PAUSE_S)
            attempt = store.put(body, **arguments)
    if "IfMatch" in arguments and attempt.error.startswith(CHANGED_MEANWHILE):
        return None
    if attempt.outcome is not WriteOutcome.ACKED:
        return Outcome(
            False,
            f"{kept.place} could not be put back {kept.as_it_was}: {attempt.error}; "
            f"{what_to_do(attempt.error)}; then `python -m loadtest restore {run_dir}`.",
        )
    note_put_back(run_dir, kept.number)
    lost = f", without {' and '.join(dict.fromkeys(without))}, which this key may not write" if without else ""
    return Outcome(True, f"{kept.place} is put back {kept.as_it_was} ({len(body):,} bytes{lost}).")


_MAY_BE_DENIED: Final = {"Tagging": "its tags", **dict.fromkeys(GRANTS, "its access list")}
"""Arguments that need rights of their own. What cannot be put back is said; the document itself is not left out."""


def _less_and_less(arguments: dict[str, Any]) -> list[list[str]]:
    """The arguments to leave out, attempt by attempt: those of one right, of the other, and of both."""
    tags, grants = ([name for name in names if name in arguments] for names in (("Tagging",), GRANTS))
    return [lacking for lacking in (tags, grants, tags + grants if tags and grants else []) if lacking]


def _is_denied(attempt: Attempt) -> bool:
    """Whether a right is lacking, or the bucket has come to have no access lists."""
    return "AccessDenied" in attempt.error or "AccessControlListNotSupported" in attempt.error


def _remove(kept: Kept, store: Store, run_dir: Path, etag: str) -> Outcome | None:
    """Delete the run's document, and no other where the store knows conditions. None: another one is there."""
    error = store.delete(etag)
    if etag and error.startswith(CHANGED_MEANWHILE):
        return None
    if error:
        return Outcome(
            True,
            f"There was no document at {kept.place} before the run. The run's last one stays there, as this key may "
            f"not delete it ({error.split(' ', maxsplit=1)[0].rstrip(':')}).",
        )
    note_put_back(run_dir, kept.number)
    return Outcome(True, f"{kept.place} is removed again: there was no document before the run.")
