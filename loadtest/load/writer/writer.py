"""The background writer: a process of its own that replaces the document on schedule and reports every PUT.

One boto3 PUT costs milliseconds of CPU; in the readers' event loop that would delay reads exactly while a write is in
flight. Run as ``python -m loadtest.load.writer.writer``: one JSON line with its orders on standard input (the key comes
this way too, never by command line or environment). It looks at what is there and keeps it, waits for a line that says
how version 0 is to be put (in a run of several objects for one such line each, and first version), and later for one
with the schedule. Each PUT is written to the journal before it is sent and after it returned, and told to standard
output. When standard input ends, so does the writer, after the PUT in flight.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from loadtest.load.writer.child import Parent, follow_orders, parent_has_spoken
from loadtest.load.writer.conditional_puts import Replacing, recognised
from loadtest.load.writer.presence import writer_presence
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.kinds import documents_of
from loadtest.run.documents.made_up import made_up_by
from loadtest.run.duel_schedule import schedule_of
from loadtest.run.journal import Journal
from loadtest.run.records import WriteOutcome
from loadtest.run.schedule import Rests, put_times
from loadtest.target.kept_document import keep, keep_later
from loadtest.target.put_errors import Failure
from loadtest.target.s3_client import TIME_LIMIT_S
from loadtest.target.store_interface import ObjectLook, Store, StoreError
from loadtest.target.store_kinds import open_store
from loadtest.units import SECOND

PUT_TIME_LIMIT_S: Final = TIME_LIMIT_S


class PayloadWriter:
    """Replaces its objects in turn, one PUT in flight at a time, and never retries: what is refused stays a write.

    Most runs have one object; of several, version v is put into number v mod n (:mod:`loadtest.run.history.objects`).
    """

    def __init__(self, documents: Documents, objects: Sequence[Replacing], journal: Journal) -> None:
        self._documents = documents
        self._objects = objects
        self._journal = journal

    def put(
        self,
        version: int,
        body: bytes,
        scheduled_ns: int | None = None,
        unable: Failure | None = None,
        first: dict[str, Any] | None = None,
    ) -> WriteOutcome:
        """Send one PUT and journal it, before and after. A PUT that cannot be journalled is not sent.

        ``unable``: why there are no credentials for it. ``first``: the condition, of an object's first version.
        """
        own = self._objects[version % len(self._objects)]
        called = time.monotonic_ns()
        is_noted = self._journal.called(version, called if scheduled_ns is None else scheduled_ns, called, len(body))
        if not is_noted:
            unable = Failure(WriteOutcome.REFUSED, f"NotRecorded: {self._journal.trouble}")
        if unable is not None:
            self._journal.returned(version, time.monotonic_ns(), WriteOutcome.REFUSED, "", unable.error)
            return WriteOutcome.REFUSED
        attempt = own.put(version, body) if first is None else own.put_first(version, body, first)
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
        """Have credentials ready before a PUT is due; why there are none."""
        return self._objects[0].store.check_credentials()

    def is_last(self, version: int) -> bool:
        """Whether there is no document after this version."""
        return self._documents.count is not None and version >= self._documents.count - 1

    def document(self, version: int) -> bytes:
        body = self._documents.render(version)
        if body is None:
            raise ValueError(f"version {version} is not known beforehand")
        return body


def main() -> int:
    return follow_orders(_write)


def _write(orders: dict[str, Any], parent: Parent) -> int:
    """Look at what is there, put first versions, wait for ``start``, then write on schedule until the input ends."""
    try:
        store = open_store(orders)
    except StoreError as error:
        parent.tell({"looked": "failed", "error": str(error)})
        return 1
    documents = documents_of(orders["documents"], orders["run"], Path(orders["run_dir"]))
    is_ours = recognised(documents, orders["documents"]["kind"])
    objects = []
    for each in orders["objects"]:
        there = store.beside(each["object_key"])
        look = there.look()
        parent.tell(_looked(look, there, each))
        objects.append(Replacing(there, look, is_ours, partial(keep_later, Path(each["kept"]), each["about"])))
    told = _next_order(parent)
    if not told:
        return 0
    journal = Journal(Path(orders["journal"]), parent.tell)
    writer = PayloadWriter(documents, objects, journal)
    for number, own in enumerate(objects):
        told = told if not number else _next_order(parent)
        if not told:
            return 0
        how = json.loads(told)
        own.said = how["said"]
        unable = writer.credentials()
        if writer.put(number, writer.document(number), unable=unable, first=how["put"]) is not WriteOutcome.ACKED:
            return 0
    start = sys.stdin.buffer.readline()
    if start:
        schedule = json.loads(start)
        rests = Rests(schedule["rest_windows"], schedule["rest_pairs"])
        start_ns, length_ns = schedule["start_ns"], schedule["window_ns"]
        windows = schedule_of(start_ns, length_ns, schedule["seed"], rests, schedule["side"])
        with writer_presence(Path(orders["journal"]), orders["run"]):
            due_times = put_times(windows, schedule["interval_ns"])
            _write_on_schedule(writer, due_times, orders, parent, len(objects) - 1)
            journal.close()
    return 0


def _next_order(parent: Parent) -> bytes:
    """The next line of the parent that is no question after the clock; empty at the end."""
    while (told := sys.stdin.buffer.readline()) and "asked_ns" in json.loads(told):
        parent.tell({"read_ns": time.monotonic_ns()})
    return told


def _looked(look: ObjectLook, store: Store, orders: dict[str, Any]) -> dict[str, Any]:
    """What is at one object, kept if it is somebody's; said without its bytes."""
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


def _write_on_schedule(
    writer: PayloadWriter, due_times: Iterator[int], orders: dict[str, Any], parent: Parent, version: int = 0
) -> None:
    """Put what comes after ``version``, when it is due."""
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
