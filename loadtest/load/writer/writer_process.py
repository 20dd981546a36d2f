"""The parent's side of the background writer: starts it, takes its report of every PUT, and stops it."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gevent

from loadtest.cleaned import public_url
from loadtest.errors import UsageError
from loadtest.load.writer.conversation import Conversation
from loadtest.load.writer.events import Put
from loadtest.run.clocks.clock_exchange import OffsetBound, why_not_one_clock
from loadtest.run.documents.kind import Description
from loadtest.run.files import JOURNAL_NAME
from loadtest.run.plan import Plan
from loadtest.run.records import WriteOutcome
from loadtest.run.settings import Settings
from loadtest.target.as_stored import GRANTS
from loadtest.target.finding import Target
from loadtest.target.kept_document import about, kept_folder
from loadtest.target.remedies import what_to_do
from loadtest.target.store_interface import CHANGED_MEANWHILE
from loadtest.target.store_kinds import orders_for
from loadtest.units import SECOND

ACCEPTED_OF_WRITER_NS: Final = 10 * SECOND
"""So wide that only a different clock exceeds it; a machine that is busy for a moment stops no run."""


class WriterProcess:
    """The writer of one run.

    ``module`` is what the process runs, ``name`` what it is called in sentences.

    Args:
        run: the run's name.
        run_dir: where it records.
        settings: the run's settings.
        target: where to write.
        documents: which documents.
        on_put: called, in a greenlet, for every PUT after version 0.
        on_trouble: called with what is wrong with the writer while the run goes on; "" when that is over.
        on_end: called with why the writer ended, when it was not told to.
        on_published: called with the number of documents, when all of them have been published.
    """

    module: str = "loadtest.load.writer.writer"
    name: str = "writer"

    def __init__(  # noqa: PLR0917 - all of them are needed, and each has its own type
        self,
        run: str,
        run_dir: Path,
        settings: Settings,
        target: Target,
        documents: Description,
        on_put: Callable[[Put], None],
        on_trouble: Callable[[str], None] = lambda said: None,
        on_end: Callable[[str], None] = lambda why: None,
        on_published: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._on_put = on_put
        self._on_trouble = on_trouble
        self._on_end = on_end
        self._on_published = on_published
        self._called: dict[int, dict[str, Any]] = {}
        self._target = target
        self.written: set[int] = set()
        """The objects, by number, whose first version was sent and not refused: something of the run may be there."""
        self.may_write_late = False
        """Whether version 0 was sent and never answered: the store may take it at any later time."""
        self._looked_at: set[int] = set()
        """The objects that the store has shown, by number."""
        self._stopping = False
        self._listener: gevent.Greenlet | None = None
        self._conversation = Conversation(self.module, self.name, self._take)
        self._conversation.tell(
            {
                **orders_for(target),
                "run": run,
                "documents": documents,
                "run_dir": str(run_dir.resolve()),
                "journal": str((run_dir / JOURNAL_NAME).resolve()),
                "objects": [
                    {
                        "object_key": one.object_key,
                        "kept": str(kept_folder(run_dir, number).resolve()),
                        "about": about(run, settings, one),
                    }
                    for number, one in enumerate(target.objects())
                ],
                **self._more_orders(settings),
                "skip_when_late_ns": int((settings.window or 86_400) * SECOND / 10),
            }
        )

    def _more_orders(self, settings: Settings) -> dict[str, Any]:
        return {}

    @property
    def may_have_written(self) -> bool:
        """Whether something of the run may be in the store."""
        return bool(self.written)

    def look(self, number: int = 0) -> dict[str, Any]:
        """What the writer says of an object as it is before its first version; it has kept it if it could.

        Of several objects it speaks in their order.
        """
        looked = self._conversation.wait_for("looked", f"did not look at {self._place_of(number)}")
        if looked["looked"] in ("document", "nothing"):
            self._looked_at.add(number)
        return looked

    def put_first(self, arguments: dict[str, Any], said: dict[str, Any], number: int = 0) -> Put:
        """Have the first version of an object put, whose ``number`` is that version.

        ``arguments`` of PutObject are given beside those that every PUT has, ``said``.

        Raises:
            UsageError: it was not acknowledged.
        """
        self.refuse_other_clock()
        self._conversation.tell({"put": arguments, "said": said})
        place = self._place_of(number)
        self.written.add(number)
        self.may_write_late = True
        put = self._put(self._conversation.wait_for("outcome", f"did not put version {number} into {place}"))
        if put.outcome is WriteOutcome.REFUSED:
            self.written.discard(number)
        self.may_write_late = put.outcome is WriteOutcome.UNKNOWN
        if put.outcome is not WriteOutcome.ACKED:
            self.stop()
            if put.error.startswith(CHANGED_MEANWHILE) and number in self._looked_at:
                raise UsageError(
                    f"Somebody has written to {place} since it was looked at, so nothing was written there: start "
                    "again, or write to another object with --object-key."
                )
            if put.error.startswith(CHANGED_MEANWHILE):
                raise UsageError(
                    f"{place} holds a document that the writer may not read and the readers' address does not show, "
                    "so nothing was written; check that this API reads that object, allow the writer s3:GetObject, or "
                    "give --overwrite if it may be lost."
                )
            others = "; others have rights to the document that is there, and to keep them wants s3:PutObjectAcl, too"
            wanted = others if "AccessDenied" in put.error and any(name in said for name in GRANTS) else ""
            raise UsageError(
                f"Version {number} could not be put into {place}: {put.error}; {what_to_do(put.error)}{wanted}."
            )
        return put

    def refuse_other_clock(self) -> None:
        """Refuse a process whose clock is another one, as it can be in a time namespace."""
        sent_ns = time.monotonic_ns()
        self._conversation.tell({"asked_ns": sent_ns})
        read_ns = self._conversation.wait_for("read_ns", "did not report its clock")["read_ns"]
        why = why_not_one_clock(OffsetBound.of_exchange(sent_ns, read_ns, time.monotonic_ns()), ACCEPTED_OF_WRITER_NS)
        if why:
            self.stop()
            raise UsageError(
                f"The {self.name} cannot be compared with the readers: {why}; start both in one time namespace."
            )

    def start(self, plan: Plan, write_interval: float) -> None:
        schedule = {
            name: getattr(plan, name)
            for name in ("start_ns", "window_ns", "seed", "rest_windows", "rest_pairs", "side")
        }
        self._conversation.tell({**schedule, "interval_ns": round(write_interval * SECOND)})
        self._listener = gevent.spawn(self._listen)

    def stop(self) -> None:
        """Let the PUT in flight end, then end the process. Stopping twice is fine."""
        self._stopping = True
        self._conversation.end()
        if self._listener is not None:
            self._listener.join(timeout=1)

    @property
    def place(self) -> str:
        """The object, for a sentence."""
        return self._place_of(0)

    def _place_of(self, number: int) -> str:
        where, one = self._target.s3_endpoint_url, self._target.objects()[number]
        return f"s3://{one.bucket}/{one.object_key}" + (f" at {public_url(where)}" if where else "")

    def _listen(self) -> None:
        for event in self._conversation.events():
            if "outcome" in event:
                self._on_put(self._put(event))
            else:
                self._take(event)
        if not self._stopping:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._conversation.process.wait(1)
            if not self._stopping:
                self._on_end(self._conversation.why_it_ended())

    def _take(self, event: dict[str, Any]) -> None:
        """Take in an event that is no answer: a PUT about to be sent, trouble, or the end of the documents."""
        if "called_ns" in event:
            self._called[event["version"]] = event
        if "trouble" in event:
            self._on_trouble(event["trouble"])
        if "published" in event:
            self._on_published(int(event["published"]))

    def _put(self, event: dict[str, Any]) -> Put:
        called = self._called.pop(event["version"])
        return Put(
            version=event["version"],
            called_ns=event.get("called_ns", called["called_ns"]),
            returned_ns=event["returned_ns"],
            outcome=WriteOutcome(event["outcome"]),
            bytes=called["bytes"],
            etag=event["etag"],
            error=event["error"],
        )
