"""Whole bodies: every document is one version from its first byte to its last.

**Guarantee.** A 200 carries a document that passes its own digest. One that does not is *torn* (a mix of versions),
*truncated* (a proper prefix, or fewer bytes than Content-Length), *rewritten* (the same document in other bytes: pretty
printed, with a byte-order mark, in base64), *oversized* (more bytes than any document has), *corrupt* (has something
of a document in it and is none of these) or *unrecognised* (an error page, an empty object, an HTML page). ::

    time     ─────────────────────────────▶
    write 2      ├────────────┤
    read            ├─────┤  of 1 or of 2, all of it: whole
    read            ├─────┤  1111112222:  torn
    read            ├─────┤  11111:       truncated

**Exclusions.** Errors (4xx, 5xx, no answer) carry no document. What somebody else certainly put there is *foreign* and
is left to the assumptions: a whole document of another run, or a body whose ETag is its MD5 where the ETags of our own
documents are theirs, so that the store must hold it. A gateway that makes MD5s of its error pages looks the same, so
nothing passes then. A document whose ETag header names another version is left to the conditional check, as its body is
whole. Bodies that were never read while a PUT was in flight prove little, so a PASS needs some reads that overlap one.
Documents of the user's own may differ in one field only, so that a mix of two is mostly one of them, byte for byte;
silence then proves nothing about mixes.

Fields: ``looked_at`` = 200 answers of this run; ``found`` = those that are not whole; numbers: by kind, and how many
answers overlapped a PUT.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise, count_number
from loadtest.judge.checks.when_written import call, has_times, is_own
from loadtest.judge.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.judge.evidence import MINIMUM_OVERLAPS, too_little
from loadtest.judge.measure.flights import flights, overlapping_reads, overlaps_at_least
from loadtest.judge.measure.rates import reads_by_outcome
from loadtest.judge.watch_evidence import foreign_reads, unvouched
from loadtest.run.history.history import History, one_of
from loadtest.run.records import BROKEN_OUTCOMES, ReadOutcome, Verdict, outcome_name
from loadtest.run.settings import NO_WRITER
from loadtest.summary.findings import CheckResult, Witness

PROMISE: Final = Promise(
    "whole-bodies",
    "Whole bodies",
    "Every document that is read is the old one or the new one, never a mix and never cut short.",
    looks_at=Counted("document", "documents"),
    finds=Counted("not whole", "not whole"),
)
LEAST_CUTS_SEEN: Final = 0.9
"""Share of the places at which a cut must show: a fault may cut at the same place each time, half way, say."""
INTACT: Final = (ReadOutcome.WHOLE, ReadOutcome.ETAG_MISMATCH)
_MEANING: Final = {
    ReadOutcome.TORN: "a mix of versions",
    ReadOutcome.TRUNCATED: "a document cut short",
    ReadOutcome.CORRUPT: "a document that fails its digest and is neither a mix nor a prefix of versions",
    ReadOutcome.OVERSIZED: "more bytes than any document has",
    ReadOutcome.REWRITTEN: "a document that something on the way passed on changed",
    ReadOutcome.UNRECOGNISED: "something that is not a document of a run",
    ReadOutcome.OTHER_OBJECT: "a whole document that was written to another object of this run",
}


def whole_bodies(history: History) -> CheckResult:
    outcome = history.reads.outcome
    counts = history.once(reads_by_outcome)
    looked_at = int(sum(counts[kind] for kind in (*INTACT, *BROKEN_OUTCOMES)))
    with_body = one_of(outcome, (*INTACT, *BROKEN_OUTCOMES))
    overlapping = overlaps_at_least(history, with_body)
    found = np.flatnonzero(one_of(outcome, BROKEN_OUTCOMES))
    if len(found):
        kinds = ", ".join(f"{counts[kind]:,} {outcome_name(kind)}" for kind in BROKEN_OUTCOMES if counts[kind])
        verdict = Verdict.FAIL
        met = int(np.count_nonzero(history.once(overlapping_reads)[found]))
        sentence = (
            f"{units.counted(len(found), 'document')} of {looked_at:,} were not whole: {kinds} (tolerated: none). "
            + _met(history, met, len(found))
            + _crossed(history, int(counts[ReadOutcome.OTHER_OBJECT]))
        )
    elif history.info.is_watched and foreign_reads(history):
        verdict, sentence = Verdict.INCONCLUSIVE, unvouched(history)
    elif foreign := foreign_reads(history):
        verdict = Verdict.INCONCLUSIVE
        sentence = (
            f"All {looked_at:,} documents of this run were whole, but {units.counted(foreign, 'read')} returned what "
            "is not of this run: whether that is all that somebody else put there cannot be told."
        )
    elif few := too_little(history, looked_at, "documents were read"):
        verdict, sentence = Verdict.INCONCLUSIVE, f"Nothing can be said about bodies: {few}."
    elif overlapping < MINIMUM_OVERLAPS:
        verdict = Verdict.INCONCLUSIVE
        sentence = (
            f"All {looked_at:,} documents were whole, but only {units.counted(overlapping, 'read')} "
            f"{_few_met(history)} and at least {MINIMUM_OVERLAPS} are needed: read more often, or "
            f"{'write more often' if is_own(history) else 'watch for longer'}."
        )
    elif (unseen := _unseen_mixes(history)) is not None:
        verdict = Verdict.INCONCLUSIVE
        sentence = f"All {looked_at:,} documents were whole, as far as can be told: {unseen}."
    else:
        verdict = Verdict.PASS
        sentence = f"All {looked_at:,} documents were whole (not whole: {units.none_in(looked_at)})." + _of_overlapping(
            history, overlapping
        )
    return PROMISE.result(
        verdict,
        sentence,
        looked_at=looked_at,
        found=len(found),
        numbers=(
            *(
                count_number(f"{outcome_name(kind)} bodies", int(counts[kind]))
                for kind in BROKEN_OUTCOMES
                if counts[kind] or kind < ReadOutcome.OVERSIZED
            ),
            count_number("documents whose read overlapped a PUT", overlapping),
        ),
        witnesses=tuple(_witness(history, int(read)) for read in found[:MOST_WITNESSES]),
    )


def _unseen_mixes(history: History) -> str | None:
    """Why a mix of two versions could go unseen, and what to do; None where nearly every mix shows."""
    documents = history.info.documents
    seen = documents.cuts_seen
    if seen is None or seen >= LEAST_CUTS_SEEN:
        return None
    wanted = (
        "give --stamp twice, for a field near the beginning and one near the end, or several documents that differ"
        if documents.stamps
        else "give documents that differ from one another nearly everywhere, or have them stamped"
    )
    return (
        f"two versions in turn differ so little that a mix of them is seen at {units.share(seen)} of the places where "
        f"it may be cut, and elsewhere it is one of them, byte for byte; {wanted}"
    )


def _crossed(history: History, count: int) -> str:
    """What documents of other objects come from."""
    if not count:
        return ""
    return (
        f" {units.counted(count, 'read')} of {history.info.object_name} got a whole document that this run wrote to "
        "another object: the mapping of the address is crossed, or something between keeps documents under the wrong "
        "name."
    )


def _few_met(history: History) -> str:
    """What too few reads did, for a sentence."""
    if not is_own(history):
        return "may have met a publication"
    return "certainly met a PUT in flight" if history.reads.known_to_a_bound else "met a PUT in flight"


def _met(history: History, met: int, found: int) -> str:
    """How many of the findings met a write, as far as that is known."""
    if history.info.settings.writer == NO_WRITER:
        return "When documents were published is not known."
    if history.info.is_watched:
        return f"{met:,} of these reads may have met a publication, {found - met:,} certainly met none that was seen."
    if history.reads.known_to_a_bound:
        return f"{met:,} of these reads may have overlapped a PUT, {found - met:,} certainly did not."
    return f"{met:,} of these reads overlapped a PUT, {found - met:,} came while no PUT was in flight."


def _of_overlapping(history: History, overlapping: int) -> str:
    if history.info.settings.writer == NO_WRITER:
        return " When documents were published is not known."
    what = "may have met a publication" if history.info.is_watched else "overlapped a PUT"
    count = f"{overlapping:,} or more" if history.reads.known_to_a_bound else f"{overlapping:,}"
    return f" Among the {count} whose read {what}: {units.none_in(overlapping)}."


def _witness(history: History, read: int) -> Witness:
    reads, writes = history.reads, history.writes
    versions, called, ends = history.once(flights)
    first = int(np.searchsorted(ends, reads.called_ns[read]))
    after = int(np.searchsorted(called, reads.returned_ns[read], side="right"))
    met = [int(version) for version in versions[first:after]]
    near = met[:2] or [int(versions[after - 1])]
    silent_ns = int(reads.called_ns[read] - ends[after - 1])
    own = is_own(history)
    may = "perhaps " if reads.known_to_a_bound or not own else ""
    if not has_times(history):
        when = ", and when documents were published is not known"
    else:
        when = f" {may}while {_names(met, own=own)}" if met else f" {_since(near[0], silent_ns, own=own)}"
    outcome, size = ReadOutcome(int(reads.outcome[read])), int(reads.body_bytes[read])
    change = _change_of_size(size, int(writes.bytes[near[0]])) if outcome is ReadOutcome.REWRITTEN else ""
    return witness(
        history,
        f"{reader(history, read).capitalize()} received {_MEANING[outcome]} ({units.size(size)}{change}){when}.",
        int(writes.called_ns[near[0]]) if has_times(history) else int(reads.called_ns[read]),
        call(history, near[0]) if has_times(history) else "call of the read",
        reads=(read,),
        writes=near,
    )


def _change_of_size(size: int, document: int) -> str:
    """How much longer or shorter a document became, which often tells what was done to it."""
    more = size - document
    like = {1: ", as a line end is", 2: ", as a line end of two bytes is", 3: ", as a byte-order mark is"}.get(more, "")
    if size == (document + 2) // 3 * 4:
        like = ", as base64 is"
    return f", {abs(more):,} B {'more' if more >= 0 else 'less'} than the document{like}"


def _since(last: int, silent_ns: int, *, own: bool) -> str:
    """For a read that met no PUT: how long before it the last one was over."""
    ended = units.duration(silent_ns)
    if not own:
        shown = f"version {last}, the last one, had been shown {ended} earlier"
        return f"while nothing was published that a HEAD showed: {shown}"
    return f"while no PUT was in flight: the last one before it, write {last}, had ended {ended} earlier"


def _names(met: list[int], *, own: bool) -> str:
    """The writes that a read met, for a sentence."""
    what, doing = ("write", "in flight") if own else ("version", "published")
    if len(met) == 1:
        return f"{what} {met[0]} was {doing}"
    return f"{what}s {met[0]} {'and' if len(met) == 2 else 'to'} {met[-1]} were {doing}"
