"""What ETag and If-None-Match did: how many requests could have been answered 304, how many were, and what it saved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from loadtest.judge.measure.latency import response_quantiles
from loadtest.judge.order.timeline import timeline
from loadtest.run.history.blocks import each_block, in_blocks
from loadtest.run.history.history import Flags, History, one_of
from loadtest.run.records import BROKEN_OUTCOMES, NO_VERSION, ReadOutcome, WriteOutcome
from loadtest.summary.versions import Conditional


class _Counts(NamedTuple):
    """What is counted of the reads of a block, and of all."""

    documents: int = 0
    with_etag: int = 0
    asked: int = 0
    not_modified: int = 0
    changed: int = 0
    unasked: int = 0
    with_body: int = 0
    stale_not_modified: int = 0
    received: int = 0
    saved: int = 0
    saved_wrongly: int = 0
    broken: int = 0
    broken_with_etag: int = 0


def measure_conditional(history: History) -> Conditional:
    same, instead = _count(history.once(sent_same)), _count(history.once(broken_instead))
    parts = each_block(len(history.reads), lambda block: _counted(history, block))
    counts = _Counts(*(sum(column) for column in zip(*parts, strict=True)))
    bytes_known = counts.saved + counts.received
    return Conditional(
        whole_reads=counts.documents,
        with_etag=counts.with_etag,
        conditional_reads=counts.asked,
        not_modified=counts.not_modified,
        changed=counts.changed,
        same_version_sent=same,
        could_have_been=counts.not_modified + same + instead,
        unasked=counts.unasked,
        with_body=counts.with_body,
        stale_not_modified=counts.stale_not_modified,
        bytes_received=counts.received,
        bytes_saved=counts.saved,
        saved_share=round(counts.saved / bytes_known, 9) if bytes_known else None,
        response_200=response_quantiles(history, "200"),
        response_304=response_quantiles(history, "304"),
        bytes_saved_wrongly=counts.saved_wrongly,
        broken_bodies=counts.broken,
        broken_with_etag=counts.broken_with_etag,
    )


def _counted(history: History, block: slice) -> _Counts:
    reads, writes = history.reads, history.writes
    outcome, status, version, etag = (
        column[block] for column in (reads.outcome, reads.status, reads.version, reads.etag_version)
    )
    documents = (outcome == ReadOutcome.WHOLE.value) | (outcome == ReadOutcome.ETAG_MISMATCH.value)
    not_modified = outcome == ReadOutcome.NOT_MODIFIED.value
    answered = documents | not_modified
    asked = (reads.sent_version[block] != NO_VERSION) & answered
    late = history.once(timeline).behind[block] > 0
    named = not_modified & (version >= 0) & (version < len(writes))
    broken = (status == 200) & one_of(outcome, BROKEN_OUTCOMES)
    return _Counts(
        documents=_count(documents),
        with_etag=_count(documents & (etag != NO_VERSION)),
        asked=_count(asked),
        not_modified=_count(not_modified),
        changed=_count(asked & documents & ~history.once(sent_same)[block]),
        unasked=_count(outcome == ReadOutcome.UNASKED_NOT_MODIFIED.value),
        with_body=_count(outcome == ReadOutcome.NOT_MODIFIED_WITH_BODY.value),
        stale_not_modified=_count(late & (status == 304)),
        received=int(reads.body_bytes[block].sum(where=answered, dtype=np.int64)),
        saved=int(writes.bytes[version[named]].sum()),
        saved_wrongly=int(writes.bytes[version[named & late]].sum()),
        broken=_count(broken),
        broken_with_etag=_count(broken & (etag >= 0)),
    )


def sent_same(history: History) -> Flags:
    """Reads answered 200 with the very version whose ETag was sent: each could have been a 304."""
    outcome, sent, version = history.reads.outcome, history.reads.sent_version, history.reads.version
    return in_blocks(
        len(outcome),
        np.bool_,
        lambda block: (
            (outcome[block] == ReadOutcome.WHOLE.value) & (sent[block] >= 0) & (sent[block] == version[block])
        ),
    )


def broken_instead(history: History) -> Flags:
    """Reads that named the version that was certainly current, and were answered 200 with a body that is not whole.

    Certainly current: its write was acknowledged before the read was called, and no later one was called before the
    read had returned. A 304 was due; a gateway that takes S3's 304 for a 200 sends an empty document instead.
    """
    reads, writes = history.reads, history.writes
    of_this = one_of(reads.outcome, BROKEN_OUTCOMES) & (reads.outcome != ReadOutcome.OTHER_OBJECT.value)
    broken = np.flatnonzero(of_this & (reads.sent_version >= 0))
    sent = np.minimum(reads.sent_version[broken], len(writes) - 1)
    begun = np.flatnonzero(writes.outcome != WriteOutcome.REFUSED)
    latest = begun[np.searchsorted(writes.called_ns[begun], reads.returned_ns[broken], side="right") - 1]
    acknowledged = writes.acknowledged[sent] & (writes.returned_ns[sent] < reads.called_ns[broken])
    flags = np.zeros(len(reads), dtype=np.bool_)
    flags[broken[acknowledged & (latest == sent)]] = True
    return flags


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags))
