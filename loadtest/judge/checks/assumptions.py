"""Assumptions: what must hold before the other verdicts mean anything.

**Guarantee.** There were enough reads and writes; nobody else wrote to the object; each session had one request in
flight; the writer kept writing. That versions are unique and that one PUT was in flight at a time is checked when the
run is loaded, and a run that breaks it is refused. ::

    time       ───────────────────────────▶
    session a    ├──────┤ ├─────┤             one request in flight
    session b    ├──────┤
                     ├──────┤                 two: sessions are not what they should be

**Exclusions.** Whether the load generator was fast enough is a check of its own, because it matters to latency only.

Never FAIL: an assumption that does not hold says nothing against the target, so it is INCONCLUSIVE.

Fields: ``looked_at`` = reads and writes; ``found`` = assumptions that do not hold; numbers: what they were judged by.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise, count_number, no_limit
from loadtest.judge.checks.when_written import is_own
from loadtest.judge.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.judge.evidence import first_versions, missing_records, too_little, writes_after_first
from loadtest.judge.measure.flights import flights
from loadtest.judge.order.sessions import FEW_SESSIONS, session_key
from loadtest.judge.watch_evidence import failing_command, foreign_reads, met_others, reads_of, somebody_else
from loadtest.run.history.blocks import each_block, joined
from loadtest.run.history.history import Column, History, Reads
from loadtest.run.records import UNDECIDED_VERSION, UNSEEN_VERSION, ReadOutcome, Verdict, WindowKind, WriteOutcome
from loadtest.summary.findings import CheckResult, Number, Witness
from loadtest.units import SECOND

PROMISE: Final = Promise(
    "assumptions",
    "Assumptions",
    "Enough was read and written, by one writer, with one request in flight per reader.",
    looks_at=Counted("read or write", "reads and writes"),
    finds=Counted("broken", "broken"),
    tolerated=no_limit,
)
LEAST_ACKNOWLEDGED: Final = 0.5
"""Share of the PUTs that must have been acknowledged; with fewer, the run is about a store that cannot be written."""
STOPPED_AFTER: Final = 2
"""With so many writing windows (or usual numbers of them, or longest times, between two PUTs) without a PUT at the end,
the writer had stopped."""


def assumptions(history: History) -> CheckResult:
    overlapping = overlapping_in_session(history)
    reads = int(np.count_nonzero(history.reads.sent))
    written = writes_after_first(history)
    attempted = len(history.writes) - first_versions(history)
    unknown = int(np.count_nonzero(history.writes.outcome == WriteOutcome.UNKNOWN))
    foreign = foreign_reads(history)
    broken = [
        sentence
        for sentence in (
            _somebody_else(history),
            missing_records(history),
            _failing_writes(history, written, attempted),
            _writing_stopped(history),
            _writer_trouble(history),
            failing_command(history),
            _too_little(history, attempted, reads),
            _overlaps(len(overlapping)),
        )
        if sentence
    ]
    note = " The run was cut short and recovered from its spool." if history.info.ended.recovered else ""
    return PROMISE.result(
        Verdict.INCONCLUSIVE if broken else Verdict.PASS,
        (" ".join(broken) if broken else f"{reads:,} reads and {written:,} writes by {_writers(history)}.") + note,
        looked_at=reads + len(history.writes),
        found=len(broken),
        numbers=(
            count_number("reads", reads),
            count_number("writes after the first", attempted),
            count_number("acknowledged writes after the first", written),
            count_number("writes of unknown outcome", unknown),
            count_number("foreign documents", foreign),
            count_number("reads called while their reader had another in flight", len(overlapping)),
            *_left_open(history),
        ),
        witnesses=_witnesses(history, overlapping),
    )


def _somebody_else(history: History) -> str:
    """What is known of others who wrote, and what became of theirs: a PUT that met it was refused, or replaced it."""
    said = somebody_else(history)
    if not said or not is_own(history) or not history.info.settings.write_interval:
        return said
    met, outcome = met_others(history), history.writes.outcome
    if not met:
        return (
            f"{said} No PUT was refused because of that, so what they published before the run's last one was "
            "replaced: have it published again."
        )
    refused = [why for version, why in met.items() if outcome[version] == WriteOutcome.REFUSED]
    if refused:
        said += f" {units.counted(len(refused), 'PUT')} changed nothing, the last one because {refused[-1]}."
    if unknown := len(met) - len(refused):
        what = units.counted(unknown, "PUT")
        said += f" Whether {what} took effect is unknown, as what was there then could not be looked at."
    return said


def _left_open(history: History) -> tuple[Number, ...]:
    """What HEADs left open of the reads of a run that watched."""
    if is_own(history):
        return ()
    return (
        count_number("reads of an unseen document", reads_of(history, UNSEEN_VERSION)),
        count_number("undecided read", reads_of(history, UNDECIDED_VERSION)),
    )


def _writers(history: History) -> str:
    return "somebody else, as far as HEADs saw them" if history.info.is_watched else "one writer"


def overlapping_in_session(history: History) -> Column:
    """Reads that were called while an earlier read of their session had not returned."""
    reads = history.reads
    key = history.once(session_key)
    if key.dtype != np.uint16:  # too many sessions to look up in a table
        return np.sort(_overlapping_in_block(reads, key, slice(0, len(reads))).overlapping)
    parts = each_block(len(reads), lambda block: _overlapping_in_block(reads, key, block))
    found = [part.overlapping for part in parts]
    until = np.zeros(FEW_SESSIONS, dtype=np.int64)  # when the last read of each session returned
    for part in parts:
        first = part.first[reads.outcome[part.first] != ReadOutcome.NOT_SENT.value]
        found.append(first[reads.called_ns[first] < until[key[first]]])
        until[key[part.last]] = reads.own_returned(part.last)
    return np.sort(joined(found))


class _Part(NamedTuple):
    """Reads of one block, by number."""

    overlapping: Column
    first: Column  # of each session
    last: Column


def _overlapping_in_block(reads: Reads, key: Column, block: slice) -> _Part:
    order = np.argsort(key[block], kind="stable")
    same = np.diff(key[block][order]) == 0
    late = reads.called_ns[block][order][1:] < reads.own_returned(block)[order][:-1]
    overlapping = order[1:][same & late] + block.start
    first, last = (order[flags] + block.start for flags in (np.append(True, ~same), np.append(~same, True)))
    return _Part(overlapping[reads.outcome[overlapping] != ReadOutcome.NOT_SENT.value], first, last)


def _failing_writes(history: History, written: int, attempted: int) -> str:
    if attempted and written < LEAST_ACKNOWLEDGED * attempted:
        errors = _errors(history)
        why = f" (the first error: {errors[0]})" if errors else ""
        return f"Only {written:,} of {units.counted(attempted, 'write')} after the first were acknowledged{why}."
    return ""


def _errors(history: History) -> list[str]:
    """What PUTs failed with, in their order."""
    return [error for error in history.writes.error if error]


def _writing_stopped(history: History) -> str:
    """The sentence for writing windows without a PUT at the end; a single one may be a writer that was late."""
    if history.info.settings.write_interval == 0:
        return ""
    versions, called, ends = history.once(flights)
    if len(versions) <= first_versions(history):
        return ""  # another sentence says that too little was written
    unknown = history.writes.outcome[versions[-1]] == WriteOutcome.UNKNOWN
    last = int(called[-1] if unknown else ends[-1])
    silent = (
        _silent_windows(history, called, last) if len(history.windows) else _silent_intervals(history, called, last)
    )
    if silent < STOPPED_AFTER:
        return ""
    since, of = (units.seconds(max(0, moment - history.origin_ns)) for moment in (last, _end_ns(history)))
    errors = _errors(history)
    why = f" (the last error: {errors[-1]})" if errors else ""
    if not is_own(history):
        return (
            f"Nothing new was seen in the store from {since} after the run began, of {of}, though the publish command "
            "was to run: what is said of reads during writes rests on the time before."
        )
    return (
        f"Writing stopped {since} after the run began, of {of}: no PUT that may have taken effect came after that, so "
        f"what is said of reads during writes rests on the time before{why}."
    )


def _writer_trouble(history: History) -> str:
    """What the run recorded of its writer: that it ended, or could not record what it did."""
    troubles = history.info.writer
    if not troubles:
        return ""
    since, trouble = units.seconds(max(0, troubles[0].at_ns - history.origin_ns)), troubles[0].trouble.removesuffix(".")
    return f"After {since} of the run {trouble}; what is said of writes rests on the time before."


def _silent_windows(history: History, called: Column, last: int) -> float:
    """How many times the usual number of writing windows from one PUT to the next went by without one at the end.

    That number is more than 1 for one of many objects, which get the PUTs of a window in turn.
    """
    starts = history.windows.start_ns[history.windows.kind == WindowKind.WRITING]
    usual = int(np.median(np.diff(np.searchsorted(starts, called))))
    return np.count_nonzero(starts > last) / max(1, usual)


def _silent_intervals(history: History, called: Column, last: int) -> float:
    """How many of the longest times between two PUTs a run without windows went on without one at its end."""
    interval_ns = max(history.info.settings.write_interval * SECOND, int(np.diff(called).max()))
    return (_end_ns(history) - last) / interval_ns


def _end_ns(history: History) -> int:
    """When the last read was sent; reads in flight at the end may return much later."""
    return int(history.reads.called_ns.max(initial=history.origin_ns))


def _too_little(history: History, attempted: int, reads: int) -> str:
    if not attempted and history.info.is_watched:
        return "Nothing was published while the run went on, so this run is a control only."
    if not attempted and history.info.settings.write_interval == 0:
        return "Nothing was written after the first version (--write-interval is 0), so this run is a control only."
    few = too_little(history, reads, "reads were made")
    return f"Too little happened: {few}." if few else ""


def _overlaps(count: int) -> str:
    if not count:
        return ""
    reads = units.counted(count, "read")
    return f"{reads} overlapped an earlier one by the same reader: the record is not what it should be."


def _witnesses(history: History, overlapping: Column) -> tuple[Witness, ...]:
    foreign = np.flatnonzero(history.reads.outcome == ReadOutcome.FOREIGN.value)[:MOST_WITNESSES]
    what = "a document that is not of this run" if is_own(history) else "something that no ETag vouches for"
    suspects = [(int(read), f"got {what}") for read in foreign]
    in_flight = "called this read while an earlier one was in flight"
    suspects += [(int(read), in_flight) for read in overlapping[:MOST_WITNESSES]]
    return tuple(
        witness(
            history,
            f"{reader(history, read).capitalize()} {what}.",
            int(history.reads.called_ns[read]),
            "call of the read",
            reads=(read,),
        )
        for read, what in suspects[:MOST_WITNESSES]
    )
