"""Availability: reads are answered.

**Guarantee.** At most 0.1 % of the reads end in an error (a refusal, a connection lost before the head of the answer
has come, a time limit, 4xx, 5xx), and the target answers until the end of the run. ::

    reads   ok ok ok error ok ok …             counted, by kind
    reads   ok ok ok ok │ error error error    the target died: said so, whatever the share
    reads   ok ok ok ok │            killed    nobody knows what became of the reads in flight: INCONCLUSIVE

**Exclusions.** Reads that were due and never sent say nothing about the target. Answers whose document is wrong are
faults of the document, not errors. So is a connection that is lost within the body of a 200: that document is
*truncated*, which :mod:`loadtest.judge.checks.whole_bodies` does not tolerate. Errors of PUTs are listed too, and the
assumptions do not hold once nothing is written any more.

Fields: ``looked_at`` = reads; ``found`` = errors; numbers: the share of errors, and the longest time without a
successful read.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise
from loadtest.judge.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.judge.evidence import MINIMUM_READS
from loadtest.judge.measure.populations import successful
from loadtest.judge.measure.rates import measure_availability
from loadtest.run.history.history import History
from loadtest.run.records import ERROR_OUTCOMES, ReadOutcome, Verdict, outcome_name
from loadtest.summary.findings import CheckResult, Number, Witness
from loadtest.summary.generator import Availability

TOLERATED_SHARE: Final = 0.001
PROMISE: Final = Promise(
    "availability",
    "Availability",
    "Reads are answered, until the end of the run.",
    finds=Counted("error", "errors"),
    tolerated=lambda _: f"up to {units.share(TOLERATED_SHARE)}",
)
DEAD_SHARE: Final = 0.1
"""A target that answered no read in the last tenth of the run, and in no less than a second, has died."""
DEAD_NS: Final = 1_000_000_000


def availability(history: History) -> CheckResult:
    measured = history.once(measure_availability)
    errors = np.flatnonzero(history.reads.failed)
    share = measured.error_share
    died = silent_since(history, measured)
    numbers = (
        Number("share of errors", share, "share", units.share(share) if errors.size else units.none_in(measured.reads)),
        Number(
            "longest time without a successful read",
            measured.longest_gap_ns,
            "ns",
            units.duration(measured.longest_gap_ns),
        ),
    )
    verdict, sentence = _judge(measured, died, unknown_since(history, measured))
    return PROMISE.result(
        verdict,
        sentence,
        looked_at=measured.reads,
        found=len(errors),
        numbers=numbers,
        witnesses=tuple(_witness(history, int(read)) for read in errors[:MOST_WITNESSES]),
    )


def silent_since(history: History, measured: Availability) -> int | None:
    """For how long, at the end of the run, no read succeeded; None when the target was alive."""
    reads = history.reads
    if not measured.errors:
        return None
    ok = np.flatnonzero(history.once(successful))
    last = int(reads.returned_ns[ok].max()) if len(ok) else history.origin_ns
    silent = int(reads.returned_ns.max()) - last
    return silent if silent >= max(DEAD_NS, DEAD_SHARE * measured.duration_ns) else None


def unknown_since(history: History, measured: Availability) -> int | None:
    """For how long a run that was killed had recorded no read while it was still alive; None when it had recorded some.

    A read is recorded when it returns, so reads in flight when the run is killed leave no record.
    """
    samples, reads = history.samples, history.reads
    if not (history.info.ended.recovered and len(samples)) or measured.longest_gap_ns is None:
        return None
    silent = int(samples.at_ns.max()) - int(reads.returned_ns.max())
    usual = 2 * measured.longest_gap_ns
    return silent if silent >= max(DEAD_NS, DEAD_SHARE * measured.duration_ns, usual) else None


def _judge(measured: Availability, died: int | None, unknown: int | None) -> tuple[Verdict, str]:
    if not measured.reads:
        return Verdict.INCONCLUSIVE, "No read was made."
    kinds = ", ".join(f"{row.count:,} {row.outcome}" for row in measured.read_outcomes if _is_error(row.outcome))
    errors = f"{units.counted(measured.errors, 'error')} in {units.counted(measured.reads, 'read')}"
    if measured.errors:
        errors += f" ({units.share(measured.error_share)}: {kinds})"
    if died is not None:
        return (
            Verdict.FAIL,
            f"The target stopped answering: no read succeeded in the last {units.seconds(died)}. {errors}.",
        )
    if (measured.error_share or 0) > TOLERATED_SHARE:
        return Verdict.FAIL, f"{errors}, more than the tolerated {units.share(TOLERATED_SHARE)}."
    if unknown is not None:
        return (
            Verdict.INCONCLUSIVE,
            f"No read returned in the last {units.seconds(unknown)} before the run was killed, and of those in flight "
            f"nothing is known: the target may have stopped answering. Before that: {errors}.",
        )
    if measured.reads < MINIMUM_READS:
        return Verdict.INCONCLUSIVE, f"{errors}; at least {MINIMUM_READS} reads are needed."
    return Verdict.PASS, f"{errors}." if measured.errors else f"{errors} ({units.none_in(measured.reads)})."


def _is_error(name: str) -> bool:
    return ReadOutcome[name.upper().replace("-", "_")] in ERROR_OUTCOMES


def _witness(history: History, read: int) -> Witness:
    reads = history.reads
    status = int(reads.status[read])
    name = outcome_name(ReadOutcome(int(reads.outcome[read])))
    took = units.duration(int(reads.own_returned(read) - reads.called_ns[read]))
    answer = f"HTTP {status}" if status else "no HTTP answer"
    return witness(
        history,
        f"{reader(history, read).capitalize()} got {answer} ({name}) after {took}.",
        int(reads.called_ns[read]),
        "call of the read",
        reads=(read,),
    )
