"""What proves that ETag or If-None-Match was not honoured: the read, and the reads that it contradicts."""

from __future__ import annotations

import numpy as np

from loadtest import units
from loadtest.judge.checks.witness import reader, witness
from loadtest.run.history.history import Flags, History
from loadtest.run.records import SECOND_ETAG, UNKNOWN_VERSION, ReadOutcome
from loadtest.summary.findings import Witness


def fault_witness(history: History, fault: str, read: int) -> Witness:
    """The witness of a ``fault``, by the name that it has in :mod:`loadtest.judge.checks.conditional_get`."""
    reads = history.reads
    version, sent = int(reads.version[read]), int(reads.sent_version[read])
    etag = int(reads.etag_version[read])
    named = "an ETag that nothing is known of" if etag == UNKNOWN_VERSION else f"the ETag of version {etag}"
    contradicted = _contradicted(history, fault, read)
    shown_by = f", which {reader(history, contradicted[0])} got with version {etag}" if contradicted else ""
    got = f"version {version}" if version >= 0 else _no_version(history)
    what = {
        "no-etag": f"got {got} without an ETag",
        "other-etag": f"got {got} with {named}{shown_by}",
        "second-etag": f"got version {version} with the second of two ETags that it had by turns",
        "not-honoured": f"sent If-None-Match with the ETag of version {sent} and got 200 with version {version} again",
        "broken-instead": f"sent If-None-Match with the ETag of version {sent} and got 200 with no whole body",
        "unasked": "sent no condition and was answered 304",
        "with-body": f"was answered 304 with {units.size(int(reads.body_bytes[read]))} of a body",
        "bare-304": f"was told by a 304 that version {version} was current, and the 304 carried no ETag",
        "other-etag-304": f"was told by a 304 that version {version} was current, and the 304 carried {named}",
        "unknown-etag-304": f"was told by a 304 that version {version} was current, and the 304 carried {named}",
    }[fault]
    last = len(history.writes) - 1
    writes = [number for number in dict.fromkeys((version, etag)) if 0 <= number <= last]
    return witness(
        history,
        f"{reader(history, read).capitalize()} {what}.",
        int(reads.called_ns[read]),
        "call of the read",
        reads=(read, *contradicted),
        writes=writes,
    )


def _no_version(history: History) -> str:
    return "a document of no known version" if history.info.is_watched else "a document that is not of this run"


def _contradicted(history: History, fault: str, read: int) -> tuple[int, ...]:
    """The reads that ``read`` contradicts: one of the version that its ETag names, or those that show two by turns."""
    reads = history.reads
    whole = reads.outcome == ReadOutcome.WHOLE.value
    if fault == "other-etag" and reads.etag_version[read] >= 0:
        named = reads.etag_version[read]
        return tuple(np.flatnonzero(whole & (reads.version == named) & (reads.etag_version == named))[:1].tolist())
    if fault != "second-etag":
        return ()
    of_version = whole & (reads.version == reads.version[read])
    usual, second = (of_version & (reads.etag_version == etag) for etag in (reads.version[read], SECOND_ETAG))
    before, after = _last_before(history, usual, read), _first_after(history, usual, read)
    if before and after:
        return (*before, *after)
    if after:
        return (*after, *_first_after(history, second, after[0]))
    return (*before, *(_last_before(history, second, before[0]) if before else ()))


def _last_before(history: History, among: Flags, read: int) -> tuple[int, ...]:
    """The last read ``among`` those flagged that precedes ``read``, if there is one."""
    return tuple(np.flatnonzero(among & (history.reads.returned_ns < history.reads.called_ns[read]))[-1:].tolist())


def _first_after(history: History, among: Flags, read: int) -> tuple[int, ...]:
    """The first read ``among`` those flagged that ``read`` precedes, if there is one."""
    return tuple(np.flatnonzero(among & (history.reads.called_ns > history.reads.returned_ns[read]))[:1].tolist())
