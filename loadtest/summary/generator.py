"""How operations ended, and whether the load generator kept up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadtest.summary.findings import Number, Record
from loadtest.summary.speed import Quantiles


@dataclass(frozen=True)
class OutcomeCount(Record):
    """How many operations ended in one way."""

    outcome: str
    count: int
    share: float


@dataclass(frozen=True)
class Availability(Record):
    """What was asked, what was answered, how fast."""

    reads: int
    errors: int
    error_share: float | None
    read_outcomes: tuple[OutcomeCount, ...]
    writes: int
    write_outcomes: tuple[OutcomeCount, ...]
    write_errors: tuple[str, ...]  # the first few distinct ones
    duration_ns: int
    reads_per_second: float | None
    writes_per_second: float | None  # while writing
    wanted_reads_per_second: float | None  # None: closed loop
    late_starts: Quantiles  # called - scheduled of the reads
    body_bytes: int
    longest_gap_ns: int | None  # between two successful reads, or from the last one to the end
    longest_gap_at_ns: int | None
    not_sent: int = 0  # reads that were due when no reader was free to send them; not counted above


@dataclass(frozen=True)
class GeneratorWorker(Record):
    """The health of one load-generating process."""

    worker: int
    samples: int
    loop_delay: Quantiles
    cpu_share: float | None
    gc_share: float | None
    flush_share: float | None


@dataclass(frozen=True)
class GeneratorPause(Record):
    """A moment in which a load-generating process itself did nothing, so that all its reads waited for it."""

    worker: int
    at_ns: int  # when it began, since the origin
    delay_ns: int


@dataclass(frozen=True)
class PausedQuantile(Record):
    """A quantile that pauses of the load generator explain: most reads as slow as that had mostly waited for one."""

    population: str  # as in LatencyRow
    time: Literal["response", "service"]
    quantile: Literal["p50", "p90", "p95", "p99", "p99.9", "max"]


@dataclass(frozen=True)
class Generator(Record):
    """Whether the load generator itself was fast enough to be believed."""

    loop_delay: Quantiles
    workers: tuple[GeneratorWorker, ...]
    fast_enough: bool | None  # None: no sample
    numbers: tuple[Number, ...]
    sentence: str
    pauses: tuple[GeneratorPause, ...] = ()  # the longest, in order of time
    paused_quantiles: tuple[PausedQuantile, ...] = ()
    paused_longest_gap: bool = False  # whether a pause explains the longest time without a successful read
    pause_sentence: str = ""  # "" when no pause explains a figure
