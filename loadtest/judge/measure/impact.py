"""Do writes slow reads down? Ratio of response time while writing to while quiet, over pairs of windows.

The unit of statistics is the pair of windows, not the request: requests are correlated in time, and tests that take
them for independent cry wolf. For each pair and quantile, the logarithm of (quantile in the writing window / quantile
in the quiet one) is one observation, of which
:mod:`loadtest.judge.statistics.ratio_estimate` makes an estimate with its interval. What is
compared are reads of one kind of answer (:mod:`loadtest.judge.measure.like_with_like`).

A read belongs to the window in which it was due. A pair is dropped when one of its windows is missing, when a PUT was
in flight in the quiet one, or when none was in the writing one. A rest is a quiet window, of which the end counts. When
PUTs leave something behind (:mod:`loadtest.judge.measure.after_put`), only the pairs of a writing window and a rest
count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

import numpy as np

from loadtest.judge.measure.after_put import Rest, after_effect, level, rest_of, untouched
from loadtest.judge.measure.answer_mix import answer_mix, kind_impacts
from loadtest.judge.measure.flights import due_during_put, puts_within
from loadtest.judge.measure.impact_words import doubts_of, sentence
from loadtest.judge.measure.latency import response_ns, successful, window_of
from loadtest.judge.measure.like_with_like import Scale, Stretch, mixed, stretch
from loadtest.judge.measure.position import Placed, unlike_windows
from loadtest.judge.measure.unearned import unearned
from loadtest.judge.statistics.quantiles import PER_MILLE, groups, selected
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile, estimate_ratio, log_ratios, noise_floor
from loadtest.run.blocks import in_blocks, side_by_side
from loadtest.run.history import Column, History
from loadtest.run.records import Verdict, WindowKind
from loadtest.run.schedule import OPENING_PAIR
from loadtest.summary.slowdown import AfterEffect, ImpactEstimate
from loadtest.summary.speed import Impact, WindowRow

HEADLINE: Final[Quantile] = "p99"
"""The slowest percent of the reads is what a site's users notice, and what a PUT in flight would touch first."""
METHOD: Final = (
    "Reads of one kind of answer (200, 304) are compared, and the kinds put together with fixed weights. Per pair of "
    "windows, the logarithm of the ratio of the response time quantiles (writing / quiet); Hodges-Lehmann estimate "
    "over the pairs, 95 % interval from the Wilcoxon signed-rank distribution."
)
METHOD_OF_RESTS: Final = (
    "PUTs leave something behind, so writing windows are compared with the end of the rests, where it is over: per "
    "rest, the logarithm of the ratio of the response time quantiles; mean and Student's 95 % interval over the rests."
)
MOST_WINDOWS: Final = 2_000
NO_PARTNER: Final = "the other window of its pair is missing or not used"


def measure_impact(history: History) -> Impact:
    """The impact of writes on reads."""
    settings = history.info.settings
    tolerance = settings.impact_tolerance
    control = settings.write_interval == 0
    table = _Table.of(history, control)
    pairs = table.pairs
    scale = Scale.of([(found.quiet[-1], found.writing) for found in pairs])
    logs = [_logs(found, scale) for found in pairs]
    estimates = tuple(
        estimate_ratio(name, [found[name] for found in logs if name in found], tolerance, "pair of windows")
        for name in QUANTILES
    )
    after = None if control else after_effect(history, table.rests(), table.opening(), scale, tolerance)
    two = mixed([(found.quiet[-1], found.writing) for found in pairs])
    basis = "pairs"
    if after is not None and after.seen and all(found.ratio is not None for found in after.writing[-1:]):
        estimates, basis = after.writing, "rests"
    headline = next(estimate for estimate in estimates if estimate.quantile == HEADLINE)
    kinds = kind_impacts(history, pairs, scale, tolerance) if two else ()
    unlike = "" if control else unlike_windows(table.placed(logs), tolerance)
    found = Impact(
        method=METHOD if basis == "pairs" else METHOD_OF_RESTS,
        tolerance=tolerance,
        headline=HEADLINE,
        control=control,
        estimates=estimates,
        overlap=() if control else _overlap(history, table, tolerance),
        pairs_used=len(pairs),
        pairs_dropped=len(np.setdiff1d(history.windows.pair, [OPENING_PAIR])) - len(pairs),
        windows=table.rows(history),
        windows_note=_note(len(history.windows)),
        noise_floor=noise_floor(headline),
        sentence="",
        basis="pairs" if basis == "pairs" else "rests",
        kinds=kinds,
        mix=answer_mix(pairs) if two else None,
        felt=_felt(table, tolerance) if two else (),
        after=after,
    )
    doubts = (*doubts_of(found, unlike), *unearned(history, found, pairs))
    found = replace(found, verdict=_judge(found, doubts), doubts=doubts)
    least = min((found.least for found in pairs), default=0)
    return replace(found, sentence=sentence(history, found, doubts, least))


