"""Every metric that a threshold can name: its definition, its unit, and where a Summary holds it.

``None`` as a value means that the run cannot tell; a metric is never 0 for lack of data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final, get_args, get_type_hints

import numpy as np

from loadtest import units
from loadtest.judge.evidence import MINIMUM_CONDITIONS, MINIMUM_WRITES
from loadtest.judge.order.staleness import perhaps_stale
from loadtest.judge.statistics.quantiles import rank
from loadtest.judge.thresholds.metric import Measure, Metric, MetricValue
from loadtest.judge.watch_evidence import foreign_reads, reads_got_again
from loadtest.run.history.history import History
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.speed import LatencyRow, Quantiles
from loadtest.summary.summary import Summary
from loadtest.summary.versions import SAVED_SHARE, Distribution

TIMES: Final = ("response", "service")
POPULATIONS: Final[tuple[str, ...]] = get_args(get_type_hints(LatencyRow)["population"])
LATENCY_QUANTILES: Final = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99.9": 999, "max": 1000}
IMPACT_QUANTILES: Final = ("p50", "p90", "p99")
_FIELDS: Final = {name: f"{name.replace('.', '')}_ns" for name in LATENCY_QUANTILES}


def _plain(value: float | None, missing: str, looked_at: int | None = None) -> MetricValue:
    return MetricValue(value, looked_at=looked_at, missing=missing)


def _latency(quantile: str) -> Measure:
    """A quantile of the latency of one population."""

    def measure(summary: Summary, history: History, arguments: tuple[str, ...]) -> MetricValue:
        time, population = arguments
        quantiles: Quantiles | None = getattr(summary.latency.of(population), time, None)
        count = quantiles.count if quantiles else 0
        missing = f"{units.counted(count, 'such read')}, too few for this quantile" if count else "no such read"
        if quantiles is None or not count:
            return _plain(None, missing)
        return _plain(getattr(quantiles, _FIELDS[quantile]), missing)

    return measure


def _estimate(estimates: tuple[ImpactEstimate, ...], quantile: str, control: bool) -> MetricValue:
    estimate = next((estimate for estimate in estimates if estimate.quantile == quantile), None)
    if control:
        return _plain(None, "nothing was written in this run")
    if estimate is None or estimate.ratio is None:
        return _plain(None, "the run has no windows to compare" if estimate is None else estimate.text)
    return MetricValue(estimate.ratio, estimate.text, estimate.low, estimate.high)


def _impact(summary: Summary, _: History, arguments: tuple[str, ...]) -> MetricValue:
    return _estimate(summary.impact.estimates, arguments[0], summary.impact.control)


def _overlap(summary: Summary, _: History, arguments: tuple[str, ...]) -> MetricValue:
    return _estimate(summary.impact.overlap, arguments[0], summary.impact.control)


def _longest_window(summary: Summary, history: History, _: tuple[str, ...]) -> MetricValue:
    """From the last stale read to the next read that could have told; at least 0, when no read was stale.

    Windows that the end of the run cut off do not count, unless one of them was the longest already.
    """
    consistency = summary.consistency
    longest = consistency.longest_window_ns
    if longest is not None and any(w.censored and w.last_stale_ns == longest for w in consistency.windows):
        text = f"at least {units.duration(longest)}, as the run ended before a read saw the new version"
        return MetricValue(longest, text, longest, math.inf, consistency.writes)
    followed = consistency.writes - consistency.censored
    if followed <= 0:
        return _plain(None, "no read came after an acknowledged write that could have told")
    low = max(longest or 0, 0)
    ends = [max(w.last_stale_ns or 0, 0) + w.resolution_ns for w in consistency.windows if w.resolution_ns is not None]
    high = max(ends) if ends and not consistency.windows_note else low + (consistency.resolution.max_ns or 0)
    high = max(low, high) + _hidden_lag_ns(history)
    return MetricValue(low, f"between {units.duration(low)} and {units.duration(high)}", low, high, followed)


def _stale_reads(summary: Summary, history: History, _: tuple[str, ...]) -> MetricValue:
    """An interval where clocks or HEADs leave open whether more reads were stale."""
    consistency = summary.consistency
    if not consistency.reads:
        return _plain(None, "no read came after an acknowledged write")
    low = consistency.stale_reads
    high = low + perhaps_stale(history)
    text = f"between {low:,} and {high:,}" if high > low else ""
    return MetricValue(low, text, low, high, consistency.reads)


def _stale_share(summary: Summary, history: History, _: tuple[str, ...]) -> MetricValue:
    """The same as a share of the reads that came after an acknowledged write."""
    reads, value = _stale_reads(summary, history, ()), summary.consistency.stale_share
    if reads.looked_at is None or reads.high is None or value is None or reads.high == reads.low:
        return replace(reads, value=value, low=None, high=None)
    high = min(1.0, round(reads.high / reads.looked_at, 9))
    return replace(
        reads, value=value, text=f"between {units.share(value)} and {units.share(high)}", low=value, high=high
    )


def _stalest(summary: Summary, history: History, _: tuple[str, ...]) -> MetricValue:
    consistency, hidden = summary.consistency, _hidden_lag_ns(history)
    if not consistency.reads:
        return _plain(None, "no read came after an acknowledged write")
    low, high = consistency.staleness_low_ns or 0, max(consistency.staleness_high_ns or 0, hidden)
    text = f"between {units.duration(low)} and {units.duration(high)}" if high else "0 ms (no read was stale)"
    return MetricValue(low, text, low, high, consistency.reads)


def _hidden_lag_ns(history: History) -> int:
    """How old a read may have been unseen: by how much its worker's clock is uncertain, and before a HEAD showed it."""
    return max(history.info.clock_uncertainty_ns.values(), default=0) + _before_a_head_ns(history)


