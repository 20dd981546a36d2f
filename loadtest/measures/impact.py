"""Do writes slow reads down? Ratio of response time while writing to while quiet, over pairs of windows.

The unit of statistics is the pair of windows, not the request: requests are correlated in time, and tests that take
them for independent cry wolf. For each pair and quantile, the logarithm of (quantile in the writing window / quantile
in the quiet one) is one observation, of which :mod:`loadtest.measures.ratio_estimate` makes an estimate with its
interval.

A read belongs to the window in which it was due. A pair is dropped when one of its windows is missing, when a PUT was
in flight in the quiet one, or when none was in the writing one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from loadtest import units
from loadtest.measurements import Impact, ImpactEstimate, WindowRow
from loadtest.measures.flights import due_during_put, puts_within
from loadtest.measures.latency import successful, times_of, window_of
from loadtest.measures.quantiles import PER_MILLE, groups, of_sorted
from loadtest.measures.ratio_estimate import QUANTILES, Quantile, estimate_ratio, log_ratios, noise_floor
from loadtest.measures.signed_rank import LEAST_PAIRS
from loadtest.recorded_run.history import Column, History
from loadtest.records import Verdict, WindowKind

HEADLINE: Final[Quantile] = "p99"
"""The slowest percent of the reads is what a site's users notice, and what a PUT in flight would touch first."""
METHOD: Final = (
    "Per pair of windows, the logarithm of the ratio of the response time quantiles (writing / quiet); Hodges-Lehmann "
    "estimate over the pairs, 95 % interval from the Wilcoxon signed-rank distribution."
)
LEAST_READS: Final = 1000 // (1000 - PER_MILLE[HEADLINE])
"""Successful reads in a window without which the headline quantile is not given."""
MOST_WINDOWS: Final = 2_000
NO_PARTNER: Final = "the other window of its pair is missing or not used"


def measure_impact(history: History) -> Impact:
    """The impact of writes on reads."""
    settings = history.info.settings
    tolerance = settings.impact_tolerance
    control = settings.write_interval == 0
    table = _Table.of(history, control)
    pairs = table.used_pairs()
    estimates = tuple(
        estimate_ratio(name, table.log_ratios(name, pairs), tolerance, "pair of windows") for name in QUANTILES
    )
    overlap = () if control else _overlap(history, table, tolerance)
    headline = next(estimate for estimate in estimates if estimate.quantile == HEADLINE)
    return Impact(
        method=METHOD,
        tolerance=tolerance,
        headline=HEADLINE,
        control=control,
        estimates=estimates,
        overlap=overlap,
        pairs_used=len(pairs),
        pairs_dropped=len(np.unique(history.windows.pair)) - len(pairs),
        windows=table.rows(history),
        windows_note=_note(len(history.windows)),
        noise_floor=noise_floor(headline),
        sentence=_sentence(history, estimates, table),
    )


def verdict(impact: Impact) -> Verdict:
    """FAIL when any quantile is certainly above the tolerance; else what the headline quantile says."""
    if any(estimate.verdict is Verdict.FAIL for estimate in impact.estimates):
        return Verdict.FAIL
    return next(estimate.verdict for estimate in impact.estimates if estimate.quantile == impact.headline)


@dataclass(frozen=True, eq=False)
class _Table:
    """What each window showed: reads, PUTs, response time quantiles, and why it is not used."""

    pair: Column
    kind: Column
    members: list[Column]  # successful reads due in each window, by number
    puts: Column
    dropped: tuple[str, ...]
    quantile_ns: dict[str, list[int | None]]

    @staticmethod
    def of(history: History, control: bool) -> _Table:
        windows = history.windows
        place = np.where(history.once(successful), history.once(window_of), -1)
        members = groups(place, len(windows))
        found = quantiles_by_group(history, members)
        puts = puts_within(history, windows.start_ns, windows.end_ns)
        dropped = tuple(
            _why_dropped(int(kind), int(count), control, bool(len(reads)))
            for kind, count, reads in zip(windows.kind, puts, members, strict=True)
        )
        return _Table(windows.pair, windows.kind, members, puts, dropped, found)

    def used_pairs(self) -> list[tuple[int, int]]:
        """Places of the (quiet, writing) windows of each pair of which both are used."""
        places: dict[int, dict[int, int]] = {}
        for place, (pair, kind, why) in enumerate(zip(self.pair, self.kind, self.dropped, strict=True)):
            if not why:
                places.setdefault(int(pair), {})[int(kind)] = place
        return [(two[WindowKind.QUIET], two[WindowKind.WRITING]) for two in places.values() if len(two) == 2]

    def log_ratios(self, name: Quantile, pairs: list[tuple[int, int]]) -> list[float]:
        """One observation per pair in which both windows have the quantile."""
        values = self.quantile_ns[name]
        return log_ratios([(values[writing], values[quiet]) for quiet, writing in pairs])

    def rows(self, history: History) -> tuple[WindowRow, ...]:
        """The windows for the summary; evenly spaced ones when they are many."""
        windows = history.windows
        count = len(windows)
        paired = {place for pair in self.used_pairs() for place in pair}
        kept = np.unique(np.linspace(0, count - 1, min(count, MOST_WINDOWS)).astype(np.int64)) if count else ()
        return tuple(
            WindowRow(
                index=int(windows.index[place]),
                pair=int(windows.pair[place]),
                kind="writing" if windows.kind[place] == WindowKind.WRITING else "quiet",
                start_ns=int(windows.start_ns[place]) - history.origin_ns,
                end_ns=int(windows.end_ns[place]) - history.origin_ns,
                reads=len(self.members[place]),
                puts=int(self.puts[place]),
                p50_ns=self.quantile_ns["p50"][place],
                p90_ns=self.quantile_ns["p90"][place],
                p99_ns=self.quantile_ns["p99"][place],
                dropped=self.dropped[place] or ("" if place in paired else NO_PARTNER),
            )
            for place in kept
        )


