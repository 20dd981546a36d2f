"""Monotonic reads: no reader goes back in time.

**Guarantee.** Within a session (one reader with one request in flight), no read of v is preceded by a read of a version
M > v whose write was called after write v was over. ::

    time      ──────────────────────────────────────────────▶
    session a   ├──┤ of 1    ├──┤ of 2     ├──┤ of 1: goes back
    session b                       ├──┤ of 1: another session; may be a new-old inversion (see atomic_reads)

**Exclusions.** Only a read that had returned before the other was called precedes it; equal times overlap. When write v
has an unknown outcome, it may take effect after M did, and then v after M is right: such a read goes back only when an
earlier read shows that v was over before M was called. Errors, foreign documents and phantoms are left out. Writes of
somebody else do not excuse a reader that goes back to a document of ours, and they make silence INCONCLUSIVE.

It is enough to compare with the largest version that the session had read: writes are called in the order of their
versions, so if any version that was read earlier was called after write v was over, the largest one was.

Going back is a finding whatever ``--max-staleness`` says: a reader who has seen the new document and then gets the old
one notices, however briefly it lasts.

Fields: ``looked_at`` = legitimate reads that are not the first of their session; ``found`` = reads that go back;
numbers: sessions looked at, and sessions in which it happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise, count_number
from loadtest.judge.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.judge.evidence import despite_others, too_little
from loadtest.judge.order.sessions import count_sessions, session_key
from loadtest.judge.order.timeline import Timeline, timeline
from loadtest.judge.watch_evidence import by_answers_alone, order_is_open
from loadtest.run.history.blocks import flagged, joined, side_by_side
from loadtest.run.history.history import Column, History
from loadtest.run.records import NO_VERSION, Verdict
from loadtest.summary.findings import CheckResult, Witness

PROMISE: Final = Promise(
    "monotonic-reads",
    "Monotonic reads",
    "A reader that has seen a version is never shown an older one afterwards.",
    finds=Counted("back in time", "back in time"),
)


def monotonic_reads(history: History) -> CheckResult:
    times = history.once(timeline)
    keys = history.once(session_key)
    sessions = count_sessions(keys, times.legitimate)
    looked_at = int(np.count_nonzero(times.legitimate)) - sessions
    found = side_by_side(
        lambda session: session[went_back_after(history, times, session, largest_read_before(history, times, session))],
        sessions_of(history, times, np.unique(_suspects(history, keys))),
        len(history.reads),
    )
    reads = np.sort(joined(found))
    went_back = sum(1 for back in found if len(back))
    verdict, sentence = _judge(history, looked_at, len(reads), went_back, sessions)
    return PROMISE.result(
        verdict,
        sentence,
        looked_at=looked_at,
        found=len(reads),
        numbers=(count_number("readers", sessions), count_number("readers that went back", went_back)),
        witnesses=tuple(_witness(history, times, int(read)) for read in reads[:MOST_WITNESSES]),
    )


def _suspects(history: History, keys: Column) -> Column:
    """The sessions (keys) that may have gone back."""
    if history.reads.on_one_clock:
        return keys[history.once(inversions)]
    return keys  # a session is of one clock, so its order is known even where that of all reads together is not


def sessions_of(history: History, times: Timeline, wanted: Column) -> Iterator[Column]:
    """The legitimate reads of each of the ``wanted`` sessions (by key), by number, in order of call."""
    if not len(wanted):
        return
    keys = history.once(session_key)
    reads = np.flatnonzero(times.legitimate & np.isin(keys, wanted))
    order = np.argsort(keys[reads], kind="stable")
    ends = np.flatnonzero(np.diff(keys[reads][order])) + 1
    yield from np.split(reads[order], ends)


def inversions(history: History) -> Column:
    """The reads, by number, before which any reader had got a newer version; going back is a special case of that."""
    times, called = history.once(timeline), history.reads.called_ns
    return flagged(
        len(called),
        lambda block: times.legitimate[block] & (times.newer_seen_ns[times.version[block]] < called[block]),
    )


def largest_read_before(history: History, times: Timeline, session: Column) -> Column:
    """For each read of one session: the largest version read before it; ``NO_VERSION`` when nothing precedes it."""
    returned = history.reads.own_returned(session)
    by_return = np.argsort(returned)
    version = times.version[session]
    proof = np.where(times.published_once[version], version, NO_VERSION)
    largest = np.maximum.accumulate(proof[by_return])
    preceding = np.searchsorted(returned[by_return], history.reads.called_ns[session])
    return np.where(preceding > 0, largest[preceding - 1], NO_VERSION)


def went_back_after(history: History, times: Timeline, session: Column, earlier: Column) -> Column:
    """Places in ``session`` of the reads whose version was over before the write of ``earlier`` was called."""
    version = times.version[session]
    # Where nothing precedes a read, ``earlier`` is -1, which is greater than no version: the last write is not meant.
    after = times.over_ns[version] < history.writes.called_ns[earlier]
    if history.info.is_watched:  # their order is known even where two of them share a moment
        after |= history.writes.acknowledged[version] & history.writes.acknowledged[earlier]
    return np.flatnonzero((earlier > version) & after & times.published_once[version])


def _judge(history: History, looked_at: int, backward: int, went_back: int, sessions: int) -> tuple[Verdict, str]:
    alone = by_answers_alone(history)
    if backward:
        by = f", {alone}" if alone else ""
        return (
            Verdict.FAIL,
            f"{units.counted(backward, 'read')} of {looked_at:,} went back in time{by}, by {went_back:,} of "
            f"{units.counted(sessions, 'reader')}.{despite_others(history)}",
        )
    if open_ := order_is_open(history):
        return Verdict.INCONCLUSIVE, open_
    few = too_little(history, looked_at, "reads had an earlier one by the same reader")
    if few:
        return Verdict.INCONCLUSIVE, f"Nothing can be said about going back in time: {few}."
    if alone:
        return Verdict.PASS, f"None of {units.counted(sessions, 'reader')} went back in {looked_at:,} reads, {alone}."
    return Verdict.PASS, f"None of {units.counted(sessions, 'reader')} went back in time in {looked_at:,} reads."


def _witness(history: History, times: Timeline, read: int) -> Witness:
    keys = history.once(session_key)
    same = (keys == keys[read]) & times.legitimate
    proves = same & times.published_once[times.version]  # as in largest_read_before
    before = proves & (history.reads.own_returned_ns < history.reads.called_ns[read])
    newest = int(times.version[before].max())
    earlier = int(np.argmax(before & (times.version == newest)))
    version = int(times.version[read])
    gap = int(history.reads.called_ns[read]) - int(history.reads.own_returned(earlier))
    return witness(
        history,
        f"{reader(history, read).capitalize()} had version {newest} and, in a read called {units.duration(gap)} later, "
        f"got version {version} again.",
        int(history.reads.returned_ns[earlier]),
        f"return of the read of version {newest}",
        reads=(earlier, read),
        writes=(version, newest),
    )
