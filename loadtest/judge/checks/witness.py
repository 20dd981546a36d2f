"""The operations that prove a finding, with times relative to one moment, and names instead of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from loadtest.judge.checks.when_written import has_times, is_own
from loadtest.run.history.history import Column, History
from loadtest.run.records import NEVER_RETURNED, NO_VERSION, WRITER_SESSION, ReadOutcome, WriteOutcome, outcome_name
from loadtest.summary.findings import SHOWN, Operation, Witness

MOST_WITNESSES: Final = 5
"""So many findings of a check are shown with their operations; all of them are counted."""


def read_operation(history: History, read: int, zero_ns: int) -> Operation:
    """Read number ``read`` (in order of call), times relative to ``zero_ns``."""
    reads = history.reads
    return Operation(
        kind="read",
        version=int(reads.version[read]),
        called_ns=int(reads.called_ns[read]) - zero_ns,
        returned_ns=int(reads.returned_ns[read]) - zero_ns,
        session=f"{reads.worker[read]}/{reads.session[read]}",
        status=int(reads.status[read]),
        outcome=outcome_name(ReadOutcome(int(reads.outcome[read]))),
        sent_version=int(reads.sent_version[read]),
        etag_version=int(reads.etag_version[read]),
        request_id=history.requests.name(int(reads.worker[read]), int(reads.session[read]), int(reads.called_ns[read])),
        widening_ns=int(reads.widening_ns[read]),
    )


def write_operation(history: History, version: int, zero_ns: int) -> Operation:
    """The write of ``version``, times relative to ``zero_ns``; of a watched one those of the HEADs that prove it."""
    writes = history.writes
    returned, own = int(writes.returned_ns[version]), is_own(history)
    return Operation(
        kind="write",
        version=version,
        called_ns=int(writes.called_ns[version]) - zero_ns,
        returned_ns=None if returned == NEVER_RETURNED else returned - zero_ns,
        session="writer" if own else "publisher",
        status=None,
        outcome=outcome_name(WriteOutcome(int(writes.outcome[version]))) if own else SHOWN,
        sent_version=NO_VERSION,
        etag_version=NO_VERSION,
        request_id=history.requests.name(0, WRITER_SESSION, int(writes.called_ns[version])),
    )


def witness(
    history: History,
    sentence: str,
    zero_ns: int,
    relative_to: str,
    *,
    reads: Sequence[int] = (),
    writes: Sequence[int] = (),
) -> Witness:
    """A witness of these reads (by number) and writes (by version), in order of call.

    Where nobody asked the store there are no writes to show: nothing is known of when they were made.
    """
    known = dict.fromkeys(writes) if has_times(history) else {}
    operations = [write_operation(history, version, zero_ns) for version in known]
    operations += [read_operation(history, read, zero_ns) for read in dict.fromkeys(reads)]
    operations.sort(key=lambda operation: operation.called_ns)
    return Witness(
        sentence=sentence, relative_to=relative_to, at_ns=zero_ns - history.origin_ns, operations=tuple(operations)
    )


def reader(history: History, read: int) -> str:
    """The session of a read, for a sentence."""
    return f"reader {history.reads.worker[read]}/{history.reads.session[read]}"


def largest(values: Column, candidates: Column, most: int = MOST_WITNESSES) -> list[int]:
    """The ``candidates`` (rising numbers of reads) with the largest ``values``; of equal values the earliest."""
    order = np.argsort(-values, kind="stable")[:most]
    return [int(read) for read in candidates[order]]
