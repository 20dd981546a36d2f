"""Rules that a recorded run must satisfy before it is judged, and that no target, however bad, can break.

A run that breaks one was damaged or recorded wrongly. A verdict on it would be worth nothing, so it gets an error. What
a bad target *can* do (return a version that nobody wrote, say) is a finding and not an error: that is for the checks.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest.errors import RunError
from loadtest.run.history.blocks import each_block
from loadtest.run.history.history import Column, Flags, History, Reads, Samples, Windows, Writes, one_of
from loadtest.run.history.run_entries import LATEST_NS
from loadtest.run.records import (
    BROKEN_OUTCOMES,
    ERROR_OUTCOMES,
    NEVER_RETURNED,
    NO_VERSION,
    SECOND_ETAG,
    SEVERAL_OBJECTS_FORMAT,
    UNDECIDED_VERSION,
    ReadOutcome,
    WindowKind,
    WriteOutcome,
)
from loadtest.units import SECOND

_STATUS: Final = {
    200: (ReadOutcome.WHOLE, ReadOutcome.ETAG_MISMATCH, *BROKEN_OUTCOMES),
    304: (ReadOutcome.NOT_MODIFIED, ReadOutcome.UNASKED_NOT_MODIFIED, ReadOutcome.NOT_MODIFIED_WITH_BODY),
}
"""The outcomes that only an answer with this status has."""


def validated(history: History) -> History:
    """``history`` itself, if it is possible."""
    watched = history.info.is_watched
    _check_writes(history.writes, watched=watched)
    _check_all_reads(history.reads, history.writes, watched=watched)
    last = int(history.reads.address.max(initial=0))
    if last >= len(history.info.addresses):
        raise RunError(
            f"reads of address number {last + 1} are recorded, and run.json names {len(history.info.addresses)}: the "
            "run is damaged; measure again."
        )
    _check_objects(history)
    _check_windows(history.windows)
    _check_samples(history.samples)
    return history


def _check_objects(history: History) -> None:
    """In a run of several objects, the first write of each and the reads of each are told by their place in turn."""
    objects = history.info.objects
    if not objects:
        if history.info.format >= SEVERAL_OBJECTS_FORMAT:
            raise RunError("run.json does not say which address is of which object: the run is damaged; measure again.")
        return
    reads, writes, count = history.reads, history.writes, len(objects)
    if not (len(writes) >= count and bool(writes.acknowledged[:count].all())):
        raise RunError("the first version of an object was never acknowledged, so no read of it can be judged.")
    if len(reads) and int(reads.called_ns[0]) < int(writes.returned_ns[count - 1]):
        raise RunError("a read was called before every object had a first version: the run is damaged; measure again.")
    of = np.zeros(len(history.info.addresses), dtype=np.int32)
    for number, own in enumerate(objects.values()):
        of[list(own)] = number
    other = (reads.version >= 0) & (reads.version % count != of[reads.address])
    _refuse(other, "reads", "have a version of another object than that of their address")


def _check_writes(writes: Writes, *, watched: bool) -> None:
    count = len(writes)
    if not count or not np.array_equal(writes.version, np.arange(count)):
        raise RunError(
            f"writes.parquet holds {count:,} writes whose versions are not 0, 1, 2 … one by one: the run is damaged."
        )
    called, returned, outcome = writes.called_ns, writes.returned_ns, writes.outcome
    _refuse(outcome > max(WriteOutcome), "writes", "have an outcome that does not exist")
    _refuse(_no_time(called) | _no_time(writes.scheduled_ns), "writes", "have a time that cannot be")
    unknown = outcome == WriteOutcome.UNKNOWN
    _refuse(unknown != (returned == NEVER_RETURNED), "writes", "have a return that does not fit their outcome")
    _refuse(~unknown & _no_time(returned), "writes", "have a time that cannot be")
    _refuse(returned < called, "writes", "returned before they were called")
    _refuse(_no_time(writes.gave_up_ns), "writes", "have a time that cannot be")
    _refuse(~unknown & (writes.gave_up_ns != 0), "writes", "were given up but have an outcome")
    ended = np.where(unknown, np.maximum(called, writes.gave_up_ns), returned)
    if watched:  # the HEAD that saw a version first may also be the last to see it, so that two intervals share it
        _refuse((called[:-1] > called[1:]) | (ended[:-1] > ended[1:]), "writes", "are not in order of time")
    else:
        _refuse(ended[:-1] > called[1:], "writes", "were in flight when the next one was called; there may be only one")
    if outcome[0] != WriteOutcome.ACKED:
        raise RunError("version 0 was never acknowledged, so no read of this run can be judged: measure again.")


def _check_all_reads(reads: Reads, writes: Writes, *, watched: bool) -> None:
    least = UNDECIDED_VERSION if watched else NO_VERSION
    try:
        each_block(len(reads), lambda block: _check_reads(reads.chosen(block), least))
    except RunError:
        _check_reads(reads, least)  # the same, with the count of all
        raise
    if len(reads) and int(reads.called_ns[0]) < int(writes.returned_ns[0]):
        raise RunError(
            "a read was called before version 0 was acknowledged, so nothing was there to read: measure again."
        )


def _check_reads(reads: Reads, least: int) -> None:
    outcome, version, sent = reads.outcome, reads.version, reads.sent_version
    _refuse(outcome > max(ReadOutcome).value, "reads", "have an outcome that does not exist")
    _refuse(
        _no_time(reads.called_ns) | _no_time(reads.returned_ns) | _no_time(reads.scheduled_ns),
        "reads",
        "have a time that cannot be",
    )
    _refuse(reads.returned_ns < reads.called_ns, "reads", "returned before they were called")
    if not reads.on_one_clock:
        _refuse(reads.widening_ns < 0, "reads", "have a clock that is known better than exactly")
        _refuse(reads.own_returned_ns < reads.called_ns, "reads", "returned before they were called")
    _refuse(reads.scheduled_ns > reads.called_ns + SECOND, "reads", "were called long before they were due")
    _refuse(
        (version < least) | (reads.etag_version < min(least, SECOND_ETAG)) | (sent < min(least, SECOND_ETAG)),
        "reads",
        "have a version that cannot be",
    )
    denied = [one_of(outcome, outcomes) & (reads.status != status) for status, outcomes in _STATUS.items()]
    _refuse(denied[0] | denied[1], "reads", "have a status that their outcome denies")
    whole = (outcome == ReadOutcome.WHOLE.value) | (outcome == ReadOutcome.ETAG_MISMATCH.value)
    _refuse(whole & ((version < least) | (version == NO_VERSION)), "reads", "are whole but have no version")
    _refuse(
        one_of(outcome, (*ERROR_OUTCOMES, ReadOutcome.NOT_SENT)) & (version >= 0),
        "reads",
        "are errors but have a version",
    )
    not_modified = (outcome == ReadOutcome.NOT_MODIFIED.value) | (outcome == ReadOutcome.NOT_MODIFIED_WITH_BODY.value)
    _refuse(not_modified & (sent == NO_VERSION), "reads", "are answers to a condition that was never sent")
    _refuse(
        not_modified & (version >= 0) & (sent >= 0) & (version != sent),
        "reads",
        "are 304 but have another version than their reader held",
    )
    _refuse(
        (outcome == ReadOutcome.UNASKED_NOT_MODIFIED.value) & (sent != NO_VERSION),
        "reads",
        "sent a condition after all",
    )


def _check_windows(windows: Windows) -> None:
    start, end = windows.start_ns, windows.end_ns
    _refuse(_no_time(start) | _no_time(end) | (end < start), "windows", "have a time that cannot be")
    _refuse(windows.kind > max(WindowKind), "windows", "are of a kind that does not exist")
    _refuse(end[:-1] > start[1:], "windows", "overlap, or are not in order")
    pairs = np.stack([windows.pair.astype(np.int64), windows.kind.astype(np.int64)], axis=1)
    if len(np.unique(pairs, axis=0)) < len(windows) or len(np.unique(windows.index)) < len(windows):
        raise RunError("windows.parquet holds a window twice, or two of one kind in a pair: the run is damaged.")


def _check_samples(samples: Samples) -> None:
    impossible = _no_time(samples.at_ns) | _no_time(samples.cpu_ns) | _no_time(samples.gc_ns)
    late = np.abs(samples.loop_delay_ns) >= LATEST_NS
    _refuse(impossible | _no_time(samples.flush_ns) | late, "generator samples", "have a time that cannot be")


def _no_time(times: Column) -> Flags:
    return (times < 0) | (times >= LATEST_NS)


def _refuse(wrong: Flags, what: str, how: str) -> None:
    count = int(np.count_nonzero(wrong))
    if count:
        first = int(np.argmax(wrong))
        raise RunError(f"{count:,} {what} {how} (the first is number {first:,}): the run is damaged; measure again.")
