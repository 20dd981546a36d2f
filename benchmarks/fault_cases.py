"""Which faults are injected, at which sizes, and what in a Summary must recover each size.

A measure returns the interval that the report gives for the injected size. Shares have a 99.99 % interval (Clopper and
Pearson), so that all sixty rows of the table are right in at least nine of ten tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scipy import special

from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

CONFIDENCE = 0.9999
READS_PER_SECOND = 500
QUICK = ("--window", "0", "--write-interval", "0.2", "--payload-bytes", "2048", "--arrival-rate", str(READS_PER_SECOND))


GATEWAY_AND_CDN = (*QUICK, "--samples-path", "/v1/samples", "--samples-path", "/_cdn/v1/samples")


SELDOM = ("--window", "0", "--write-interval", "0.8", "--payload-bytes", "2048", "--arrival-rate", "100")
"""Few enough reads that none has to wait for a reader to be free while a PUT blocks them."""


@dataclass(frozen=True)
class Interval:
    """What a report says of a size: somewhere from ``low`` to ``high``."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Size:
    """One size of a fault: as the sandbox takes it, and as the number that the report must recover."""

    value: str
    truth: float


@dataclass(frozen=True)
class FaultCase:
    """One fault: its sizes, what recovers them, and the checks that must not pass (``fails``) while it is there."""

    fault: str
    sizes: tuple[Size, ...]
    measure: Callable[[Summary], Interval]
    fails: tuple[str, ...]
    unit: str = "share"
    after_start: bool = False  # injected once the run has begun: it would not let a run begin
    seconds: int = 6
    arguments: tuple[str, ...] = QUICK
    watched: bool = False  # somebody else publishes, and the run only watches
    beyond: Callable[[Summary], float] | None = None  # how far from the size an end of what is reported may lie


def share(found: int, of: int) -> Interval:
    """A share with its interval; of nothing at all, one that holds no size."""
    if not of:
        return Interval(-1, -1)
    tail = (1 - CONFIDENCE) / 2
    low = float(special.betaincinv(found, of - found + 1, tail)) if found else 0.0
    return Interval(low, float(special.betainccinv(found + 1, of - found, tail)) if found < of else 1.0)


def reads(summary: Summary, *outcomes: str) -> int:
    """How many reads ended in one of these ways."""
    return sum(row.count for row in summary.availability.read_outcomes if row.outcome in outcomes)


DOCUMENTS = ("whole", "torn", "truncated", "corrupt", "etag-mismatch", "foreign", "rewritten", "unrecognised")


def share_of_documents(*outcomes: str) -> Callable[[Summary], Interval]:
    return lambda summary: share(reads(summary, *outcomes), reads(summary, *DOCUMENTS))


def share_of_reads(*outcomes: str) -> Callable[[Summary], Interval]:
    return lambda summary: share(reads(summary, *outcomes), summary.availability.reads)


def without_etag(summary: Summary) -> Interval:
    conditional = summary.conditional
    return share(conditional.whole_reads - conditional.with_etag, conditional.whole_reads)


def not_honoured(summary: Summary) -> Interval:
    """Share of current validators that were answered 200."""
    return share(summary.conditional.same_version_sent, summary.conditional.could_have_been)


def stale_not_modified(summary: Summary) -> Interval:
    """Share of outdated validators that were answered 304."""
    conditional = summary.conditional
    return share(conditional.stale_not_modified, conditional.stale_not_modified + conditional.changed)


def unasked(summary: Summary) -> Interval:
    """Share of unconditional reads that were answered 304."""
    conditional = summary.conditional
    documents = conditional.whole_reads - conditional.same_version_sent - conditional.changed
    return share(conditional.unasked, conditional.unasked + documents)


def with_body(summary: Summary) -> Interval:
    conditional = summary.conditional
    return share(conditional.with_body, conditional.with_body + conditional.not_modified)


def constant_lag(summary: Summary) -> Interval:
    """A lag that is the same for all reads lies between the last stale read and the first fresh one.

    stale: lag > call of the read minus acknowledgement; fresh: lag ≤ return of the read minus call of the PUT.
    """
    windows = summary.consistency.windows
    stale = [window.last_stale_ns for window in windows if window.last_stale_ns is not None]
    fresh = [window.first_visible_ns + window.put_ns for window in windows if window.first_visible_ns is not None]
    return Interval(max(stale, default=0) / 1e6, min(fresh) / 1e6)


def behind_the_cdn(summary: Summary) -> Interval:
    """As :func:`longest_window`, of the CDN's own reads, where the gateway's own were never stale; else nothing."""
    gateway, cdn = summary.addresses
    staleness = (cdn.largest_staleness_ns or 0) / 1e6
    return Interval(staleness, max(staleness * 4 / 3, staleness + 20)) if not gateway.stale_reads else Interval(-1, -1)


