"""The writer's journal: every PUT is written into it before it is sent, and after it has returned.

On a full disk, lines are kept in memory and tried again with the next one. A PUT whose first line cannot be written is
not sent: readers would get a document of a version that the record does not have.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from loadtest.errors import UsageError
from loadtest.run.files import JOURNAL_NAME
from loadtest.run.observed.watcher_journal import WATCH
from loadtest.run.records import NEVER_RETURNED, WRITE_DTYPE, WriteOutcome
from loadtest.units import SECOND

_RECENT_NS: Final = 60 * SECOND
_LAST_LINES: Final = 5_000


class LastPuts(NamedTuple):
    """``unanswered``: whether the outcome of a PUT in the last minute is unknown. ``etag``: of the last acknowledged
    PUT, where every one was answered; "" where the store named none that If-Match can use."""

    unanswered: bool = False
    etag: str = ""


class Journal:
    """Writes each event to the run directory and passes it to ``tell``."""

    def __init__(self, path: Path, tell: Callable[[dict[str, Any]], None]) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._tell = tell
        self._pending = b""
        self.trouble = ""
        """Why nothing can be written now; "" when that works."""

    def called(self, version: int, scheduled_ns: int, called_ns: int, size: int) -> bool:
        """Note a PUT that is about to be sent. Returns whether that is written."""
        event = {"version": version, "scheduled_ns": scheduled_ns, "called_ns": called_ns, "bytes": size}
        return self._append(event)

    def returned(  # noqa: PLR0917 - one parameter a field
        self,
        version: int,
        returned_ns: int,
        outcome: WriteOutcome,
        etag: str,
        error: str,
        request_id: str = "",
        called_ns: int | None = None,
    ) -> None:
        """Note a PUT that has returned or was given up. ``called_ns``: when its first byte was about to be sent."""
        event: dict[str, Any] = {
            "version": version,
            "returned_ns": returned_ns,
            "outcome": int(outcome),
            "etag": etag,
            "error": error,
            "request_id": request_id,
        }
        self._append(event if called_ns is None else {**event, "called_ns": called_ns})

    def note(self, kind: str, **said: Any) -> None:
        """Note what a watcher saw besides versions."""
        self._append({WATCH: {"kind": kind, **said}})

    def close(self) -> None:
        """Try once more to write what could not be written, and close the file."""
        self._flush()
        self._file.close()

    def _append(self, event: dict[str, Any]) -> bool:
        self._pending += json.dumps(event).encode() + b"\n"
        written = self._flush()
        self._tell(event)
        return written

    def _flush(self) -> bool:
        before = self.trouble
        try:
            while self._pending:
                self._pending = self._pending[self._file.write(self._pending) :]
        except OSError as error:
            self.trouble = f"{self._path} cannot be written ({os.strerror(error.errno or 0)})"
            if not before:
                self._tell({"trouble": f"{self.trouble}; nothing more is put until there is room"})
            return False
        self.trouble = ""
        if before:
            self._tell({"trouble": ""})
        return True


def load_journal(journal: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The events of each PUT merged, in order of version, and the notes of a watcher.

    Raises:
        UsageError: the journal is missing or damaged, other than cut short.
    """
    try:
        lines = journal.read_bytes().split(b"\n")
    except OSError:
        raise UsageError(f"{journal} is missing: without the writes nothing can be said of the reads.") from None
    events: dict[int, dict[str, Any]] = {}
    notes: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            event = json.loads(line)
            if WATCH in event:
                notes.append(dict(event[WATCH]))
            else:
                events.setdefault(int(event["version"]), {}).update(event)
        except (ValueError, KeyError, TypeError, AttributeError):
            if number < len(lines):
                raise UsageError(f"{journal}, line {number}, is damaged: the run cannot be judged.") from None
    return sorted(events.values(), key=lambda event: int(event["version"])), notes


def writes_of(rows: list[dict[str, Any]]) -> np.ndarray[Any, np.dtype[Any]]:
    """The PUTs as records. The outcome of one without an answer is unknown."""
    records = np.zeros(len(rows), dtype=WRITE_DTYPE)
    for record, event in zip(records, rows, strict=True):
        outcome = WriteOutcome(event.get("outcome", WriteOutcome.UNKNOWN))
        unknown = outcome is WriteOutcome.UNKNOWN
        record["version"] = event["version"]
        record["scheduled_ns"] = event["scheduled_ns"]
        record["called_ns"] = event["called_ns"]
        record["returned_ns"] = NEVER_RETURNED if unknown else event["returned_ns"]
        record["gave_up_ns"] = event.get("returned_ns", 0) if unknown else 0
        record["outcome"] = outcome
        record["etag"] = event.get("etag", "")
        record["bytes"] = event["bytes"]
        record["error"] = event.get("error", "no answer recorded" if unknown else "")
    return records


def last_of_object(run_dir: Path, number: int = 0, objects: int = 1) -> LastPuts:
    """What the end of the writer's journal says of one object: its versions are every ``objects``-th, from ``number``.

    A PUT of another object that was never answered says nothing of this one.
    """
    last: dict[int, dict[str, Any]] = {}
    try:
        for line in (run_dir / JOURNAL_NAME).read_bytes().splitlines()[-_LAST_LINES:]:
            event = json.loads(line)
            if event["version"] % objects == number % objects:
                last.setdefault(event["version"], {}).update(event)
        latest = max((int(event["called_ns"]) for event in last.values() if "called_ns" in event), default=0)
        unanswered = any(
            event.get("outcome", WriteOutcome.UNKNOWN) == WriteOutcome.UNKNOWN
            for event in last.values()
            if int(event.get("called_ns", 0)) > latest - _RECENT_NS
        )
        answered = [last[version] for version in sorted(last) if last[version].get("outcome") == WriteOutcome.ACKED]
        etag = str(answered[-1]["etag"]) if answered and not unanswered else ""
        return LastPuts(unanswered, "" if etag.startswith("W/") else etag)
    except FileNotFoundError:
        return LastPuts()  # it was sealed, so that there was time enough
    except (OSError, ValueError, KeyError, TypeError):
        return LastPuts(unanswered=True)
