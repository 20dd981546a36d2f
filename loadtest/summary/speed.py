"""How fast reads were: latency, and how much writes slow it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadtest.run.records import Verdict
from loadtest.summary.findings import Record
from loadtest.summary.slowdown import AfterEffect, AnswerMix, ImpactEstimate, KindImpact


@dataclass(frozen=True)
class Quantiles(Record):
    """Exact order statistics (nearest rank) of ``count`` values; None where no value would lie beyond the quantile."""

    count: int
    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    p999_ns: int | None
    max_ns: int | None
    p95_ns: int | None = None  # None also in summaries of versions that did not have it


@dataclass(frozen=True)
class LatencyRow(Record):
    """Latency of one population of successful reads (200 and 304)."""

    population: Literal["all", "200", "304", "quiet", "writing", "overlapping-put", "clear-of-put"]
    label: str
    service: Quantiles  # returned - called
    response: Quantiles  # returned - scheduled


@dataclass(frozen=True)
class LatencySeries(Record):
    """Over time: one entry a bucket, by the time that reads returned. Columns have the same length."""

    bucket_ns: int
    start_ns: tuple[int, ...]
    p50_ns: tuple[int | None, ...]  # response time
    p99_ns: tuple[int | None, ...]
    max_ns: tuple[int | None, ...]
    ok: tuple[int, ...]  # 200 with a whole document
    not_modified: tuple[int, ...]
    faults: tuple[int, ...]  # torn, truncated, corrupt, foreign …: an answer that is not right
    errors: tuple[int, ...]


@dataclass(frozen=True)
class LatencyHistogram(Record):
    """Response times in log-spaced bins: bin i holds ``edges_ns[i] <= t < edges_ns[i + 1]``."""

    edges_ns: tuple[int, ...]
    quiet: tuple[int, ...]  # reads in quiet windows
    writing: tuple[int, ...]  # reads in writing windows (all reads when the run has no windows)


@dataclass(frozen=True)
class SincePut(Record):
    """Response time of the reads that were due between ``from_ns`` and ``to_ns`` after a PUT was sent.

    Negative: before it, and so shortly that a slow read was still under way when it was sent.
    """

    from_ns: int
    to_ns: int
    reads: int
    p50_ns: int | None
    p99_ns: int | None


@dataclass(frozen=True)
class SlowestReads(Record):
    """The slowest percent of the reads in writing windows (at or above p99), and how many of them met a PUT."""

    count: int
    overlapping: int  # under way while a PUT was in flight
    due_during: int  # due while a PUT was in flight
    overlapping_share_of_all: float  # of all reads in writing windows


@dataclass(frozen=True)
class Latency(Record):
    """Exact latency of the run."""

    definition: str
    rows: tuple[LatencyRow, ...]
    series: LatencySeries
    histogram: LatencyHistogram
    since_put: tuple[SincePut, ...] = ()  # reads due in writing windows
    slowest: SlowestReads | None = None

    def of(self, population: str) -> LatencyRow | None:
        """The row of one population; None if there is none."""
        return next((row for row in self.rows if row.population == population), None)


@dataclass(frozen=True)
class WindowRow(Record):
    """One window, as it was used."""

    index: int
    pair: int  # -1: in none
    kind: Literal["quiet", "writing", "rest"]
    start_ns: int
    end_ns: int
    reads: int
    puts: int  # that overlap the window
    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    dropped: str  # why it is not used; "" when it is


@dataclass(frozen=True)
class Impact(Record):
    """Do writes slow reads down?"""

    method: str
    tolerance: float
    headline: Literal["p50", "p90", "p99"]
    control: bool  # an A/A control: nothing was written in the writing windows, so whatever differs is noise
    estimates: tuple[ImpactEstimate, ...]  # of reads of one kind of answer; see method
    overlap: tuple[ImpactEstimate, ...]  # reads that overlap a PUT against reads in the same window that do not
    pairs_used: int
    pairs_dropped: int
    windows: tuple[WindowRow, ...]
    windows_note: str
    noise_floor: float | None  # smallest ratio that this run could have told from 1
    sentence: str
    verdict: Verdict = Verdict.INCONCLUSIVE
    basis: Literal["pairs", "rests", "publications"] = "pairs"
    """What writing windows are compared with: quiet windows; rests, if these were not quiet; or, where somebody else
    publishes, the time just before each publication."""
    kinds: tuple[KindImpact, ...] = ()  # when there are two kinds of answer
    mix: AnswerMix | None = None
    felt: tuple[ImpactEstimate, ...] = ()  # all kinds together, as visitors feel it; when there are two
    after: AfterEffect | None = None  # None: the run has no rests, or nothing was written
    doubts: tuple[str, ...] = ()  # why it does not PASS although the headline is within the tolerance
    windows_paused: int = 0  # windows in which the load generator itself paused; left out unless they are too many

    @property
    def at_headline(self) -> ImpactEstimate:
        """The estimate that answers the first question."""
        return next(estimate for estimate in self.estimates if estimate.quantile == self.headline)