def longest_window(summary: Summary) -> Interval:
    """What comes and goes (a cache, one of several replicas) is seen at most at its full size: a lower bound.

    The upper end allows for what the reads of one run can miss of it: a quarter, or 20 ms.
    """
    longest = (summary.consistency.longest_window_ns or 0) / 1e6
    return Interval(longest, max(longest / 0.75, longest + 20))


def longest_wait(summary: Summary) -> Interval:
    """The longest response time: what the fault adds, and what a busy machine then needs to answer all at once."""
    longest = max(row.response.max_ns or 0 for row in summary.latency.rows) / 1e6
    return Interval(longest * 0.8 - 20, longest * 1.02)


def slower_kind(summary: Summary, status: int) -> Interval:
    """What is added to one kind of answer: at most all that it takes, and at least that without what others take.

    Without the fault, answers of this kind take less than three times as long as those of the other.
    """
    kinds = {200: summary.conditional.response_200.p50_ns or 0, 304: summary.conditional.response_304.p50_ns or 0}
    own, other = kinds[status] / 1e6, kinds[504 - status] / 1e6
    return Interval(max(0.0, own - 3 * other), own)


def left_behind(summary: Summary) -> Interval:
    """What a PUT adds to the reads after it: at most all that they take where it is most, and as above."""
    medians = [point.p50_ns / 1e6 for point in summary.latency.since_put if point.p50_ns is not None]
    return Interval(max(0.0, max(medians) - 3 * min(medians)), max(medians))


def blocked_by_a_put(summary: Summary) -> Interval:
    """The longest response time of a read that met a PUT: at most the blocking and the own time of the quickest PUT."""
    longest = (
        next(row.response.max_ns or 0 for row in summary.latency.rows if row.population == "overlapping-put") / 1e6
    )
    put = min(window.put_ns for window in summary.consistency.windows) / 1e6
    return Interval(min(longest, put) * 0.85, put)


def faulty_304(summary: Summary, name: str) -> Interval:
    """Share of the 304 answers that have this fault of conditional-get."""
    return share(conditional_number(summary, name), summary.conditional.not_modified)


def conditional_number(summary: Summary, name: str) -> int:
    (check,) = (check for check in summary.checks if check.id == "conditional-get")
    (value,) = (number.value for number in check.numbers if number.name == name)
    return int(value or 0)


def second_etags(summary: Summary) -> Interval:
    """Share of the reads that went to the second server, as far as their ETags tell.

    Those that it answered 304 do not show it. Half of the reads are conditional, so at most half of its answers are.
    """
    found = conditional_number(summary, "200 with a second ETag of its version, which it has by turns with another")
    interval = share(found, summary.conditional.whole_reads + summary.conditional.not_modified)
    return Interval(interval.low, 2 * interval.high)


def honoured(summary: Summary) -> Interval:
    """Whether ETag was honoured, as far as the check can tell: 1 or 0."""
    (check,) = (check for check in summary.checks if check.id == "conditional-get")
    return Interval(1, 1) if check.verdict is Verdict.PASS else Interval(0, 0)


def lost_writes(summary: Summary) -> Interval:
    return share(summary.consistency.lost, summary.consistency.writes)


def shared_etags(summary: Summary) -> Interval:
    """Share of the whole documents that came with an ETag which more of them had with another version.

    Of versions that share an ETag the one that was read most is taken to be right, so of n PUTs in a row with one ETag
    the reads of one are not counted: as a share of the reads a lower bound, and nothing above it is excluded.
    """
    mismatches, documents = reads(summary, "etag-mismatch"), reads(summary, "whole", "etag-mismatch")
    writes = summary.availability.writes
    # Chance picks PUTs and not reads: the reads between two PUTs are right or wrong together.
    shared = share(round(writes * mismatches / documents) if documents else 0, writes)
    return Interval(shared.low, 1.0 if mismatches else 0.0)


def unknown_writes(summary: Summary) -> Interval:
    unknown = sum(row.count for row in summary.availability.write_outcomes if row.outcome == "unknown")
    return share(unknown, summary.availability.writes)


def somebody_else(summary: Summary) -> Interval:
    """Whether somebody else was noticed: 1 or 0."""
    return Interval(1, 1) if reads(summary, "foreign") else Interval(0, 0)


def percent(*values: float) -> tuple[Size, ...]:
    return tuple(Size(f"{value:g}%", value / 100) for value in values)


def milliseconds(*values: int, form: str = "{}ms") -> tuple[Size, ...]:
    return tuple(Size(form.format(value), value) for value in values)