def verdict(impact: Impact) -> Verdict:
    """What the measurement comes to."""
    return impact.verdict


def _judge(impact: Impact, doubts: tuple[str, ...]) -> Verdict:
    """FAIL when anything is above the tolerance for certain; PASS when the headline is within it and nothing in doubt.

    Anything: a quantile, one of a kind of answer, a time after a PUT, or writing windows against the untouched level.
    """
    if failures(impact):
        return Verdict.FAIL
    if doubts:
        return Verdict.INCONCLUSIVE
    return next(estimate.verdict for estimate in impact.estimates if estimate.quantile == impact.headline)


def failures(impact: Impact) -> int:
    """How many of the things that are looked at are above the tolerance for certain."""
    after: tuple[AfterEffect, ...] = () if impact.after is None else (impact.after,)
    against_rests = [one for found in after if impact.basis == "pairs" for one in found.writing]
    verdicts = [
        *(estimate.verdict for estimate in impact.estimates),
        *(estimate.verdict for kind in impact.kinds for estimate in kind.estimates),
        *(lag.verdict for found in after for lag in found.lags),
        *(estimate.verdict for estimate in against_rests),  # where rests are the basis, they are the estimates
    ]
    return verdicts.count(Verdict.FAIL)


@dataclass(frozen=True, eq=False)
class Pair:
    """A writing window and the quiet one it is compared with: one stretch, or the pieces at the end of a rest."""

    quiet: tuple[Stretch, ...]
    writing: Stretch
    least: int  # reads in the smaller of the two
    places: tuple[int, int]  # of the quiet and of the writing window


def _logs(pair: Pair, scale: Scale) -> dict[Quantile, float]:
    """Logarithms of the ratios of a pair, at the quantiles that both sides have."""
    found = {}
    for name in QUANTILES:
        above, below = scale.value(pair.writing, name), level(scale, pair.quiet, name)
        if above is not None and below is not None:
            found[name] = math.log(max(1.0, above)) - below
    return found


