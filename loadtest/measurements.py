"""What is measured but is not a verdict: latency, consistency windows, savings, impact, availability, generator.

Part of :mod:`loadtest.summary`, which re-exports everything here. Times on an axis are nanoseconds since the origin of
the run (``Run.origin_ns``). ``None`` means that it could not be measured, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadtest.findings import FORBID_EXTRA, Number
from loadtest.records import Verdict


@dataclass(frozen=True)
class Quantiles:
    """Exact order statistics (nearest rank) of ``count`` values; None where no value would lie beyond the quantile."""

    __pydantic_config__ = FORBID_EXTRA

    count: int
    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    p999_ns: int | None
    max_ns: int | None


@dataclass(frozen=True)
class LatencyRow:
    """Latency of one population of successful reads (200 and 304)."""

    __pydantic_config__ = FORBID_EXTRA

    population: Literal["all", "200", "304", "quiet", "writing", "overlapping-put", "clear-of-put"]
    label: str
    service: Quantiles  # returned - called
    response: Quantiles  # returned - scheduled


@dataclass(frozen=True)
class LatencySeries:
    """Over time: one entry a bucket, by the time that reads returned. Columns have the same length."""

    __pydantic_config__ = FORBID_EXTRA

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
class LatencyHistogram:
    """Response times in log-spaced bins: bin i holds ``edges_ns[i] <= t < edges_ns[i + 1]``."""

    __pydantic_config__ = FORBID_EXTRA

    edges_ns: tuple[int, ...]
    quiet: tuple[int, ...]  # reads in quiet windows
    writing: tuple[int, ...]  # reads in writing windows (all reads when the run has no windows)


@dataclass(frozen=True)
class SincePut:
    """Response time of the reads that were due between ``from_ns`` and ``to_ns`` after a PUT was sent.

    Negative: before it, and so shortly that a slow read was still under way when it was sent.
    """

    __pydantic_config__ = FORBID_EXTRA

    from_ns: int
    to_ns: int
    reads: int
    p50_ns: int | None
    p99_ns: int | None


@dataclass(frozen=True)
class SlowestReads:
    """The slowest percent of the reads in writing windows (at or above p99), and how many of them met a PUT."""

    __pydantic_config__ = FORBID_EXTRA

    count: int
    overlapping: int  # under way while a PUT was in flight
    due_during: int  # due while a PUT was in flight
    overlapping_share_of_all: float  # of all reads in writing windows


@dataclass(frozen=True)
class Latency:
    """Exact latency of the run."""

    __pydantic_config__ = FORBID_EXTRA

    definition: str
    rows: tuple[LatencyRow, ...]
    series: LatencySeries
    histogram: LatencyHistogram
    since_put: tuple[SincePut, ...] = ()  # reads due in writing windows
    slowest: SlowestReads | None = None


@dataclass(frozen=True)
class ConsistencyWindow:
    """How one acknowledged write became visible. Measured from its acknowledgement."""

    __pydantic_config__ = FORBID_EXTRA

    version: int
    acked_at_ns: int  # since the origin
    put_ns: int  # returned - called of the PUT
    first_visible_ns: (
        int | None
    )  # return of the first read of this version or a later one; may be negative; None: never seen
    last_stale_ns: int | None  # call of the latest read that was stale because of this write; None: no read was
    resolution_ns: int | None  # how long after the end of the window a read came that could have told
    stale_reads: int  # reads that returned an older version though called after the acknowledgement
    censored: bool  # no read that could have told came after: the window may be longer


@dataclass(frozen=True)
class Distribution:
    """Quantiles of a duration over writes; they may be negative."""

    __pydantic_config__ = FORBID_EXTRA

    count: int
    min_ns: int | None
    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    max_ns: int | None


@dataclass(frozen=True)
class KStaleness:
    """How many reads were exactly ``k`` acknowledged writes behind."""

    __pydantic_config__ = FORBID_EXTRA

    k: int
    reads: int


@dataclass(frozen=True)
class VisibilityPoint:
    """P(a read that starts between ``from_ns`` and ``to_ns`` after an acknowledgement is fresh).

    With its 95 % band over writes, for reads after the same write are stale together.
    """

    __pydantic_config__ = FORBID_EXTRA

    from_ns: int
    to_ns: int
    reads: int
    fresh: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Consistency:
    """How long readers see the old version."""

    __pydantic_config__ = FORBID_EXTRA

    level: Literal["atomic", "regular", "neither", "unknown"]
    writes: int  # acknowledged after version 0
    censored: int
    windows: tuple[ConsistencyWindow, ...]
    windows_note: str  # how they were thinned; "" when all are here
    first_visible: Distribution
    last_stale: Distribution  # of the writes that had stale reads and were followed until there were no more
    longest_window_ns: int | None  # None: no read was stale
    resolution: Distribution
    reads: int  # reads of a known version that came after an acknowledgement
    stale_reads: int
    stale_share: float | None
    stale_share_upper: float | None  # upper end of the 95 % interval (over writes); about 3/n when nothing was stale
    stale_text: str  # "< 3/60,000 at 95 % …" or "0.12 % (95 % interval …, over 45 writes)"
    staleness_low_ns: int | None  # of the stalest read: the interval that its staleness lies in
    staleness_high_ns: int | None
    k_staleness: tuple[KStaleness, ...]
    visibility: tuple[VisibilityPoint, ...]
    cut_off: int = 0  # writes that readers still did not see when the run ended: their windows are at least as shown


@dataclass(frozen=True)
class Conditional:
    """What ETag and If-None-Match did."""

    __pydantic_config__ = FORBID_EXTRA

    whole_reads: int  # 200 answers with a document
    with_etag: int  # … that carried any ETag
    conditional_reads: int  # answered 200 or 304
    not_modified: int  # 304 to a condition
    changed: int  # 200 with another version than was sent
    same_version_sent: int  # 200 with the very version that was sent: could have been 304
    could_have_been: int  # not_modified + same_version_sent
    unasked: int
    with_body: int
    stale_not_modified: int
    bytes_received: int  # of bodies
    bytes_saved: int  # that the 304 answers did not send
    saved_share: float | None  # saved / (received + saved)
    response_200: Quantiles
    response_304: Quantiles
    bytes_saved_wrongly: int = 0  # of bytes_saved: by 304 answers that were stale reads
    broken_bodies: int = 0  # 200 answers whose document is torn, truncated or corrupt
    broken_with_etag: int = 0  # … that carried the ETag of a version all the same


@dataclass(frozen=True)
class ImpactEstimate:
    """Ratio of response time while writing to while quiet, at one quantile, over pairs of windows."""

    __pydantic_config__ = FORBID_EXTRA

    quantile: Literal["p50", "p90", "p99"]
    ratio: float | None
    low: float | None  # 95 % interval
    high: float | None
    pairs: int
    more_pairs: int | None  # about how many more pairs would settle an INCONCLUSIVE; None: settled, or cannot be told
    verdict: Verdict
    text: str


@dataclass(frozen=True)
class WindowRow:
    """One window, as it was used."""

    __pydantic_config__ = FORBID_EXTRA

    index: int
    pair: int
    kind: Literal["quiet", "writing"]
    start_ns: int
    end_ns: int
    reads: int
    puts: int  # that overlap the window
    p50_ns: int | None
    p90_ns: int | None
    p99_ns: int | None
    dropped: str  # why it is not used; "" when it is


@dataclass(frozen=True)
class Impact:
    """Do writes slow reads down?"""

    __pydantic_config__ = FORBID_EXTRA

    method: str
    tolerance: float
    headline: Literal["p50", "p90", "p99"]
    control: bool  # no write happened in the writing windows: an A/A control, whose ratio is the noise floor
    estimates: tuple[ImpactEstimate, ...]
    overlap: tuple[ImpactEstimate, ...]  # reads that overlap a PUT against reads in the same window that do not
    pairs_used: int
    pairs_dropped: int
    windows: tuple[WindowRow, ...]
    windows_note: str
    noise_floor: float | None  # smallest ratio that this run could have told from 1
    sentence: str


@dataclass(frozen=True)
class OutcomeCount:
    """How many operations ended in one way."""

    __pydantic_config__ = FORBID_EXTRA

    outcome: str
    count: int
    share: float


@dataclass(frozen=True)
class Availability:
    """What was asked, what was answered, how fast."""

    __pydantic_config__ = FORBID_EXTRA

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
    not_sent: int = 0  # reads that were due and that no reader was free to send; not counted above


@dataclass(frozen=True)
class GeneratorWorker:
    """The health of one load-generating process."""

    __pydantic_config__ = FORBID_EXTRA

    worker: int
    samples: int
    loop_delay: Quantiles
    cpu_share: float | None
    gc_share: float | None
    flush_share: float | None


@dataclass(frozen=True)
class GeneratorPause:
    """A moment in which a load-generating process itself did nothing, so that all its reads waited for it."""

    __pydantic_config__ = FORBID_EXTRA

    worker: int
    at_ns: int  # when it began, since the origin
    delay_ns: int


@dataclass(frozen=True)
class PausedQuantile:
    """A quantile that pauses of the load generator explain: most reads as slow as that had mostly waited for one."""

    __pydantic_config__ = FORBID_EXTRA

    population: str  # as in LatencyRow
    time: Literal["response", "service"]
    quantile: Literal["p50", "p90", "p99", "p99.9", "max"]


@dataclass(frozen=True)
class Generator:
    """Whether the load generator itself was fast enough to be believed."""

    __pydantic_config__ = FORBID_EXTRA

    loop_delay: Quantiles
    workers: tuple[GeneratorWorker, ...]
    fast_enough: bool | None  # None: no sample
    numbers: tuple[Number, ...]
    sentence: str
    pauses: tuple[GeneratorPause, ...] = ()  # the longest, in order of time
    paused_quantiles: tuple[PausedQuantile, ...] = ()
    paused_longest_gap: bool = False  # the longest time without a successful read is one, too
    pause_sentence: str = ""  # "" when no pause explains a figure
