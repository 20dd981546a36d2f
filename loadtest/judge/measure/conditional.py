"""What ETag and If-None-Match did: how many requests could have been answered 304, how many were, and what it saved."""

from __future__ import annotations

import numpy as np

from loadtest.judge.measure.latency import response_quantiles
from loadtest.judge.order.timeline import timeline
from loadtest.run.blocks import each_block
from loadtest.run.history import Flags, History, one_of
from loadtest.run.records import BROKEN_OUTCOMES, NO_VERSION, ReadOutcome, WriteOutcome
from loadtest.summary.versions import Conditional


def measure_conditional(history: History) -> Conditional:
    reads, outcome = history.reads, history.reads.outcome
    documents = (outcome == ReadOutcome.WHOLE) | (outcome == ReadOutcome.ETAG_MISMATCH)
    not_modified = outcome == ReadOutcome.NOT_MODIFIED
    asked = (reads.sent_version != NO_VERSION) & (documents | not_modified)
    same = history.once(sent_same)
    changed = asked & documents & ~same
    named = not_modified & (reads.version >= 0) & _written(history)
    saved = _bytes_of(history, named)
    broken = (reads.status == 200) & one_of(outcome, BROKEN_OUTCOMES)
    answered = documents | not_modified
    received = sum(
        each_block(len(reads), lambda block: int(reads.body_bytes[block].sum(where=answered[block], dtype=np.int64)))
    )
    times = history.once(timeline)
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
        response_200=response_quantiles(history, "200"),
        response_304=response_quantiles(history, "304"),
        bytes_saved_wrongly=_bytes_of(history, named & (times.behind > 0)),
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
    broken = np.flatnonzero(one_of(reads.outcome, BROKEN_OUTCOMES) & (reads.sent_version >= 0))
    sent = np.minimum(reads.sent_version[broken], len(writes) - 1)
    begun = np.flatnonzero(writes.outcome != WriteOutcome.REFUSED)
    latest = begun[np.searchsorted(writes.called_ns[begun], reads.returned_ns[broken], side="right") - 1]
    acknowledged = writes.acknowledged[sent] & (writes.returned_ns[sent] < reads.called_ns[broken])
    flags = np.zeros(len(reads), dtype=np.bool_)
    flags[broken[acknowledged & (latest == sent)]] = True
    return flags


def _bytes_of(history: History, named: Flags) -> int:
    """How many bytes the documents of some reads' versions have together."""
    size, version = history.writes.bytes, history.reads.version
    return sum(each_block(len(named), lambda block: int(size[np.compress(named[block], version[block])].sum())))


def _written(history: History) -> Flags:
    flags: Flags = history.reads.version < len(history.writes)
    return flags


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags))
