"""Assumptions: what must hold before the other verdicts mean anything.

**Guarantee.** There were enough reads and writes; nobody else wrote to the object; each session had one request in
flight; the writer kept writing. That versions are unique and that one PUT was in flight at a time is seen to when the
run is loaded: a run in which it is not so is refused. ::

    time       ───────────────────────────▶
    session a    ├──────┤ ├─────┤             one request in flight
    session b    ├──────┤
                     ├──────┤                 two: sessions are not what they should be

**Exclusions.** Whether the load generator was fast enough is a check of its own, for it matters to latency only.

Never FAIL: an assumption that does not hold says nothing against the target, and is INCONCLUSIVE.

Fields: ``looked_at`` = reads and writes; ``found`` = assumptions that do not hold; numbers: what they were judged by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise, no_limit
from loadtest.judge.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.judge.evidence import foreign_reads, missing_records, somebody_else, too_little, writes_after_first
from loadtest.judge.measure.flights import flights
from loadtest.judge.order.sessions import session_key
from loadtest.judge.watch_evidence import failing_command
from loadtest.run.blocks import each_block
from loadtest.run.history import Column, History, Reads
from loadtest.run.records import ReadOutcome, Verdict, WindowKind, WriteOutcome
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
"""Share of the PUTs that must have been acknowledged; with fewer the run is about a store that cannot be written."""
STOPPED_AFTER: Final = 2
"""Writing windows (or longest times between PUTs) at the end without a PUT: with so many, the writer had stopped."""


def assumptions(history: History) -> CheckResult:
    """Check that the run can be judged."""
    overlapping = overlapping_in_session(history)
    made = int(np.count_nonzero(history.reads.sent))
    written = writes_after_first(history)
    attempted = len(history.writes) - 1
    unknown = int(np.count_nonzero(history.writes.outcome == WriteOutcome.UNKNOWN))
    foreign = foreign_reads(history)
    broken = [
        sentence
        for sentence in (
            somebody_else(history),
            missing_records(history),
            _failing_writes(history, written, attempted),
            _writing_stopped(history),
            _writer_trouble(history),
            failing_command(history),
            _too_little(history, attempted, made),
            _overlaps(len(overlapping)),
        )
        if sentence
    ]
    numbers = tuple(
        Number(name, value, "count", units.count(value))
        for name, value in (
            ("reads", made),
            ("writes after the first", attempted),
            ("acknowledged writes after the first", written),
            ("writes of unknown outcome", unknown),
            ("foreign documents", foreign),
            ("reads called while their reader had another in flight", len(overlapping)),
        )
    )
    ended = history.info.ended
    note = " The run was cut short and recovered from its spool." if ended.recovered else ""
    return PROMISE.result(
        Verdict.INCONCLUSIVE if broken else Verdict.PASS,
        (" ".join(broken) if broken else f"{made:,} reads and {written:,} writes by {_whom(history)}.") + note,
        looked_at=made + len(history.writes),
        found=len(broken),
        numbers=numbers,
        witnesses=_witnesses(history, overlapping),
    )


def _whom(history: History) -> str:
    return "somebody else, as far as HEADs saw them" if history.info.is_watched else "one writer"


def overlapping_in_session(history: History) -> Column:
    """Reads that were called while an earlier read of their session had not returned."""
    reads = history.reads
    key = history.once(session_key)
    few = key.dtype == np.uint16  # sessions enough to be sorted, and looked up, in no time
    parts = (each_block if few else _at_once)(len(reads), lambda block: _overlapping_in_block(reads, key, block))
    found = [part.overlapping for part in parts]
    until = np.zeros(2**16 if few else 0, dtype=np.int64)  # when the last read of each session returned
    for part in parts if few else ():
        first = part.first[reads.outcome[part.first] != ReadOutcome.NOT_SENT]
        found.append(first[reads.called_ns[first] < until[key[first]]])
        until[key[part.last]] = reads.own_returned(part.last)
    return np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


class _Part(NamedTuple):
    """Reads of one block, by number."""

    overlapping: Column
    first: Column  # of each session
    last: Column


def _at_once(count: int, work: Callable[[slice], _Part]) -> list[_Part]:
    return [work(slice(0, count))]


def _overlapping_in_block(reads: Reads, key: Column, block: slice) -> _Part:
    order = np.argsort(key[block], kind="stable")
    same = np.diff(key[block][order]) == 0
    late = reads.called_ns[block][order][1:] < reads.own_returned(block)[order][:-1]
    overlapping = order[1:][same & late] + block.start
    first, last = (order[flags] + block.start for flags in (np.append(True, ~same), np.append(~same, True)))
    return _Part(overlapping[reads.outcome[overlapping] != ReadOutcome.NOT_SENT], first, last)


def _failing_writes(history: History, written: int, attempted: int) -> str:
    if attempted and written < LEAST_ACKNOWLEDGED * attempted:
        errors = [error for error in history.writes.error if error]
        why = f" (the first error: {errors[0]})" if errors else ""
        return f"Only {written:,} of {units.counted(attempted, 'write')} after the first were acknowledged{why}."
    return ""


def _writing_stopped(history: History) -> str:
    """Writing windows at the end of a run without a PUT; one alone may be a writer that was late and left it out."""
    if history.info.settings.write_interval == 0:
        return ""
    versions, called, ends = history.once(flights)
    if len(versions) == 1:
        return ""  # that too little was written is said already
    unknown = history.writes.outcome[versions[-1]] == WriteOutcome.UNKNOWN
    last = int(called[-1] if unknown else ends[-1])
    silent = _silent_windows(history, last) if len(history.windows) else _silent_intervals(history, called, last)
    if silent < STOPPED_AFTER:
        return ""
    since, of = (units.seconds(max(0, moment - history.origin_ns)) for moment in (last, _end_ns(history)))
    last_error = next((error for error in reversed(history.writes.error) if error), "")
    why = f" (the last error: {last_error})" if last_error else ""
    return (
        f"Writing stopped {since} after the run began, of {of}: no PUT that may have taken effect came after that, so "
        f"what is said of reads during writes rests on the time before{why}."
    )


def _writer_trouble(history: History) -> str:
    """What the run itself has noted of its writer: that it ended, or could not write down what it did."""
    noted = history.info.writer
    if not noted:
        return ""
    since = units.seconds(max(0, noted[0].at_ns - history.origin_ns))
    return f"After {since} of the run {noted[0].trouble.rstrip('.')}; what is said of writes rests on the time before."


def _silent_windows(history: History, last: int) -> int:
    windows = history.windows
    return int(np.count_nonzero((windows.kind == WindowKind.WRITING) & (windows.start_ns > last)))


def _silent_intervals(history: History, called: Column, last: int) -> int:
    """How many times as long as between PUTs before, a run without windows has gone on without one."""
    interval_ns = max(history.info.settings.write_interval * SECOND, int(np.diff(called).max(initial=0)))
    return int((_end_ns(history) - last) / interval_ns)


def _end_ns(history: History) -> int:
    """When the last read was sent; those in flight then may have returned much later."""
    return int(history.reads.called_ns.max(initial=history.origin_ns))


def _too_little(history: History, attempted: int, made: int) -> str:
    if not attempted and history.info.is_watched:
        return "Nothing was published while the run went on, so this run is a control only."
    if not attempted and history.info.settings.write_interval == 0:
        return "Nothing was written after the first version (--write-interval is 0), so this run is a control only."
    few = too_little(history, made, "reads were made")
    return f"Too little happened: {few}." if few else ""


def _overlaps(count: int) -> str:
    if not count:
        return ""
    reads = units.counted(count, "read")
    return f"{reads} overlapped an earlier one by the same reader: the record is not what it should be."


def _witnesses(history: History, overlapping: Column) -> tuple[Witness, ...]:
    foreign = np.flatnonzero(history.reads.outcome == ReadOutcome.FOREIGN)[:MOST_WITNESSES]
    found = [
        witness(
            history,
            f"{reader(history, int(read)).capitalize()} got a document that is not of this run.",
            int(history.reads.called_ns[read]),
            "call of the read",
            reads=(int(read),),
        )
        for read in foreign
    ]
    found += [
        witness(
            history,
            f"{reader(history, int(read)).capitalize()} called this read while an earlier one was in flight.",
            int(history.reads.called_ns[read]),
            "call of the read",
            reads=(int(read),),
        )
        for read in overlapping[:MOST_WITNESSES]
    ]
    return tuple(found[:MOST_WITNESSES])
