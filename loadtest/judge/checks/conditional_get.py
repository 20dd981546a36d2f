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

**What an ETag names.** The version whose PUT was told it, or, where no PUT was, the version that it came with. The
target may make ETags of its own, weak ones or without quotes, as long as they never contradict each other: one ETag
with two versions, or with a version and a document of somebody else, is a fault. So are two ETags of one version by
turns, for a reader who holds one and asks where the other is in use gets the whole document again (see
:mod:`loadtest.run.entity_tags`).

**Verdict.** FAIL on any such fault, and when no answer carried an ETag at all: a reader then has nothing to send, and
the check does not pass for lack of evidence. INCONCLUSIVE when nobody asked, or too seldom.

**Exclusions.** A 304 for a version that had been replaced is a stale read and is judged there. Errors and broken
bodies.

Fields: ``looked_at`` = whole 200 and 304 answers; ``found`` = faults; numbers: each kind of fault, and how often 304
could have been and was the answer.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise
from loadtest.judge.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.judge.evidence import MINIMUM_CONDITIONS
from loadtest.judge.measure.conditional import broken_instead, measure_conditional, sent_same
from loadtest.run.blocks import each_block
from loadtest.run.history import Column, Flags, History
from loadtest.run.records import NO_VERSION, SECOND_ETAG, UNKNOWN_VERSION, ReadOutcome, Verdict
from loadtest.run.settings import NO_WRITER
from loadtest.summary.findings import CheckResult, Number, Witness
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
    """Judge how ETag and If-None-Match are honoured."""
    measured = history.once(measure_conditional)
    faults = _faults(history)
    counts = {name: len(found) for name, found in faults.items()}
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
        _witness(history, name, int(read)) for name, reads in faults.items() for read in reads[:MOST_WITNESSES]
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


def _faults(history: History) -> dict[str, Column]:
    """The reads with each fault, by number."""
    parts = each_block(len(history.reads), lambda block: _faults_in(history, block))
    none = np.zeros(0, dtype=np.int64)
    return {name: np.concatenate([none, *(part[name] for part in parts)]) for name in _NAMES}


def _faults_in(history: History, block: slice) -> dict[str, Column]:
    reads, writes = history.reads.chosen(block), history.writes
    whole = reads.outcome == ReadOutcome.WHOLE
    named = (reads.etag_version != NO_VERSION) & (reads.etag_version != SECOND_ETAG)
    misnamed = whole & named & (reads.etag_version != reads.version)
    # The last place is for versions that nobody wrote, and for reads that name none (-1).
    doubtful = np.flatnonzero(misnamed)
    version = np.where(reads.version[doubtful] < 0, len(writes), np.minimum(reads.version[doubtful], len(writes)))
    known = np.append(writes.acknowledged, False)[version]
    misnamed[doubtful[~known]] = False
    # Whoever put a document of their own there: it has an ETag of its own, and not that of one of ours.
    misnamed |= (reads.outcome == ReadOutcome.FOREIGN) & (reads.etag_version >= 0)
    confirmed = (reads.outcome == ReadOutcome.NOT_MODIFIED) & (reads.version >= 0)
    faults = {
        "no-etag": whole & (reads.etag_version == NO_VERSION),
        "other-etag": (reads.outcome == ReadOutcome.ETAG_MISMATCH) | misnamed,
        "second-etag": whole & (reads.etag_version == SECOND_ETAG),
        "not-honoured": history.once(sent_same)[block],
        "broken-instead": history.once(broken_instead)[block],
        "unasked": reads.outcome == ReadOutcome.UNASKED_NOT_MODIFIED,
        "with-body": reads.outcome == ReadOutcome.NOT_MODIFIED_WITH_BODY,
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
    asked_nobody = history.info.settings.writer == NO_WRITER
    return Verdict.PASS, _honoured(
        measured, int(np.count_nonzero(history.reads.status == 200)), asked_nobody=asked_nobody
    )


def _honoured(measured: Conditional, answers: int, *, asked_nobody: bool) -> str:
    """What PASS says: only what is true of every answer, and what is judged under another question is counted here."""
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
            "whether it was current, nobody asked the store."
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


def _witness(history: History, fault: str, read: int) -> Witness:
    reads = history.reads
    version, sent = int(reads.version[read]), int(reads.sent_version[read])
    etag = int(reads.etag_version[read])
    named = "an ETag that nothing is known of" if etag == UNKNOWN_VERSION else f"the ETag of version {etag}"
    others = _reads_that_show(history, fault, read)
    shown_by = f", which {reader(history, others[0])} got with version {etag}" if others else ""
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
        reads=(read, *others),
        writes=writes,
    )


def _no_version(history: History) -> str:
    return "a document of no known version" if history.info.is_watched else "a document that is not of this run"


def _reads_that_show(history: History, fault: str, read: int) -> tuple[int, ...]:
    """The reads that it contradicts: one of the version that the ETag names; or those that show two ETags by turns."""
    reads = history.reads
    whole = reads.outcome == ReadOutcome.WHOLE
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
    """The last of these reads that precedes ``read``, if any does."""
    return tuple(np.flatnonzero(among & (history.reads.returned_ns < history.reads.called_ns[read]))[-1:].tolist())


def _first_after(history: History, among: Flags, read: int) -> tuple[int, ...]:
    """The first of these reads that ``read`` precedes, if it precedes any."""
    return tuple(np.flatnonzero(among & (history.reads.called_ns > history.reads.returned_ns[read]))[:1].tolist())