def _why_dropped(kind: int, puts: int, control: bool, has_reads: bool) -> str:
    if not has_reads:
        return "no successful read"
    if kind == WindowKind.QUIET and puts:
        return "a PUT was in flight though the window was quiet"
    if kind == WindowKind.WRITING and not puts and not control:
        return "no PUT was in flight though the window was for writing"
    return ""


def quantiles_by_group(history: History, members: list[Column]) -> dict[str, list[int | None]]:
    """The response time quantiles of each group of reads; None where a group is too small."""
    found: dict[str, list[int | None]] = {name: [] for name in QUANTILES}
    for group in members:
        rising = np.sort(times_of(history, "response", group))
        for name in QUANTILES:
            found[name].append(of_sorted(rising, PER_MILLE[name]))
    return found


def _overlap(history: History, table: _Table, tolerance: float) -> tuple[ImpactEstimate, ...]:
    """Reads that were due while a PUT was in flight against the others, window by window (or, without windows, not)."""
    chosen = [
        members
        for members, kind, why in zip(table.members, table.kind, table.dropped, strict=True)
        if kind == WindowKind.WRITING and not why
    ]
    if not chosen:
        return ()
    during = history.once(due_during_put)
    met = quantiles_by_group(history, [members[during[members]] for members in chosen])
    clear = quantiles_by_group(history, [members[~during[members]] for members in chosen])
    return tuple(
        estimate_ratio(name, log_ratios(list(zip(met[name], clear[name], strict=True))), tolerance, "writing window")
        for name in QUANTILES
    )


def _note(count: int) -> str:
    return f"{MOST_WINDOWS:,} of {count:,} windows are listed, evenly spaced." if count > MOST_WINDOWS else ""


def _sentence(history: History, estimates: tuple[ImpactEstimate, ...], table: _Table) -> str:
    settings = history.info.settings
    headline = next(estimate for estimate in estimates if estimate.quantile == HEADLINE)
    if not len(history.windows):
        return "Not asked: the run has no quiet windows to compare with (it wrote all the time, or ended too soon)."
    limit = units.ratio(settings.impact_tolerance)
    failing = [e.quantile for e in estimates if e.verdict is Verdict.FAIL]
    if headline.ratio is None:
        others = f" At {', '.join(failing)} reads are slower than the tolerated {limit}." if failing else ""
        return f"Impact at {HEADLINE} was {headline.text}; {_remedy(history, headline, table)}.{others}"
    low, high = units.ratio(headline.low), units.ratio(headline.high)
    ratio = units.ratio(headline.ratio)
    if settings.write_interval == 0:
        text = f"A/A control: nothing was written, and {HEADLINE} response times still differ by {ratio}"
    else:
        text = f"Response time at {HEADLINE} while writing is {ratio} of that while quiet"
    text += f" ({units.interval(low, high)}, {units.counted(headline.pairs, 'pair')} of windows)"
    if failing:
        return f"{text}: more than the tolerated {limit} at {', '.join(failing)}."
    if headline.verdict is Verdict.PASS:
        return f"{text}: within the tolerated {limit}."
    return f"{text}, which spans the tolerated {limit}: {_run_length(history, headline)}."


def _remedy(history: History, headline: ImpactEstimate, table: _Table) -> str:
    """What it takes to have the headline quantile at all: more windows, or windows with more reads."""
    pairs = table.used_pairs()
    reads = [len(table.members[place]) for pair in pairs for place in pair]
    if not reads or min(reads) >= LEAST_READS or len(pairs) <= headline.pairs:
        return _run_length(history, headline)
    few = (
        f"{units.counted(len(pairs), 'pair was', 'pairs were')} used, but windows hold as few as {min(reads):,} "
        f"successful reads, and {HEADLINE} takes at least {LEAST_READS}: read more often, or in longer windows"
    )
    return few if len(pairs) >= LEAST_PAIRS else f"{few}, and {_run_length(history, headline)}"


def _run_length(history: History, headline: ImpactEstimate) -> str:
    """What it would take to settle the question."""
    more = headline.more_pairs
    if more is None:
        return "with a tolerance of 1 no run would settle it"
    plan = history.info.plan
    window_s = plan.window_ns / 1e9 if plan and plan.window_ns else history.info.settings.window
    longer = f"{units.counted(more, 'more pair', 'more pairs')} of windows ({units.seconds(more * 2 * window_s * 1e9)})"
    if headline.ratio is None:
        return f"run at least {longer} longer"
    return f"about {longer} would settle it, unless the true ratio is that near the tolerance"