CASES: tuple[FaultCase, ...] = (
    FaultCase("replica-lag", milliseconds(30, 120, 500), constant_lag, ("fresh-reads",), "ms"),
    FaultCase("replica-lag", milliseconds(1), constant_lag, (), "ms"),  # below what the reads can tell: a bound
    FaultCase("replicas", milliseconds(50, 150, 600, form="0ms,{}ms"), longest_window, ("fresh-reads", "monotonic-reads"), "ms"),
    FaultCase("cache-ttl", milliseconds(100, 400, 1000), longest_window, ("fresh-reads",), "ms", seconds=10),
    FaultCase("cdn", milliseconds(100, 400, 1000, form="ttl{}ms"), behind_the_cdn, ("fresh-reads",), "ms", seconds=10, arguments=GATEWAY_AND_CDN),
    FaultCase("torn", percent(1, 5, 20), share_of_documents("torn"), ("whole-bodies",)),
    FaultCase("truncate", percent(1, 5, 20), share_of_documents("truncated"), ("whole-bodies",)),
    FaultCase("corrupt", percent(1, 5, 20), share_of_documents("corrupt"), ("whole-bodies",)),
    FaultCase("etag-swap", percent(1, 5, 20), share_of_documents("etag-mismatch"), ("conditional-get",)),
    FaultCase("no-etag", percent(1, 5, 20), without_etag, ("conditional-get",)),
    FaultCase("ignore-if-none-match", percent(1, 5, 20), not_honoured, ("conditional-get",)),
    FaultCase("stale-304", percent(10, 30, 60), stale_not_modified, ("fresh-reads",)),
    FaultCase("304-with-body", percent(1, 5, 20), with_body, ("conditional-get",)),
    FaultCase("always-304", percent(1, 5, 20), unasked, ("conditional-get",), after_start=True),
    FaultCase("freeze", milliseconds(100, 300, 1000, form="{}ms/3s"), longest_wait, (), "ms", seconds=8),
    FaultCase("write-block", milliseconds(50, 100, 300), blocked_by_a_put, (), "ms", arguments=SELDOM),
    FaultCase("error-rate", percent(1, 5, 20), share_of_reads("server-error"), ("availability",)),
    FaultCase("throttle-rate", percent(1, 5, 20), share_of_reads("throttled"), ("availability",)),
    FaultCase("reset-rate", percent(1, 5, 20), share_of_reads("reset", "truncated"), ("availability", "whole-bodies")),
    FaultCase("lost-ack", percent(10, 30, 60), unknown_writes, (), after_start=True),
    FaultCase("late-write", (Size("50ms,20%", 0.2), Size("200ms,20%", 0.2), Size("50ms,60%", 0.6)), unknown_writes, (), after_start=True),
    FaultCase("304-without-etag", percent(1, 5, 100), lambda summary: faulty_304(summary, "304 without an ETag"), ("conditional-get",)),
    FaultCase("304-other-etag", percent(1, 5, 20), lambda summary: faulty_304(summary, "304 with the ETag of another version"), ("conditional-get",), after_start=True),
    FaultCase("own-etags", (Size("hash", 1), Size("gzip", 1), Size("weak", 1), Size("unquoted", 1)), honoured, (), "honoured", seconds=4),
    FaultCase("put-etag", (Size("weak", 1), Size("unquoted", 1), Size("omitted", 1), Size("other", 1)), honoured, (), "honoured", seconds=4),
    FaultCase("flapping-etag", percent(5, 20, 40), second_etags, ("conditional-get",)),
    FaultCase("shared-etag", percent(10, 30, 60), shared_etags, ("conditional-get",), after_start=True),
    FaultCase("error-page", percent(1, 5, 20), share_of_documents("unrecognised"), ("whole-bodies",), after_start=True),
    FaultCase("rewrite", (Size("1%", 0.01), Size("5%,bom", 0.05), Size("20%,base64", 0.2)), share_of_documents("rewritten"), ("whole-bodies",), after_start=True),
    FaultCase("lost-update", percent(20, 40, 70), lost_writes, ("visible-writes", "fresh-reads"), after_start=True, seconds=8),
    FaultCase("foreign-writer", (Size("2s", 1), Size("1s", 1), Size("500ms", 1)), somebody_else, ("assumptions",), "noticed", after_start=True),
)  # fmt: skip
SLOWDOWNS: tuple[FaultCase, ...] = (
    FaultCase("latency-200", milliseconds(5, 20, 80), lambda summary: slower_kind(summary, 200), (), "ms", seconds=5, arguments=SELDOM),
    FaultCase("latency-304", milliseconds(5, 20, 80), lambda summary: slower_kind(summary, 304), (), "ms", seconds=5, arguments=SELDOM),
    FaultCase("after-write", milliseconds(5, 20, 80, form="0..300ms,{}ms"), left_behind, (), "ms", arguments=SELDOM),
)  # fmt: skip
"""Durations that depend on the answer, or on the last PUT."""
# ruff: noqa: E501 - a table reads best with one fault a line
