"""What stays open when somebody else publishes: what no HEAD saw, and answers that cannot be told to be documents."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Final

import numpy as np

from loadtest import units
from loadtest.run.history.history import History
from loadtest.run.observed.watcher_journal import Watched
from loadtest.run.records import OTHERS_WROTE, UNDECIDED_VERSION, UNSEEN_VERSION, ReadOutcome
from loadtest.run.settings import NO_WRITER

MOST_BLIND: Final = 0.05
"""Share of the run that may pass without an answered HEAD; what was published in it is not known."""
MOST_UNSEEN: Final = 0.1
"""Share of the reads that may return a document which no HEAD saw; its place in the order is not known."""


def foreign_reads(history: History) -> int:
    """Reads of what somebody else certainly put there; in a watched run: of what may or may not be a document."""
    return int(np.count_nonzero(history.reads.outcome == ReadOutcome.FOREIGN.value))


def met_others(history: History) -> dict[int, str]:
    """By version: what each PUT met that met something which this run had not put there."""
    errors = enumerate(history.writes.error)
    return {version: error.removeprefix(OTHERS_WROTE) for version, error in errors if error.startswith(OTHERS_WROTE)}


def reads_of(history: History, version: int) -> int:
    """How many reads have this version; for ``UNSEEN_VERSION`` and ``UNDECIDED_VERSION``."""
    return int(np.count_nonzero(history.reads.version == version))


def left_open(history: History) -> str:
    """Why silence proves nothing about what was new and what was old; "" if it does."""
    if history.info.settings.writer == NO_WRITER:
        return (
            "Nobody asked the store what was current when (--writer none), so whether a read was fresh cannot be told."
        )
    watched = history.info.watch or Watched()
    sentences = (
        _nothing_known(watched),
        _went_back(watched),
        _blind(history, watched),
        same_bytes(history),
        _undecided(history),
        _unseen(history),
        unvouched(history),
    )
    return " ".join(filter(None, sentences))


def order_is_open(history: History) -> str:
    """Why silence proves nothing about readers that go back in time; "" if it does."""
    if history.info.settings.writer != NO_WRITER:
        return somebody_else(history)
    watched = history.info.watch or Watched()
    if watched.came_back:
        return (
            f"{units.counted(watched.came_back, 'read')} returned a document that the same reader had had before "
            "another one: it went back in time, or the document was published again, and no Last-Modified says which."
        )
    unplaced = watched.documents - watched.in_order
    if watched.documents > 1 and unplaced:
        return (
            f"Of {watched.documents:,} documents that were read, the order of {unplaced:,} is not known: their "
            "Last-Modified is missing, was not always the same, or is of the same second."
        )
    return ""


def by_answers_alone(history: History) -> str:
    """By what documents are ordered if nobody asked the store; "" if somebody did."""
    return "by the Last-Modified of their answers" if history.info.settings.writer == NO_WRITER else ""


def somebody_else(history: History) -> str:
    """Why silence proves nothing in a run in which others wrote, as reads or PUTs show; "" if none did.

    If all documents are of somebody else: why it is open what was new and what was old.
    """
    if history.info.is_watched:
        return left_open(history)
    foreign, met = foreign_reads(history), met_others(history)
    if not foreign and met:
        return (
            f"Somebody else wrote to {history.info.object_name} during the run, or deleted it, which "
            f"{units.counted(len(met), 'PUT')} met and no read: who wrote when is unknown."
        )
    if not foreign:
        return ""
    return (
        f"Somebody else is writing to {history.info.object_name}, or what they wrote is still being served: "
        f"{units.counted(foreign, 'read')} returned a document that is not of this run, and who wrote when is unknown."
    )


def _nothing_known(watched: Watched) -> str:
    if watched.vouched:
        return ""
    return (
        "No document that readers got is one that the store showed: neither an ETag nor an MD5 ties them together, so "
        "check that this address reads that object, and that it passes the ETag on."
    )


def same_bytes(history: History) -> str:
    """That bytes came under the ETags of several versions, of which no MD5 says that they are theirs; "" if not."""
    count = history.info.watch.same_bytes if history.info.watch is not None else 0
    if not count:
        return ""
    return (
        f"{units.counted(count, 'version')} came with the bytes of another one: the document was published again as it "
        "was, or old bytes are served under a new ETag, and as the store's ETags are not MD5s nothing proves which."
    )


def reads_got_again(history: History) -> int:
    """Reads that named a document and got it again, where no order says whether it was the same version."""
    reads = history.reads
    unplaced = (reads.version == UNSEEN_VERSION) | (reads.version == UNDECIDED_VERSION)
    same = (unplaced & (reads.sent_version == reads.version)) | (reads.sent_version == UNDECIDED_VERSION)
    return int(np.count_nonzero((reads.outcome == ReadOutcome.WHOLE.value) & same))


def got_again(history: History) -> str:
    """The sentence for these; "" if there are none."""
    again = reads_got_again(history)
    if not again:
        return ""
    return (
        f"{units.counted(again, 'request')} named a document and got the same one again, with 200: the "
        "condition was ignored, or the document had been published again under another ETag, and nothing proves which."
    )


def _went_back(watched: Watched) -> str:
    """The sentence for a store that showed an older document after a newer one; "" if it never did."""
    times = [_moment(str(document.get("last_modified") or "")) for document in watched.published]
    known = [moment for moment in times if moment is not None]
    back = sum(after < before for before, after in pairwise(known))
    if not back:
        return ""
    return (
        f"{units.counted(back, 'time')} the store showed a document that was last modified before the one that it had "
        "shown until then: it answers from a replica that lags, an older version was restored, or a long multipart "
        "upload ended; what it shows is no proof of what is new."
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def short_lags(history: History) -> str:
    """What HEADs are too far apart to show, as one more sentence; "" for a run that wrote itself."""
    gap_ns = history.info.watch.usual_gap_ns if history.info.watch is not None else 0
    if not gap_ns:
        return ""
    return (
        f" Two looks at the store were up to {units.duration(gap_ns)} apart (--watch-interval): what was old for less "
        "than that need not have been seen."
    )


def _blind(history: History, watched: Watched) -> str:
    """The sentence for a run in which it was not known for too long what the store held; "" for others."""
    start = history.origin_ns
    end = int(history.reads.returned_ns.max(initial=start))
    spans = [(max(span.from_ns, start), min(span.to_ns, end)) for span in watched.blind]
    if watched.until_ns is not None and watched.until_ns < end and not any(until >= end for _, until in spans):
        spans.append((watched.until_ns, end))
    blind = sum(max(0, until - since) for since, until in spans)
    if watched.until_ns is None:  # the watcher died before it could record until when it saw something
        seen = max(start, int(history.writes.returned_ns.max()))
        blind, spans = max(blind, end - seen), [*spans, (seen, end)]
    if blind <= MOST_BLIND * (end - start):
        return ""
    why = next((span.why for span in watched.blind if span.why), "")
    return (
        f"For {units.seconds(blind)} of {units.seconds(end - start)} the store did not say what it held"
        f"{f' ({why})' if why else ''}, and what was published then is unknown."
    )


def _undecided(history: History) -> str:
    count = reads_of(history, UNDECIDED_VERSION)
    if not count:
        return ""
    return (
        f"{units.counted(count, 'read')} returned a document that was old, or had been published once more between two "
        "looks at the store: nothing proves which, so they are not judged; look more often (--watch-interval)."
    )


def _unseen(history: History) -> str:
    count = reads_of(history, UNSEEN_VERSION)
    named = int(np.count_nonzero(history.reads.version >= 0)) + count
    if count <= MOST_UNSEEN * named:
        return ""
    return (
        f"{units.counted(count, 'read')} of {named:,} returned a document that was published and replaced between two "
        "looks at the store: look more often (--watch-interval)."
    )


def unvouched(history: History) -> str:
    """The sentence for answers that may or may not be documents; "" if there are none."""
    count = foreign_reads(history)
    if not count:
        return ""
    return (
        f"{units.counted(count, 'read')} returned something that no ETag vouches for beyond doubt: whether that is a "
        "document of this read model, and which, cannot be told."
    )


def failing_command(history: History) -> str:
    """The sentence for a publish command that failed at least every other time; "" for others."""
    runs = history.info.watch.command if history.info.watch is not None else ()
    failed = [run for run in runs if run.code]
    if not failed or 2 * len(failed) < len(runs):
        return ""
    output = f" (the last lines of the first: {failed[0].said})" if failed[0].said else ""
    return (
        f"The publish command failed {len(failed):,} of {units.counted(len(runs), 'time')}, first with exit code "
        f"{failed[0].code}{output}: run it by hand."
    )
