"""Conditional GET: ETag names the body, and If-None-Match is answered 304 when it should be.

**Guarantee.** A 200 carries an ETag that names its body (RFC 9110, section 8.8.3); a request whose If-None-Match names
the current version is answered 304 (section 13.1.2), without a body; nothing else is answered 304. ::

    If-None-Match: etag(7)   ──▶  304               honoured
    If-None-Match: etag(7)   ──▶  200, version 8    changed meanwhile: right
    If-None-Match: etag(7)   ──▶  200, version 7    could have been 304: not honoured
    If-None-Match: etag(7)   ──▶  200, empty        a 304 taken for a 200: not honoured
    (none)                   ──▶  304               a fault
    If-None-Match: etag(7)   ──▶  304 and a body    a fault

**Verdict.** FAIL on any such fault, and when no answer carried an ETag at all: a reader then has nothing to send, and
the check does not pass for lack of evidence. INCONCLUSIVE when nobody asked, or too seldom.

**Exclusions.** A 304 for a version that had been replaced is a stale read and is judged there. Whether an ETag names
the body is not judged for a version whose write was not acknowledged: its ETag is not known. Errors and broken bodies.

Fields: ``looked_at`` = whole 200 and 304 answers; ``found`` = faults; numbers: each kind of fault, and how often 304
could have been and was the answer.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.checks.evidence import MINIMUM_CONDITIONS
from loadtest.checks.promise import Promise
from loadtest.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.findings import CheckResult, Number, Witness
from loadtest.measurements import Conditional
from loadtest.measures.conditional import broken_instead, measure_conditional, sent_same
from loadtest.recorded_run.history import Flags, History
from loadtest.records import NO_VERSION, UNKNOWN_VERSION, ReadOutcome, Verdict

PROMISE: Final = Promise(
    "conditional-get",
    "Conditional GET",
    "A 200 carries an ETag that names its body, and a request that names the current version is answered 304.",
)
_NAMES: Final = {
    "no-etag": "200 without an ETag",
    "other-etag": "200 whose ETag does not name its body",
    "not-honoured": "200 with the version that If-None-Match named",
    "broken-instead": "200 with a body that is not whole, where If-None-Match named the current version",
    "unasked": "304 to a request without a condition",
    "with-body": "304 with a body",
}


def conditional_get(history: History) -> CheckResult:
    """Judge how ETag and If-None-Match are honoured."""
    measured = history.once(measure_conditional)
    faults = _faults(history)
    counts = {name: int(np.count_nonzero(flags)) for name, flags in faults.items()}
    found = sum(counts.values())
    verdict, sentence = _judge(history, measured, counts)
    numbers = (
        *(Number(_NAMES[name], count, "count", units.count(count)) for name, count in counts.items()),
        Number(
            "requests that 304 could have answered",
            measured.could_have_been,
            "count",
            units.count(measured.could_have_been),
        ),
        Number("answered 304", measured.not_modified, "count", units.count(measured.not_modified)),
        Number(
            "304 for a version that had been replaced",
            measured.stale_not_modified,
            "count",
            units.count(measured.stale_not_modified),
        ),
    )
    witnesses = [
        _witness(history, name, int(read))
        for name, flags in faults.items()
        for read in np.flatnonzero(flags)[:MOST_WITNESSES]
    ]
    witnesses.sort(key=lambda shown: shown.at_ns)
    return PROMISE.result(
        verdict,
        sentence,
        looked_at=measured.whole_reads + measured.not_modified + measured.unasked + measured.with_body,
        found=found,
        numbers=numbers,
        witnesses=tuple(witnesses[:MOST_WITNESSES]),
    )


def _faults(history: History) -> dict[str, Flags]:
    reads, writes = history.reads, history.writes
    whole = reads.outcome == ReadOutcome.WHOLE
    # The last place is for versions that nobody wrote, and for reads that name none (-1).
    known = np.append(writes.acknowledged, False)[np.minimum(reads.version, len(writes))]
    misnamed = whole & known & (reads.etag_version != NO_VERSION) & (reads.etag_version != reads.version)
    return {
        "no-etag": whole & (reads.etag_version == NO_VERSION),
        "other-etag": (reads.outcome == ReadOutcome.ETAG_MISMATCH) | misnamed,
        "not-honoured": history.once(sent_same),
        "broken-instead": history.once(broken_instead),
        "unasked": reads.outcome == ReadOutcome.UNASKED_NOT_MODIFIED,
        "with-body": reads.outcome == ReadOutcome.NOT_MODIFIED_WITH_BODY,
    }


def _judge(  # noqa: PLR0911 - one a case
    history: History, measured: Conditional, counts: dict[str, int]
) -> tuple[Verdict, str]:
    if measured.whole_reads and not measured.with_etag:
        return (
            Verdict.FAIL,
            f"No answer carried an ETag ({units.counted(measured.whole_reads, 'whole document')}), so no reader could "
            "ask whether its copy was still current: the target does not pass the object's ETag on.",
        )
    if counts["broken-instead"] and not measured.not_modified:
        return (
            Verdict.FAIL,
            f"{units.counted(counts['broken-instead'], 'request')} that named the current version in If-None-Match got "
            "200 with an empty or broken document and none got 304: the target passes If-None-Match on, and takes the "
            "304 that comes back for a 200.",
        )
    if measured.could_have_been and not measured.not_modified:
        return (
            Verdict.FAIL,
            f"{units.counted(measured.could_have_been, 'request')} named the current version in If-None-Match and none "
            "was answered 304: the target does not pass If-None-Match on, or does not pass 304 back.",
        )
    if any(counts.values()):
        kinds = "; ".join(f"{_NAMES[name]}: {count:,}" for name, count in counts.items() if count)
        return Verdict.FAIL, f"ETag and If-None-Match are not honoured by every answer. {kinds}."
    lost = int(np.count_nonzero((history.reads.sent_version != NO_VERSION) & history.reads.failed))
    if lost and not measured.could_have_been:
        return (
            Verdict.INCONCLUSIVE,
            f"{units.counted(lost, 'conditional request')} ended in an error, and no answer was or could have been "
            "304: does the target make an error of a 304?",
        )
    if not measured.conditional_reads:
        share = history.info.settings.conditional_share
        why = "--conditional-share is 0" if not share else "no reader came to hold an ETag and ask again"
        return Verdict.INCONCLUSIVE, f"No conditional request was answered ({why}), so 304 was not tried."
    if measured.could_have_been < MINIMUM_CONDITIONS:
        return (
            Verdict.INCONCLUSIVE,
            f"Only {units.counted(measured.could_have_been, 'request')} named the current version, at least "
            f"{MINIMUM_CONDITIONS} are needed.",
        )
    return Verdict.PASS, _honoured(measured)


def _honoured(measured: Conditional) -> str:
    """What PASS says: only what is true of every answer, and what is judged under another question is counted here."""
    asked, stale = measured.could_have_been, measured.stale_not_modified
    if stale:
        sentence = (
            f"All {asked:,} requests that named the version which the server took as current were answered 304, but "
            f"{stale:,} of these answers ({units.share(stale / asked)}) told a reader that an outdated copy was "
            "current: they are stale reads, and judged as such."
        )
    else:
        sentence = f"All {asked:,} requests that named the current version were answered 304."
    if not measured.broken_bodies:
        return f"{sentence} Every 200 carried an ETag that names its body."
    sentence += f" Every whole 200 ({measured.whole_reads:,}) carried an ETag that names its body"
    broken = units.counted(measured.broken_bodies, "document that is not whole", "documents that are not whole")
    if measured.broken_with_etag:
        return (
            f"{sentence}; of {broken}, {measured.broken_with_etag:,} carried the ETag of a version that they are not."
        )
    return f"{sentence}; {broken} carried no ETag of a version."


def _witness(history: History, fault: str, read: int) -> Witness:
    reads = history.reads
    version, sent = int(reads.version[read]), int(reads.sent_version[read])
    etag = int(reads.etag_version[read])
    named = "an ETag that is none of this run's" if etag == UNKNOWN_VERSION else f"the ETag of version {etag}"
    what = {
        "no-etag": f"got version {version} without an ETag",
        "other-etag": f"got version {version} with {named}",
        "not-honoured": f"sent If-None-Match with the ETag of version {sent} and got 200 with version {version} again",
        "broken-instead": f"sent If-None-Match with the ETag of version {sent} and got 200 with no whole body",
        "unasked": "sent no condition and was answered 304",
        "with-body": f"was answered 304 with {units.size(int(reads.body_bytes[read]))} of a body",
    }[fault]
    last = len(history.writes) - 1
    writes = [number for number in dict.fromkeys((version, etag)) if 0 <= number <= last]
    return witness(
        history,
        f"{reader(history, read).capitalize()} {what}.",
        int(reads.called_ns[read]),
        "call of the read",
        reads=(read,),
        writes=writes,
    )
