"""Conditional GET: ETag names the body, and If-None-Match is answered 304 when it should be.

**Guarantee.** A 200 carries an ETag that names its body (RFC 9110, section 8.8.3); a request whose If-None-Match names
the current version is answered 304 (section 13.1.2), without a body and with that version's ETag (section 15.4.5);
nothing else is answered 304. ::

    If-None-Match: etag(7)   ──▶  304, etag(7)      honoured
    If-None-Match: etag(7)   ──▶  200, version 8    changed meanwhile: right
    If-None-Match: etag(7)   ──▶  200, version 7    could have been 304: not honoured
    If-None-Match: etag(7)   ──▶  200, empty        a 304 taken for a 200: not honoured
    If-None-Match: etag(7)   ──▶  304, etag(8)      a fault; so are no ETag, and one that nothing is known of
    (none)                   ──▶  304               a fault
    If-None-Match: etag(7)   ──▶  304 and a body    a fault

**What an ETag names.** The version whose PUT returned it or, where none did, the version that it came with. The target
may make ETags of its own, weak ones or without quotes, as long as they never contradict each other: one ETag with two
versions, or with a version and a document of somebody else, is a fault. So are two ETags of one version by turns: a
reader who holds one and asks where the other is in use gets the whole document again (see
:mod:`loadtest.run.etags.versions_named`).

**Verdict.** FAIL on any such fault, and when no answer carried an ETag at all: a reader then has nothing to send, and
lack of evidence is no reason to pass. INCONCLUSIVE when nobody asked, or too seldom.

**Exclusions.** A 304 for a version that had been replaced: that is a stale read and is judged there. Errors and broken
bodies.

Fields: ``looked_at`` = whole 200 and 304 answers; ``found`` = faults; numbers: each kind of fault, and how often the
answer could have been 304 and was.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.conditional_witness import fault_witness
from loadtest.judge.checks.promise import Counted, Promise, count_number
from loadtest.judge.checks.witness import MOST_WITNESSES
from loadtest.judge.evidence import MINIMUM_CONDITIONS
from loadtest.judge.measure.conditional_gets import broken_instead, measure_conditional, sent_same
from loadtest.judge.watch_evidence import got_again, same_bytes
from loadtest.run.history.blocks import each_block, joined
from loadtest.run.history.history import Column, History
from loadtest.run.records import NO_VERSION, SECOND_ETAG, UNKNOWN_VERSION, ReadOutcome, Verdict
from loadtest.run.settings import NO_WRITER
from loadtest.summary.findings import CheckResult
from loadtest.summary.versions import Conditional

PROMISE: Final = Promise(
    "conditional-get",
    "Conditional GET",
    "A 200 carries an ETag that names its body, and a request that names the current version is answered 304 with it.",
    looks_at=Counted("answer", "answers"),
    finds=Counted("fault", "faults"),
)
_NAMES: Final = {
    "no-etag": "200 without an ETag",
    "other-etag": "200 whose ETag does not name its body",
    "second-etag": "200 with a second ETag of its version, which it has by turns with another",
    "not-honoured": "200 with the version that If-None-Match named",
    "broken-instead": "200 with a body that is not whole, where If-None-Match named the current version",
    "unasked": "304 to a request without a condition",
    "with-body": "304 with a body",
    "bare-304": "304 without an ETag",
    "other-etag-304": "304 with the ETag of another version",
    "unknown-etag-304": "304 with an ETag that nothing is known of",
}


def conditional_get(history: History) -> CheckResult:
    measured = history.once(measure_conditional)
    faults = _faults(history)
    counts = {name: len(reads) for name, reads in faults.items()}
    verdict, sentence = _judge(history, measured, counts)
    witnesses = [
        fault_witness(history, name, int(read)) for name, reads in faults.items() for read in reads[:MOST_WITNESSES]
    ]
    witnesses.sort(key=lambda witness: witness.at_ns)
    return PROMISE.result(
        verdict,
        sentence,
        looked_at=measured.whole_reads + measured.not_modified + measured.unasked + measured.with_body,
        found=sum(counts.values()),
        numbers=(
            *(count_number(_NAMES[name], count) for name, count in counts.items()),
            count_number("requests that 304 could have answered", measured.could_have_been),
            count_number("answered 304", measured.not_modified),
            count_number("304 for a version that had been replaced", measured.stale_not_modified),
        ),
        witnesses=tuple(witnesses[:MOST_WITNESSES]),
    )


def _faults(history: History) -> dict[str, Column]:
    """The reads with each fault, by number."""
    parts = each_block(len(history.reads), lambda block: _faults_in(history, block))
    return {name: joined(part[name] for part in parts) for name in _NAMES}


def _faults_in(history: History, block: slice) -> dict[str, Column]:
    reads, writes = history.reads.chosen(block), history.writes
    whole = reads.outcome == ReadOutcome.WHOLE.value
    named = (reads.etag_version != NO_VERSION) & (reads.etag_version != SECOND_ETAG)
    misnamed = whole & named & (reads.etag_version != reads.version)
    suspects = np.flatnonzero(misnamed)  # the ETag is known of acknowledged versions only
    misnamed[suspects] = np.isin(reads.version[suspects], np.flatnonzero(writes.acknowledged))
    # A document of somebody else has an ETag of its own, and never that of one of ours.
    misnamed |= (reads.outcome == ReadOutcome.FOREIGN.value) & (reads.etag_version >= 0)
    confirmed = (reads.outcome == ReadOutcome.NOT_MODIFIED.value) & (reads.version >= 0)
    faults = {
        "no-etag": whole & (reads.etag_version == NO_VERSION),
        "other-etag": (reads.outcome == ReadOutcome.ETAG_MISMATCH.value) | misnamed,
        "second-etag": whole & (reads.etag_version == SECOND_ETAG),
        "not-honoured": history.once(sent_same)[block],
        "broken-instead": history.once(broken_instead)[block],
        "unasked": reads.outcome == ReadOutcome.UNASKED_NOT_MODIFIED.value,
        "with-body": reads.outcome == ReadOutcome.NOT_MODIFIED_WITH_BODY.value,
        "bare-304": confirmed & (reads.etag_version == NO_VERSION),
        "other-etag-304": confirmed & (reads.etag_version >= 0) & (reads.etag_version != reads.version),
        "unknown-etag-304": confirmed & (reads.etag_version == UNKNOWN_VERSION),
    }
    return {name: np.flatnonzero(flags) + block.start for name, flags in faults.items()}


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
    failed = int(np.count_nonzero((history.reads.sent_version != NO_VERSION) & history.reads.failed))
    if failed and not measured.could_have_been:
        return (
            Verdict.INCONCLUSIVE,
            f"{units.counted(failed, 'conditional request')} ended in an error, and no answer was or could have been "
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
    if open_ := same_bytes(history) or got_again(history):
        return Verdict.INCONCLUSIVE, open_
    asked_nobody = history.info.settings.writer == NO_WRITER
    return Verdict.PASS, _honoured(
        measured, int(np.count_nonzero(history.reads.status == 200)), asked_nobody=asked_nobody
    )


def _honoured(measured: Conditional, answers: int, *, asked_nobody: bool) -> str:
    """The sentence of a PASS: what is true of every answer, and the stale 304s that are judged by another check."""
    asked, stale = measured.could_have_been, measured.stale_not_modified
    if stale:
        sentence = (
            f"All {asked:,} requests that named the version which the server took as current were answered 304, but "
            f"{stale:,} of these answers ({units.share(stale / asked)}) told a reader that an outdated copy was "
            "current: they are stale reads, and judged as such."
        )
    elif asked_nobody:
        sentence = (
            f"All {asked:,} requests that named the version which the server took as current were answered 304; "
            "whether it really was current is not known, as nobody asked the store."
        )
    else:
        sentence = f"All {asked:,} requests that named the current version were answered 304."
    if answers == measured.whole_reads:
        return f"{sentence} Every 200 carried an ETag that names its body."
    sentence += f" Every whole 200 of this run ({measured.whole_reads:,}) carried an ETag that names its body"
    if not measured.broken_bodies:
        return f"{sentence}."
    broken = units.counted(measured.broken_bodies, "document that is not whole", "documents that are not whole")
    if measured.broken_with_etag:
        return (
            f"{sentence}; of {broken}, {measured.broken_with_etag:,} carried the ETag of a version that they are not."
        )
    return f"{sentence}; {broken} carried no ETag of a version."
