"""How long reads took: exact quantiles by kind of read, over time, and as a distribution.

Only successful reads count (200 with a whole document, and 304). Errors are counted separately, because a refused
connection is fast. A read belongs to the window in which it was due, and its response time counts from then.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest.judge.measure.populations import PARTS, POPULATIONS, members_of, part_of
from loadtest.judge.measure.since_put import since_put, slowest_reads
from loadtest.judge.statistics.by_group import by_group, quantiles_together
from loadtest.judge.statistics.quantiles import DEFINITION, rank
from loadtest.run.history.blocks import durations, each_block, side_by_side
from loadtest.run.history.history import Column, Flags, History
from loadtest.run.records import ERROR_OUTCOMES, ReadOutcome
from loadtest.summary.speed import Latency, LatencyHistogram, LatencyRow, LatencySeries, Quantiles
from loadtest.units import SECOND

MOST_BUCKETS: Final = 600
_BUCKETS: Final = tuple(seconds * SECOND for seconds in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600))
_BINS_A_DECADE: Final = 20
_LABELS: Final = {
    "all": "All reads",
    "200": "Answered 200",
    "304": "Answered 304",
    "quiet": "Due in a quiet window",
    "writing": "Due in a writing window",
    "overlapping-put": "… due while a PUT was in flight",
    "clear-of-put": "… due while none was",
}


def measure_latency(history: History) -> Latency:
    rows, histogram = _rows(history)
    p99_ns = next(row.response.p99_ns for row in rows if row.population == "writing")
    writing, response = members_of(history, "writing"), history.once(response_ns)
    return Latency(
        DEFINITION,
        rows,
        _series(history),
        histogram,
        since_put(history, writing, response, p99_ns),
        slowest_reads(history, writing, response, p99_ns),
    )


def _rows(history: History) -> tuple[tuple[LatencyRow, ...], LatencyHistogram]:
    """The quantiles of each population, and the histogram. The times of each part are sorted once, for all of them."""
    reads, response = history.reads, history.once(response_ns)
    service = durations(len(reads), lambda block: reads.own_returned(block) - reads.called_ns[block])
    services, responses = by_group(
        history.once(part_of), PARTS, lambda block: service[block], lambda block: response[block]
    )
    side_by_side(lambda times: times.sort(), sorted([*services, *responses], key=len, reverse=True), len(reads))

    def of(times: list[Column], population: str) -> list[Column]:
        return [times[part] for part in POPULATIONS[population]]

    rows = tuple(
        LatencyRow(
            population=name,  # type: ignore[arg-type]  # the keys of _LABELS are the literals
            label=label,
            service=quantiles_together(of(services, name)),
            response=quantiles_together(of(responses, name)),
        )
        for name, label in _LABELS.items()
    )
    return rows, _histogram(of(responses, "quiet"), of(responses, "writing"))


def response_ns(history: History) -> Column:
    reads = history.reads
    return durations(len(reads), lambda block: reads.own_returned(block) - reads.scheduled_ns[block])


def _series(history: History) -> LatencySeries:
    reads = history.reads
    span = int(reads.scheduled_ns.max(initial=history.origin_ns)) - history.origin_ns + 1
    bucket_ns = next((size for size in _BUCKETS if span <= size * MOST_BUCKETS), -(-span // MOST_BUCKETS))
    buckets = -(-span // bucket_ns) if len(reads) else 0
    place = np.empty(len(reads), dtype=np.int16)  # at most 600 buckets

    def of_block(block: slice) -> Column:
        """Fill in a block; how many reads of each kind there are in each bucket."""
        bucket = np.maximum(reads.scheduled_ns[block] - history.origin_ns, 0) // bucket_ns
        kind = np.take(_SERIES, reads.outcome[block])
        place[block] = np.where(kind <= _NOT_MODIFIED, bucket, -1)
        return np.bincount(bucket * _KINDS + kind, minlength=buckets * _KINDS)

    counts = sum(each_block(len(reads), of_block), np.zeros(buckets * _KINDS, dtype=np.int64)).reshape(-1, _KINDS)
    response = history.once(response_ns)
    (members,) = by_group(place, buckets, lambda block: response[block])
    found = side_by_side(_of_bucket, members, len(reads))
    ok, not_modified, faults, errors = (tuple(counts[:, kind].tolist()) for kind in range(_KINDS - 1))
    return LatencySeries(
        bucket_ns=bucket_ns,
        start_ns=tuple(range(0, buckets * bucket_ns, bucket_ns)),
        p50_ns=tuple(row[0] for row in found),
        p99_ns=tuple(row[1] for row in found),
        max_ns=tuple(row[2] for row in found),
        ok=ok,
        not_modified=not_modified,
        faults=faults,
        errors=errors,
    )


_OK, _NOT_MODIFIED, _FAULT, _ERROR, _NOT_SENT = range(5)
_KINDS: Final = 5
_SERIES: Final = np.full(256, _FAULT, dtype=np.int64)
"""How the series counts each outcome."""
_SERIES[list(ERROR_OUTCOMES)] = _ERROR
_SERIES[[ReadOutcome.WHOLE, ReadOutcome.NOT_MODIFIED, ReadOutcome.NOT_SENT]] = _OK, _NOT_MODIFIED, _NOT_SENT


def _of_bucket(values: Column) -> tuple[int | None, int | None, int | None]:
    """p50, p99 and maximum of a bucket. For a chart: p99 of fewer than 100 reads is their maximum."""
    if not len(values):
        return None, None, None
    half, high = rank(len(values), 500), rank(len(values), 990)
    values.partition(half)
    middle, upper = int(values[half]), values[half:]
    upper.partition(high - half)
    return middle, int(values[high]), int(values[high:].max())


def _histogram(quiet: list[Column], writing: list[Column]) -> LatencyHistogram:
    """The histogram of two populations, each in rising columns."""
    both = [values for values in (*quiet, *writing) if len(values)]
    if not both:
        return LatencyHistogram((), (), ())
    least = max(1, min(int(values[0]) for values in both))
    most = max(1, *(int(values[-1]) for values in both))
    first = int(np.floor(np.log10(least) * _BINS_A_DECADE))
    last = int(np.floor(np.log10(most) * _BINS_A_DECADE)) + 1
    powers = np.rint(10 ** (np.arange(first, last + 1) / _BINS_A_DECADE)).astype(np.int64)
    powers[-1] = max(int(powers[-1]), most + 1)
    edges = np.unique(powers)  # below 20 ns, powers fall together
    edges[0] = min(int(edges[0]), least)
    return LatencyHistogram(tuple(edges.tolist()), _counts(quiet, edges), _counts(writing, edges))


def _counts(rising: list[Column], edges: Column) -> tuple[int, ...]:
    below = sum((np.searchsorted(times, edges, side="left") for times in rising), np.zeros(len(edges), dtype=np.int64))
    below[0] = 0  # what rounds to less than the first edge (an early timer) belongs to the first bin
    return tuple(np.diff(below).tolist())


def row(latency: Latency, population: str) -> LatencyRow:
    return next(found for found in latency.rows if found.population == population)


def times_of(history: History, kind: str, members: Flags | Column) -> Column:
    """``response`` or ``service`` times of some reads, told by flags or by number."""
    if kind == "response":
        times: Column = history.once(response_ns)[members]
        return times
    return history.reads.own_returned(members) - history.reads.called_ns[members]


def response_quantiles(history: History, population: str) -> Quantiles:
    return row(history.once(measure_latency), population).response
