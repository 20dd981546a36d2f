"""The background writer: a process of its own that replaces the document on schedule and reports every PUT.

One boto3 PUT costs milliseconds of CPU, which in the readers' event loop would delay reads exactly while a write is in
flight. Run as ``python -m loadtest.load.writer.writer``, it takes one JSON line with its orders on standard input (the
key comes this way too, never by command line or environment). It looks at the object and keeps it, waits for a line
with the arguments of the first PUT, and later for one with the schedule. Each PUT is written to the journal before it
is sent and after it has returned, and to standard output. When standard input ends, the writer ends after the PUT in
flight.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from loadtest.load.writer.child import Parent, follow_orders, parent_has_spoken
from loadtest.load.writer.presence import writer_presence
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.kinds import documents_of
from loadtest.run.documents.made_up import made_up_by
from loadtest.run.duel import schedule_of
from loadtest.run.journal import Journal
from loadtest.run.records import WriteOutcome
from loadtest.run.schedule import Rests, put_times
from loadtest.target.kept_document import keep
from loadtest.target.opening import open_store
from loadtest.target.put_errors import Failure
from loadtest.target.s3_client import TIME_LIMIT_S
from loadtest.target.store import CHANGED_MEANWHILE, ObjectLook, Store, StoreError, knows_no_condition
from loadtest.units import SECOND

PUT_TIME_LIMIT_S: Final = TIME_LIMIT_S


class PayloadWriter:
    """Replaces one object, one PUT in flight at a time, and never retries: every attempt is a write of its own."""

    def __init__(self, documents: Documents, store: Store, journal: Journal, said: dict[str, Any]) -> None:
        self._documents = documents
        self._said = said
        """The arguments of every PUT: the content type, and so on."""
        self._store = store
        self._journal = journal

    def put(
        self,
        version: int,
        body: bytes,
        scheduled_ns: int | None = None,
        unable: Failure | None = None,
        again: Callable[[str], bool] = lambda error: False,
        **arguments: Any,
    ) -> WriteOutcome:
        """Send one PUT and journal it, before and after. A PUT that cannot be journalled is not sent.

        ``unable``: why there are no credentials for it. ``again``: whether a PUT that was refused with this error is
        sent once more, without ``arguments``.
        """
        called = time.monotonic_ns()
        is_noted = self._journal.called(version, called if scheduled_ns is None else scheduled_ns, called, len(body))
        if not is_noted:
            unable = Failure(WriteOutcome.REFUSED, f"NotRecorded: {self._journal.trouble}")
        if unable is not None:
            self._journal.returned(version, time.monotonic_ns(), WriteOutcome.REFUSED, "", unable.error)
            return WriteOutcome.REFUSED
        attempt = self._store.put(body, **self._said, **arguments)
        if arguments and attempt.outcome is WriteOutcome.REFUSED and again(attempt.error):
            attempt = self._store.put(body, **self._said)
        self._journal.returned(
            version,
            time.monotonic_ns(),
            attempt.outcome,
            attempt.etag,
            attempt.error,
            attempt.request_id,
            attempt.called_ns,
        )
        return attempt.outcome

    def credentials(self) -> Failure | None:
        """Have credentials ready before a PUT is due. Returns why there are none."""
        return self._store.check_credentials()

    def is_last(self, version: int) -> bool:
        """Whether there is no document after this version."""
        return self._documents.count is not None and version >= self._documents.count - 1

    def document(self, version: int) -> bytes:
        """The bytes of ``version``."""
        body = self._documents.render(version)
        if body is None:
            raise ValueError(f"version {version} is not known beforehand")
        return body


def main() -> int:
    """Take the orders and follow them."""
    return follow_orders(_write)


def _write(orders: dict[str, Any], parent: Parent) -> int:
    """Look at the object, put version 0, wait for ``start``, then write on schedule until standard input ends."""
    try:
        store = open_store(orders)
    except StoreError as error:
        parent.tell({"looked": "failed", "error": str(error)})
        return 1
    look = store.look()
    parent.tell(_looked(look, store, orders))
    while (line := sys.stdin.buffer.readline()) and "asked_ns" in json.loads(line):
        parent.tell({"read_ns": time.monotonic_ns()})
    if not line:
        return 0
    journal = Journal(Path(orders["journal"]), parent.tell)
    documents = documents_of(orders["documents"], orders["run"], Path(orders["run_dir"]))
    first_put = json.loads(line)
    writer = PayloadWriter(documents, store, journal, first_put["said"])
    first = _put_first(writer, store, look, first_put["put"])
    start = sys.stdin.buffer.readline() if first is WriteOutcome.ACKED else b""
    if start:
        schedule = json.loads(start)
        rests = Rests(schedule["rest_windows"], schedule["rest_pairs"])
        start_ns, length_ns = schedule["start_ns"], schedule["window_ns"]
        windows = schedule_of(start_ns, length_ns, schedule["seed"], rests, schedule["side"])
        with writer_presence(Path(orders["journal"]), orders["run"]):
            _write_on_schedule(writer, put_times(windows, schedule["interval_ns"]), orders, parent)
            journal.close()
    return 0


def _put_first(writer: PayloadWriter, store: Store, look: ObjectLook, conditions: dict[str, Any]) -> WriteOutcome:
    """Put version 0 over the document that was seen and no other, as far as the store knows conditions."""

    def unconditionally(error: str) -> bool:
        if look.found not in ("document", "nothing"):
            return False  # the store shows nothing, so only the condition keeps somebody's document safe
        if error.startswith(CHANGED_MEANWHILE):
            now = store.look()
            return (now.found, now.body) == (look.found, look.body)  # a store that compares ETags in its own way
        return knows_no_condition(error)

    unable = writer.credentials()
    return writer.put(0, writer.document(0), unable=unable, again=unconditionally, **conditions)


def _looked(look: ObjectLook, store: Store, orders: dict[str, Any]) -> dict[str, Any]:
    """Keep the document if it is somebody's, and report what is there, without its bytes."""
    made_up = made_up_by(look.body) if look.found == "document" else ""
    if look.found == "document" and not made_up:
        try:
            keep(Path(orders["kept"]), {**orders["about"], "from": "store"}, look)
        except OSError as error:
            look = ObjectLook("failed", f"NotRecorded: it cannot be kept in {orders['kept']} ({error.strerror})")
    return {
        "looked": look.found,
        "error": look.error,
        "endpoint": store.endpoint,
        "etag": look.etag,
        "made_up_by": made_up,
        "bytes": len(look.body),
        "not_kept": list(look.not_kept),
    }


def _write_on_schedule(writer: PayloadWriter, due_times: Iterator[int], orders: dict[str, Any], parent: Parent) -> None:
    version = 0
    for due in due_times:
        late = time.monotonic_ns() - due
        if late > orders["skip_when_late_ns"]:
            continue  # the PUT before it hung, and this one belongs to no window any more
        if writer.is_last(version):  # by now readers have had as much time with it as with any other
            if not parent_has_spoken(until_ns=due):
                parent.tell({"published": version + 1})
            break
        version += 1
        body, unable = writer.document(version), writer.credentials()
        if parent_has_spoken(until_ns=due):
            return
        writer.put(version, body, due, unable)
    parent_has_spoken(until_ns=time.monotonic_ns() + 10**9 * SECOND)


if __name__ == "__main__":
    sys.exit(main())
