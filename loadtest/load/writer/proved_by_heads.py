"""What a series of HEADs proves: when each ETag came, and when nothing is known. There is no clock and no network here.

S3 answers every read with the last write since December 2020 ("Amazon S3 data consistency model"): a HEAD that shows
the old ETag was called before the new version took effect, and one that shows the new ETag returned after it. So a
version took effect after the call of the last HEAD without it, and before the return of the first HEAD with it. HEADs
that fail show nothing, and make that interval longer.
"""

from __future__ import annotations

from collections.abc import Callable

from loadtest.run.journal import Journal
from loadtest.run.records import WriteOutcome, opaque
from loadtest.target.head_object import Head


class Watching:
    """Turns HEADs, in the order in which they were made, into versions.

    ``usual_ns`` is the interval of HEADs. When one comes several times as late, the watch was blind in between.
    """

    def __init__(self, notes: Journal, usual_ns: int, tell: Callable[[str], None] = lambda trouble: None) -> None:
        self._notes = notes
        self._usual_ns = usual_ns
        self._tell = tell
        self._last: Head | None = None
        """The last HEAD that showed something."""
        self._shown: Head | None = None
        """The last HEAD that showed an object."""
        self._error = ""
        self._gone_since_ns: int | None = None
        self.commands: list[tuple[int, int | None]] = []
        """When each run of a publish command began and ended; the last one may still go on."""
        self.versions = 0
        self.heads = 0
        self.failed = 0
        self._longest_ns = 0

    def see(self, head: Head) -> None:
        """Take in one HEAD, whatever it shows."""
        self.heads += 1
        if head.error:
            self.failed += 1
            self._say(head.error)
            return
        last, object_before = self._last, self._shown
        self._note_gap(head)
        self._last = head
        if head.gone:
            if self._gone_since_ns is None:
                self._gone_since_ns = last.called_ns if last is not None else head.called_ns
            self._say("the object is not there (HTTP 404): somebody has deleted it")
            return
        self._say("")
        if self._gone_since_ns is not None:
            self._notes.note("gone", from_ns=self._gone_since_ns, to_ns=head.returned_ns)
            self._gone_since_ns = None
        self._shown = head
        stamps = (head.last_modified, head.version_id)
        if object_before is None or opaque(object_before.etag) != opaque(head.etag):
            self._publish(head, last.called_ns if last is not None else head.called_ns)
        elif (object_before.last_modified, object_before.version_id) != stamps and last is not None:
            self._notes.note("again", from_ns=last.called_ns, to_ns=head.returned_ns)

    def close(self, now_ns: int) -> None:
        """End the watch: note up to when it saw anything."""
        last = self._last
        if last is not None and now_ns - last.called_ns > self._most_ns:
            self._notes.note("blind", from_ns=last.called_ns, to_ns=now_ns, why=self._error)
        if self._gone_since_ns is not None:
            self._notes.note("gone", from_ns=self._gone_since_ns, to_ns=now_ns)
        self._notes.note(
            "looked",
            heads=self.heads,
            failed=self.failed,
            until_ns=last.called_ns if last is not None else None,
            usual_gap_ns=self._longest_ns,
        )

    @property
    def _most_ns(self) -> int:
        return 4 * self._usual_ns + 500_000_000

    def _note_gap(self, head: Head) -> None:
        if self._last is None:
            return
        gap_ns = head.returned_ns - self._last.called_ns
        if gap_ns > self._most_ns:
            self._notes.note("blind", from_ns=self._last.called_ns, to_ns=head.returned_ns, why=self._error)
        else:
            self._longest_ns = max(self._longest_ns, gap_ns)

    def _publish(self, head: Head, after_ns: int) -> None:
        """Note a version that took effect after ``after_ns``, and before ``head`` returned.

        Where a publish command ran in between, the version took effect after that began: nobody else publishes. The end
        of the command proves nothing, because a command may only start a job that publishes later.
        """
        meanwhile = [
            began
            for began, ended in self.commands
            if began <= head.returned_ns and (ended is None or ended >= after_ns)
        ]
        after_ns = max(after_ns, min(meanwhile, default=after_ns))
        self._notes.note(
            "published",
            version=self.versions,
            digest=head.digest,
            last_modified=head.last_modified,
            version_id=head.version_id,
        )
        self._notes.called(self.versions, after_ns, after_ns, head.size)
        self._notes.returned(
            self.versions, head.returned_ns, WriteOutcome.ACKED, head.etag, "", request_id=head.request_id
        )
        self.versions += 1

    def _say(self, error: str) -> None:
        if error.split(" ", maxsplit=1)[0] != self._error.split(" ", maxsplit=1)[0]:
            self._tell(error)
        self._error = error
