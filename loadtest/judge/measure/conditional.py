"""What ETag and If-None-Match did: how many requests could have been answered 304, how many were, and what it saved."""

from __future__ import annotations

import numpy as np

from loadtest.judge.measure.latency import response_quantiles, successful
from loadtest.judge.order.timeline import timeline
from loadtest.run.history import Flags, History
from loadtest.run.records import BROKEN_OUTCOMES, NO_VERSION, ReadOutcome, WriteOutcome
from loadtest.summary.versions import Conditional


def measure_conditional(history: History) -> Conditional:
    """The figures of conditional requests."""
    reads, outcome = history.reads, history.reads.outcome
    documents = (outcome == ReadOutcome.WHOLE) | (outcome == ReadOutcome.ETAG_MISMATCH)
    not_modified = outcome == ReadOutcome.NOT_MODIFIED
    asked = (reads.sent_version != NO_VERSION) & (documents | not_modified)
    same = sent_same(history)
    changed = asked & documents & ~same
    named = not_modified & (reads.version >= 0) & _written(history)
    saved = int(history.writes.bytes[reads.version[named]].sum())
    broken = (reads.status == 200) & np.isin(outcome, BROKEN_OUTCOMES)
    received = int(reads.body_bytes[documents | not_modified].sum(dtype=np.int64))
    times = history.once(timeline)
    ok = history.once(successful)
    return Conditional(
        whole_reads=_count(documents),
        with_etag=_count(documents & (reads.etag_version != NO_VERSION)),
        conditional_reads=_count(asked),
        not_modified=_count(not_modified),
        changed=_count(changed),
        same_version_sent=_count(same),
        could_have_been=_count(not_modified) + _count(same) + _count(history.once(broken_instead)),
        unasked=_count(outcome == ReadOutcome.UNASKED_NOT_MODIFIED),
        with_body=_count(outcome == ReadOutcome.NOT_MODIFIED_WITH_BODY),
        stale_not_modified=_count((times.behind > 0) & (reads.status == 304)),
        bytes_received=received,
        bytes_saved=saved,
        saved_share=round(saved / (saved + received), 9) if saved + received else None,
        response_200=response_quantiles(history, ok & (reads.status == 200)),
        response_304=response_quantiles(history, ok & (reads.status == 304)),
        bytes_saved_wrongly=int(history.writes.bytes[reads.version[named & (times.behind > 0)]].sum()),
        broken_bodies=_count(broken),
        broken_with_etag=_count(broken & (reads.etag_version >= 0)),
    )


def sent_same(history: History) -> Flags:
    """Reads answered 200 with the very version whose ETag was sent: each could have been a 304."""
    reads = history.reads
    flags: Flags = (
        (reads.outcome == ReadOutcome.WHOLE) & (reads.sent_version >= 0) & (reads.sent_version == reads.version)
    )
    return flags


def broken_instead(history: History) -> Flags:
    """Reads that named the version that was certainly current, and were answered 200 with a body that is not whole.

    Certainly current: its write was acknowledged before the read was called, and no later one was called before the
    read had returned. A 304 was due; a gateway that takes S3's 304 for a 200 sends an empty document instead.
    """
    reads, writes = history.reads, history.writes
    broken = np.isin(reads.outcome, BROKEN_OUTCOMES)
    sent = np.clip(reads.sent_version, 0, len(writes) - 1)
    begun = np.flatnonzero(writes.outcome != WriteOutcome.REFUSED)
    latest = begun[np.searchsorted(writes.called_ns[begun], reads.returned_ns, side="right") - 1]
    acknowledged = writes.acknowledged[sent] & (writes.returned_ns[sent] < reads.called_ns)
    flags: Flags = broken & (reads.sent_version >= 0) & acknowledged & (latest == sent)
    return flags


def _written(history: History) -> Flags:
    flags: Flags = history.reads.version < len(history.writes)
    return flags


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags))
