"""All checks, in the order in which a report shows them, and how they are run.

A check that crashes is INCONCLUSIVE and carries its error; the others still run. When part of the record is missing, no
check passes, because the missing part may hold what breaks the promise. A check that FAILs still FAILs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from loadtest.judge.checks import (
    assumptions,
    atomic_reads,
    availability,
    conditional_get,
    fresh_reads,
    load_generator,
    monotonic_reads,
    phantoms,
    visible_writes,
    whole_bodies,
    write_impact,
)
from loadtest.judge.checks.promise import Promise
from loadtest.judge.evidence import hidden_by_clocks, missing_records
from loadtest.run.history.blocks import side_by_side
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult

Check = tuple[Promise, Callable[[History], CheckResult]]

MANY_READS: Final = 150_000_000
"""From so many reads on, no more checks run at a time than there are cores: each takes up to 30 bytes a read."""

CHECKS: Final[tuple[Check, ...]] = (
    (assumptions.PROMISE, assumptions.assumptions),
    (load_generator.PROMISE, load_generator.load_generator),
    (write_impact.PROMISE, write_impact.write_impact),
    (whole_bodies.PROMISE, whole_bodies.whole_bodies),
    (fresh_reads.PROMISE, fresh_reads.fresh_reads),
    (monotonic_reads.PROMISE, monotonic_reads.monotonic_reads),
    (atomic_reads.PROMISE, atomic_reads.atomic_reads),
    (phantoms.PROMISE, phantoms.phantoms),
    (visible_writes.PROMISE, visible_writes.visible_writes),
    (conditional_get.PROMISE, conditional_get.conditional_get),
    (availability.PROMISE, availability.availability),
)


def in_silence(_check: str) -> None:
    """Report no progress."""


def run_checks(
    history: History, checks: Sequence[Check] = CHECKS, tell: Callable[[str], None] = in_silence
) -> tuple[CheckResult, ...]:
    """The result of every check, in their order; ``tell`` is called with the title of each before it runs.

    Those of a long run work in parallel, because most of a check's work keeps one core busy and needs no other check.
    """

    def run(check: Check) -> CheckResult:
        promise, judge = check
        tell(promise.title)
        return _run(promise, judge, history)

    # Two a core, as some wait for what others are computing. Each takes memory, of which a long run has too little.
    reads = len(history.reads)
    return tuple(side_by_side(run, checks, reads, a_core=2 if reads < MANY_READS else 1))


def _run(promise: Promise, check: Callable[[History], CheckResult], history: History) -> CheckResult:
    try:
        return _on_a_whole_record(_on_clocks(promise, check(history), history), history)
    except Exception as error:  # a check that crashes must not cost the run its report
        return promise.crashed(error)


def _on_clocks(promise: Promise, result: CheckResult, history: History) -> CheckResult:
    """``result`` with a sentence on what uncertain clocks may hide, unless it FAILs anyway."""
    hidden = hidden_by_clocks(history) if promise.compares_clocks and result.verdict is not Verdict.FAIL else ""
    return replace(result, sentence=f"{result.sentence} {hidden}") if hidden else result


def _on_a_whole_record(result: CheckResult, history: History) -> CheckResult:
    """``result``, made INCONCLUSIVE when part of the record is missing, unless it FAILs."""
    missing = missing_records(history)
    if not missing or result.verdict is Verdict.FAIL or missing in result.sentence:
        return result
    return replace(result, verdict=Verdict.INCONCLUSIVE, sentence=f"{missing} Of what was recorded: {result.sentence}")
