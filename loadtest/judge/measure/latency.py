"""How long reads took: exact quantiles by kind of read, over time, and as a distribution.

Only successful reads count (200 with a whole document, and 304); errors are counted apart, for a refused connection is
fast. A read belongs to the window in which it was due, and its response time counts from then.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from loadtest.judge.measure.flights import due_during_put
from loadtest.judge.measure.since_put import since_put, slowest_reads
from loadtest.judge.statistics.quantiles import DEFINITION, groups, quantiles, quantiles_of_sorted, rank
from loadtest.run.blocks import blocks, in_blocks
from loadtest.run.history import Column, Flags, History
from loadtest.run.records import ReadOutcome, WindowKind
from loadtest.summary.speed import Latency, LatencyHistogram, LatencyRow, LatencySeries, Quantiles
from loadtest.units import SECOND

MOST_BUCKETS: Final = 600
_BUCKETS: Final = tuple(seconds * SECOND for seconds in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600))
_BINS_A_DECADE: Final = 20
_THREADS: Final = 2
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
    """All latency figures of a run."""
    members = populations(history)
    with ThreadPoolExecutor(_THREADS) as pool:  # NumPy lets go of the interpreter while it sorts
        served = pool.submit(_measure, history, history.reads.called_ns, members, ())
        responded = pool.submit(_measure, history, history.reads.scheduled_ns, members, ("quiet", "writing"))
        series = _series(history)
    services, _ = served.result()
    responses, kept = responded.result()
    rows = tuple(
        LatencyRow(
            population=name,  # type: ignore[arg-type]  # the keys of _LABELS are the literals
            label=_LABELS[name],
            service=services[name],
            response=responses[name],
        )
        for name in members
    )
    histogram = _histogram(kept["quiet"], kept["writing"])
    writing, p99_ns = members["writing"], responses["writing"].p99_ns
    return Latency(
        DEFINITION,
        rows,
        series,
        histogram,
        since_put(history, writing, p99_ns),
        slowest_reads(history, writing, p99_ns),
    )


def _measure(
    history: History, since_ns: Column, populations: dict[str, Flags], keep: tuple[str, ...]
) -> tuple[dict[str, Quantiles], dict[str, Column]]:
    """Quantiles of the time from ``since_ns`` to the return, by population; rising columns of those to ``keep``."""
    room = np.empty(len(history.reads), dtype=np.int64)
    found, kept = {}, {}
    for name, members in populations.items():
        filled = 0
        for block in blocks(len(members)):
            values = (history.reads.returned_ns[block] - since_ns[block])[members[block]]
            room[filled : filled + len(values)] = values
            filled += len(values)
        rising = room[:filled]
        rising.sort()
        found[name] = quantiles_of_sorted(rising)
        if name in keep:
            kept[name] = rising.copy()
    return found, kept


def successful(history: History) -> Flags:
    """Reads that were answered as they should be: 200 with a whole document, or 304 to a condition."""
    outcome = history.reads.outcome
    flags: Flags = (outcome == ReadOutcome.WHOLE) | (outcome == ReadOutcome.NOT_MODIFIED)
    return flags


def window_of(history: History) -> Column:
    """The window (by place) that each read was due in; -1 for none."""
    windows = history.windows
    if not len(windows):
        return np.full(len(history.reads), -1, dtype=np.int32)

    def of_block(block: slice) -> Column:
        due = history.reads.scheduled_ns[block]
        place = np.searchsorted(windows.start_ns, due, side="right") - 1
        return np.where((place >= 0) & (due < windows.end_ns[place]), place, -1)

    return in_blocks(len(history.reads), np.int32, of_block)


def populations(history: History) -> dict[str, Flags]:
    """The successful reads of each population, by the name that its row has."""
    ok = history.once(successful)
    status = history.reads.status
    windows = history.windows
    if len(windows):
        kind = np.append(windows.kind, 255)[history.once(window_of)]
        quiet, writing = ok & (kind == WindowKind.QUIET), ok & (kind == WindowKind.WRITING)
    else:  # written to all the time, in no windows
        quiet, writing = np.zeros_like(ok), ok
    during = history.once(due_during_put)
    return {
        "all": ok,
        "200": ok & (status == 200),
        "304": ok & (status == 304),
        "quiet": quiet,
        "writing": writing,
        "overlapping-put": writing & during,
        "clear-of-put": writing & ~during,
    }


def _series(history: History) -> LatencySeries:
    reads = history.reads
    span = int(reads.scheduled_ns.max(initial=history.origin_ns)) - history.origin_ns + 1
    bucket_ns = next((size for size in _BUCKETS if span <= size * MOST_BUCKETS), -(-span // MOST_BUCKETS))
    buckets = -(-span // bucket_ns) if len(reads) else 0
    place = in_blocks(
        len(reads),
        np.int16,  # at most 600 buckets
        lambda block: np.maximum(reads.scheduled_ns[block] - history.origin_ns, 0) // bucket_ns,
    )
    ok = history.once(successful)
    is_error = reads.failed
    not_modified = ok & (reads.status == 304)

    def counts(members: Flags) -> tuple[int, ...]:
        return tuple(np.bincount(place[members], minlength=buckets).tolist())

    found = [_of_bucket(times_of(history, "response", members)) for members in groups(np.where(ok, place, -1), buckets)]
    return LatencySeries(
        bucket_ns=bucket_ns,
        start_ns=tuple(range(0, buckets * bucket_ns, bucket_ns)),
        p50_ns=tuple(row[0] for row in found),
        p99_ns=tuple(row[1] for row in found),
        max_ns=tuple(row[2] for row in found),
        ok=counts(ok & ~not_modified),
        not_modified=counts(not_modified),
        faults=counts(~ok & ~is_error & reads.sent),
        errors=counts(is_error),
    )


def _of_bucket(values: Column) -> tuple[int | None, int | None, int | None]:
    """p50, p99 and maximum of a bucket. For a chart: p99 of fewer than 100 reads is their maximum."""
    if not len(values):
        return None, None, None
    half, high = rank(len(values), 500), rank(len(values), 990)
    parted = np.partition(values, (half, high))
    return int(parted[half]), int(parted[high]), int(values.max())


def _histogram(quiet: Column, writing: Column) -> LatencyHistogram:
    """The histogram of two rising columns."""
    both = [values for values in (quiet, writing) if len(values)]
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


def _counts(rising: Column, edges: Column) -> tuple[int, ...]:
    below = np.searchsorted(rising, edges, side="left")
    below[0] = 0  # what rounds to less than the first edge (an early timer) belongs to the first bin
    return tuple(np.diff(below).tolist())


def row(latency: Latency, population: str) -> LatencyRow:
    return next(found for found in latency.rows if found.population == population)


def times_of(history: History, kind: str, members: Flags | Column) -> Column:
    """``response`` or ``service`` times of some reads, told by flags or by number."""
    reads = history.reads
    since = reads.scheduled_ns if kind == "response" else reads.called_ns
    return reads.returned_ns[members] - since[members]


def response_quantiles(history: History, members: Flags) -> Quantiles:
    """Quantiles of the response time of some reads."""
    return quantiles(times_of(history, "response", members))