def _before_a_head_ns(history: History) -> int:
    """For how long a version of somebody else may have been there before a HEAD showed it; 0 of a run that wrote."""
    if not history.info.is_watched:
        return 0
    shown, writes = np.flatnonzero(history.writes.acknowledged)[1:], history.writes
    return int((writes.returned_ns[shown] - writes.called_ns[shown]).max(initial=0))


def _first_visible(summary: Summary, history: History, arguments: tuple[str, ...]) -> MetricValue:
    """Writes that no read had seen when the run ended count if readers had waited for them longer than for the others.

    A write that was lost was never visible: it counts as longer than any, whatever staleness is tolerated.
    """
    first_visible: Distribution = summary.consistency.first_visible
    value: int | None = getattr(first_visible, _FIELDS[arguments[0]])
    if value is None:
        return _plain(None, "no write was seen by a read")
    windows = summary.consistency.windows
    waited = [
        w.last_stale_ns
        for w in windows
        if w.first_visible_ns is None and w.last_stale_ns is not None and w.unseen != "lost"
    ]
    lost = summary.consistency.lost
    longer = sum(wait > value for wait in waited) + lost
    if longer:
        seen = sorted(w.first_visible_ns for w in windows if w.first_visible_ns is not None)
        place = rank(len(seen) + longer, LATENCY_QUANTILES[arguments[0]])
        if place >= len(seen):
            late, gone = units.counted(longer - lost, "write"), units.counted(lost, "write")
            why = [f"{late} had waited longer and not been seen when the run ended"] if longer > lost else []
            why += [f"{gone} {'was' if lost == 1 else 'were'} never seen, though readers asked"] if lost else []
            return _plain(None, "; ".join(why))
        value = seen[place]
    if hidden := _before_a_head_ns(history):
        text = f"between {units.duration(value)} and {units.duration(value + hidden)}"
        return MetricValue(value, text, value, value + hidden, first_visible.count)
    return _plain(value, "", first_visible.count)


def _share(value: Callable[[Summary], float | None], of: Callable[[Summary], int], missing: str) -> Measure:
    return lambda summary, _, __: _plain(value(summary) if of(summary) else None, missing, of(summary))


def _number(value: Callable[[Summary], float | None], missing: str = "nothing was recorded") -> Measure:
    return lambda summary, _, __: _plain(value(summary), missing)


def _quantiles(of: Callable[[Summary], Quantiles]) -> Measure:
    return lambda summary, _, arguments: _plain(getattr(of(summary), _FIELDS[arguments[0]]), "too few samples")


def _between(low: float, high: float, looked_at: int) -> MetricValue:
    """A share of which it is open by how much it is larger."""
    text = f"between {units.share(low)} and {units.share(high)}" if high > low else ""
    return MetricValue(low, text, low, high, looked_at)


def _broken(summary: Summary, history: History, _: tuple[str, ...]) -> MetricValue:
    """An interval where some documents may have been of somebody else, or broken."""
    check = next((check for check in summary.checks if check.id == "whole-bodies"), None)
    if check is None or check.error or not check.looked_at:
        return _plain(None, "no document was read", 0)
    found, of, perhaps = check.found, check.looked_at, foreign_reads(history)
    return _between(found / of, max(found / of, (found + perhaps) / (of + perhaps)), of)


