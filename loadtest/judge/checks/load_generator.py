"""Load generator: it made the reads that were asked for, and its own delay is small beside what it measured.

**Guarantee.** With ``--arrival-rate`` at least 95 % of the scheduled reads were made, and at most 1 % were left unsent
when the run stopped. The event loop's delay is at most a quarter of the response time, at p50 and at p99
(:mod:`loadtest.judge.measure.generator_health`), and every process that read recorded its delay. ::

    answer is there ──▶ │ event loop busy with other reads │ ──▶ read returned
                        ◀──── delay, part of the latency ──▶

**Exclusions.** Whole bodies, freshness and ETag do not depend on speed: only latency answers rest on this check. It
never FAILs, as it says nothing against the target.

Fields: ``looked_at`` = samples of the event loop; ``found`` = what was not fast enough; numbers: achieved rate, delays.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise, no_limit
from loadtest.judge.measure.generator_health import measure_generator
from loadtest.judge.measure.rates import measure_availability, reads_by_worker
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number
from loadtest.summary.generator import Availability

PROMISE: Final = Promise(
    "load-generator",
    "Load generator",
    "The load generator kept its rate, and its own delay is small beside the latencies that it measured.",
    looks_at=Counted("sample of its delay", "samples of its delay"),
    finds=Counted("cause for doubt", "causes for doubt"),
    tolerated=no_limit,
)
LEAST_RATE_SHARE: Final = 0.95
MOST_UNSENT_SHARE: Final = 0.01
"""Reads that were never sent have no response time; more of them than this could hold all of the slowest percent."""


def load_generator(history: History) -> CheckResult:
    generator = history.once(measure_generator)
    rates = history.once(measure_availability)
    slow = "" if generator.fast_enough else generator.sentence
    broken = [sentence for sentence in (missed_rate(rates), left_unsent(rates), unsampled(history), slow) if sentence]
    late = rates.late_starts.p99_ns
    numbers = (
        Number("reads per second", rates.reads_per_second, "per_second", units.rate(rates.reads_per_second, "reads")),
        Number("reads that were due and never sent", rates.not_sent, "count", units.count(rates.not_sent)),
        Number("reads started late, p99", late, "ns", units.duration(late)),
        Number("event loop delay, p50", generator.loop_delay.p50_ns, "ns", units.duration(generator.loop_delay.p50_ns)),
        Number("event loop delay, p99", generator.loop_delay.p99_ns, "ns", units.duration(generator.loop_delay.p99_ns)),
        *generator.numbers,
    )
    return PROMISE.result(
        Verdict.INCONCLUSIVE if broken else Verdict.PASS,
        " ".join(broken) if broken else generator.sentence,
        looked_at=generator.loop_delay.count,
        found=len(broken),
        numbers=numbers,
    )


def unsampled(history: History) -> str:
    """The sentence for processes that read and recorded nothing of their own delay; "" when all of them did."""
    reading = np.flatnonzero(history.once(reads_by_worker))
    unknown = np.setdiff1d(reading, history.samples.worker)
    if not len(unknown) or not len(history.samples):  # without any sample, the delay is said to be unknown anyway
        return ""
    processes = units.counted(len(reading), "load-generating process", "load-generating processes")
    return f"{len(unknown):,} of {processes} recorded no event loop delay, so not all latencies can be believed."


def missed_rate(rates: Availability) -> str:
    """The sentence for a run that made fewer reads than were scheduled; "" when it did not."""
    wanted, achieved = rates.wanted_reads_per_second, rates.reads_per_second
    if wanted is None or achieved is None or achieved >= LEAST_RATE_SHARE * wanted:
        return ""
    return (
        f"Only {units.rate(achieved, 'reads')} of the {units.rate(wanted, 'reads')} asked for were made: use more "
        "users or processes, or ask for less."
    )


def left_unsent(rates: Availability) -> str:
    """The sentence for a run at whose end too many reads were due and unsent; "" when it was not so."""
    if rates.not_sent <= MOST_UNSENT_SHARE * (rates.reads + rates.not_sent):
        return ""
    return f"{units.counted(rates.not_sent, 'read')} came due and no reader was free to send it: use more users."