@dataclass(frozen=True, eq=False)
class _Table:
    """What each window showed: reads, PUTs, response time quantiles, and why it is not used."""

    history: History
    pair: Column
    kind: Column
    members: list[Column]  # successful reads due in each window, by number
    puts: Column
    dropped: tuple[str, ...]
    quantile_ns: dict[str, list[int | None]]

    @staticmethod
    def of(history: History, control: bool) -> _Table:
        windows = history.windows
        ok, window = history.once(successful), history.once(window_of)
        small = np.int16 if len(windows) < 2**15 else np.int32
        place = in_blocks(len(ok), small, lambda block: np.where(ok[block], window[block], -1))
        members = groups(place, len(windows))
        found = quantiles_by_group(history, members)
        puts = puts_within(history, windows.start_ns, windows.end_ns)
        dropped = tuple(
            _why_dropped(int(kind), int(count), control, bool(len(reads)))
            for kind, count, reads in zip(windows.kind, puts, members, strict=True)
        )
        return _Table(history, windows.pair, windows.kind, members, puts, dropped, found)

    @cached_property
    def piece_ns(self) -> int:
        """How long a writing window is, and so the pieces that a rest is compared in; 0 without one."""
        windows = self.history.windows
        lengths = (windows.end_ns - windows.start_ns)[self.kind == WindowKind.WRITING]
        return int(np.median(lengths)) if len(lengths) else 0

    @cached_property
    def used_pairs(self) -> list[tuple[int, int]]:
        """Places of the (quiet or rest, writing) windows of each pair of which both are used."""
        places: dict[int, dict[bool, int]] = {}
        for place, (pair, kind, why) in enumerate(zip(self.pair, self.kind, self.dropped, strict=True)):
            if not why:
                places.setdefault(int(pair), {})[kind == WindowKind.WRITING] = place
        return [(two[False], two[True]) for two in places.values() if len(two) == 2]

    @cached_property
    def pairs(self) -> list[Pair]:
        """The same, with what their reads showed."""
        self.history.once(response_ns)  # before threads ask for it
        return side_by_side(self._pair, self.used_pairs)

    def _pair(self, two: tuple[int, int]) -> Pair:
        quiet, writing = two
        pieces = self.pieces(quiet) if self.kind[quiet] == WindowKind.REST else (self.stretch(quiet),)
        least = min(len(self.members[writing]), *(sum(map(len, piece.times.values())) for piece in pieces))
        return Pair(pieces, self.stretch(writing), least, two)

    def stretch(self, place: int) -> Stretch:
        """The reads of a window."""
        return stretch(self.history, self.members[place])

    def pieces(self, place: int) -> tuple[Stretch, ...]:
        """The end of a rest, in pieces."""
        due = self.history.reads.scheduled_ns[self.members[place]]
        order = np.argsort(due, kind="stable")
        windows = self.history.windows
        ends = int(windows.start_ns[place]), int(windows.end_ns[place])
        return untouched(self.history, due[order], self.members[place][order], *ends, self.piece_ns)[1]

    def rests(self) -> list[Rest]:
        """The rests that follow a writing window with which they make a pair."""
        return [
            rest_of(self.history, found.places[0], self.members[found.places[0]], found.writing, self.piece_ns)
            for found in self.pairs
            if self.kind[found.places[0]] == WindowKind.REST
        ]

    def opening(self) -> tuple[Stretch, ...]:
        """The end of the rest before the first PUT, in pieces."""
        first = [place for place, pair in enumerate(self.pair) if pair == OPENING_PAIR and not self.dropped[place]]
        return self.pieces(first[0]) if first else ()

    def placed(self, logs: list[dict[Quantile, float]]) -> list[Placed]:
        """The pairs of a quiet and a writing window, with what came before each."""

        def before(place: int) -> int | None:
            return int(self.kind[place - 1]) if place else None

        return [
            Placed(ratios, before(found.places[0]), before(found.places[1]))
            for found, ratios in zip(self.pairs, logs, strict=True)
            if self.kind[found.places[0]] == WindowKind.QUIET
        ]

    def rows(self, history: History) -> tuple[WindowRow, ...]:
        """The windows for the summary; evenly spaced ones when they are many."""
        windows = history.windows
        count = len(windows)
        paired = {place for pair in self.used_pairs for place in pair}
        paired |= {place for place in range(count) if windows.pair[place] == OPENING_PAIR}
        kept = np.unique(np.linspace(0, count - 1, min(count, MOST_WINDOWS)).astype(np.int64)) if count else ()
        return tuple(
            WindowRow(
                index=int(windows.index[place]),
                pair=int(windows.pair[place]),
                kind=_NAMES[WindowKind(int(windows.kind[place]))],
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


_NAMES: Final[dict[WindowKind, Literal["quiet", "writing", "rest"]]] = {
    WindowKind.QUIET: "quiet",
    WindowKind.WRITING: "writing",
    WindowKind.REST: "rest",
}


def _felt(table: _Table, tolerance: float) -> tuple[ImpactEstimate, ...]:
    """All kinds of answer together, over the pairs of a quiet and a writing window."""
    pairs = [two for two in table.used_pairs if table.kind[two[0]] == WindowKind.QUIET]
    return tuple(
        estimate_ratio(name, log_ratios([(values[writing], values[quiet]) for quiet, writing in pairs]), tolerance,
                       "pair of windows")
        for name, values in ((name, table.quantile_ns[name]) for name in QUANTILES)
    )  # fmt: skip


def _why_dropped(kind: int, puts: int, control: bool, has_reads: bool) -> str:
    if not has_reads:
        return "no successful read"
    if kind == WindowKind.QUIET and puts:
        return "a PUT was in flight though the window was quiet"
    if kind == WindowKind.REST and puts:
        return "a PUT was in flight though it was a rest"
    if kind == WindowKind.WRITING and not puts and not control:
        return "no PUT was in flight though the window was for writing"
    return ""


def quantiles_by_group(history: History, members: list[Column]) -> dict[str, list[int | None]]:
    """The response time quantiles of each group of reads; None where a group is too small."""
    response, wanted = history.once(response_ns), tuple(PER_MILLE[name] for name in QUANTILES)
    found = side_by_side(lambda group: selected(response[group], wanted), members)
    return {name: [row[place] for row in found] for place, name in enumerate(QUANTILES)}


def _overlap(history: History, table: _Table, tolerance: float) -> tuple[ImpactEstimate, ...]:
    """Reads that were due while a PUT was in flight against the others, window by window (or, without windows, not).

    A lower bound of what a PUT does to them: from here a PUT begins before it has reached the store and ends after it
    has left it, so some of these reads met none.
    """
    chosen = [
        members
        for members, kind, why in zip(table.members, table.kind, table.dropped, strict=True)
        if kind == WindowKind.WRITING and not why
    ]
    if not chosen:
        return ()
    during = history.once(due_during_put)

    def apart(members: Column) -> tuple[Stretch, Stretch]:
        met = during[members]
        return stretch(history, members[~met]), stretch(history, members[met])

    pairs = side_by_side(apart, chosen)
    scale = Scale.of(pairs)
    return tuple(
        estimate_ratio(
            name,
            log_ratios([(scale.value(met, name), scale.value(clear, name)) for clear, met in pairs]),
            tolerance,
            "writing window",
        )
        for name in QUANTILES
    )


def _note(count: int) -> str:
    return f"{MOST_WINDOWS:,} of {count:,} windows are listed, evenly spaced." if count > MOST_WINDOWS else ""