def _not_modified(summary: Summary, history: History, _: tuple[str, ...]) -> MetricValue:
    """An interval where it is open whether some conditions named the current version."""
    conditional = summary.conditional
    got, of = conditional.not_modified, conditional.could_have_been
    if not of:
        return _plain(None, "no request could have been answered 304", 0)
    return replace(_between(got / (of + reads_got_again(history)), got / of, of), value=got / of)


def _write_errors(summary: Summary) -> float:
    writes = summary.availability.writes
    acked = sum(count.count for count in summary.availability.write_outcomes if count.outcome == "acked")
    return round((writes - acked) / writes, 9)


def _all() -> tuple[Metric, ...]:
    quantile_of_samples = (tuple(_FIELDS),)
    return (
        *(
            Metric(
                name,
                "duration",
                "the longest time of a successful read" if name == "max" else f"the time of successful reads at {name}",
                _latency(name),
                (TIMES, POPULATIONS),
                rests_on_generator=True,
            )
            for name in LATENCY_QUANTILES
        ),
        Metric("impact", "ratio", "response time while writing / while quiet", _impact, (IMPACT_QUANTILES,),
               needs_argument=True, is_interval=True, rests_on_generator=True),
        Metric("overlap", "ratio", "response time while a PUT is in flight / while none is, in writing windows",
               _overlap, (IMPACT_QUANTILES,), needs_argument=True, is_interval=True, rests_on_generator=True),
        Metric("broken", "share", "the share of documents that are not whole", _broken),
        Metric("stale_share", "share", "the share of stale reads", _stale_share),
        Metric("stale_reads", "count", "the number of stale reads", _stale_reads),
        Metric("window.max", "duration", "the longest consistency window", _longest_window, is_interval=True,
               minimum=MINIMUM_WRITES),
        Metric("staleness.max", "duration", "the staleness of the stalest read", _stalest, is_interval=True),
        Metric("visible", "duration", "the time from the acknowledgement of a write until it was first read",
               _first_visible, (("p50", "p90", "p99", "max"),), needs_argument=True, minimum=MINIMUM_WRITES),
        Metric("bytes_saved", "share", f"the {SAVED_SHARE}",
               _share(lambda s: s.conditional.saved_share, lambda s: s.conditional.conditional_reads,
                      "no conditional request was answered")),
        Metric("not_modified", "share", "the share of 304 among answers that could have been 304", _not_modified,
               minimum=MINIMUM_CONDITIONS),
        Metric("bytes_received", "bytes", "the bytes of the whole documents that were received",
               _number(lambda s: s.conditional.bytes_received if s.availability.reads else None, "nothing was read")),
        Metric("errors", "share", "the share of reads that ended in an error",
               _share(lambda s: s.availability.error_share, lambda s: s.availability.reads, "nothing was read")),
        Metric("write_errors", "share", "the share of PUTs that were not acknowledged",
               _share(_write_errors, lambda s: s.availability.writes, "nothing was written"), minimum=MINIMUM_WRITES),
        Metric("not_sent", "share", "the share of due reads that were never sent",
               _share(lambda s: s.availability.not_sent / (s.availability.reads + s.availability.not_sent),
                      lambda s: s.availability.reads + s.availability.not_sent, "no read was due")),
        Metric("longest_gap", "duration", "the longest time without a successful read",
               _number(lambda s: s.availability.longest_gap_ns, "nothing was read")),
        Metric("reads_per_second", "rate", "the reads made per second",
               _number(lambda s: s.availability.reads_per_second, "nothing was read")),
        Metric("writes_per_second", "rate", "the PUTs made per second of writing",
               _number(lambda s: s.availability.writes_per_second, "nothing was written")),
        Metric("reads", "count", "the number of reads", _number(lambda s: s.availability.reads)),
        Metric("writes", "count", "the number of acknowledged PUTs after the first",
               _number(lambda s: s.consistency.writes)),
        Metric("pairs", "count", "the number of pairs of windows that were compared",
               _number(lambda s: s.impact.pairs_used)),
        Metric("duration", "duration", "the time from the first read to the last return",
               _number(lambda s: s.run.duration_ns)),
        Metric("late_start", "duration", "how late reads were started",
               _quantiles(lambda s: s.availability.late_starts), quantile_of_samples, needs_argument=True),
        Metric("loop_delay", "duration", "how late the load generator's event loop woke",
               _quantiles(lambda s: s.generator.loop_delay), quantile_of_samples, needs_argument=True),
    )  # fmt: skip


METRICS: Final[dict[str, Metric]] = {metric.name: metric for metric in _all()}
