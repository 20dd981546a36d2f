"""The windows of a run: which of them are used, in which pairs, and what the reads of each showed.

A read belongs to the window in which it was due. A pair is dropped when one of its windows is missing, when a PUT was
in flight in the quiet one, when none was in the writing one, or when the load generator itself paused in one of them.
Of a rest, only the end counts as quiet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from loadtest.judge.measure.flights import puts_within
from loadtest.judge.measure.latency import response_ns
from loadtest.judge.measure.like_with_like import Stretch, stretch
from loadtest.judge.measure.paused_windows import PAUSED, paused_windows
from loadtest.judge.measure.populations import successful, window_of
from loadtest.judge.measure.position import Placed
from loadtest.judge.measure.rests import Rest, rest_of, untouched
from loadtest.judge.statistics.by_group import by_group
from loadtest.judge.statistics.quantiles import PER_MILLE, selected
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile
from loadtest.run.history.blocks import in_blocks, rising_run, side_by_side
from loadtest.run.history.history import Column, History
from loadtest.run.records import WindowKind
from loadtest.run.schedule import OPENING_PAIR
from loadtest.summary.speed import WindowRow

MOST_WINDOWS: Final = 2_000
NO_READ: Final = "no successful read"
STILL_IN_FLIGHT: Final = "a PUT was in flight though the window was quiet"
NO_PARTNER: Final = "the other window of its pair is missing or not used"


@dataclass(frozen=True, eq=False)
class Pair:
    """A writing window and the quiet one it is compared with: one stretch, or the pieces at the end of a rest."""

    quiet: tuple[Stretch, ...]
    writing: Stretch
    least: int  # reads in the smaller of the two
    places: tuple[int, int]  # of the quiet and of the writing window


@dataclass(frozen=True, eq=False)
class WindowTable:
    """What each window showed: reads, PUTs, response time quantiles, and why it is not used."""

    history: History
    pair: Column
    kind: Column
    members: list[Column]  # successful reads due in each window, by number
    puts: Column
    dropped: tuple[str, ...]
    quantile_ns: dict[str, list[int | None]]

    @staticmethod
    def of(history: History, control: bool, *, with_paused: bool = False) -> WindowTable:
        """The windows of a run; in a ``control`` a writing window needs no PUT.

        Those in which the load generator paused are used only ``with_paused``.
        """
        windows = history.windows
        ok, window = history.once(successful), history.once(window_of)
        small = np.int16 if len(windows) < 2**15 else np.int32
        place = in_blocks(len(ok), small, lambda block: np.where(ok[block], window[block], -1))
        (members,) = by_group(place, len(windows), lambda block: np.arange(block.start, block.stop))
        quantile_ns = _quantiles_by_group(history, members)
        puts = puts_within(history, windows.start_ns, windows.end_ns)
        paused = np.zeros(len(windows), dtype=np.bool_) if with_paused else history.once(paused_windows)
        dropped = tuple(
            _why_dropped(int(kind), int(count), control, bool(len(reads))) or (PAUSED if pause else "")
            for kind, count, reads, pause in zip(windows.kind, puts, members, paused, strict=True)
        )
        return WindowTable(history, windows.pair, windows.kind, members, puts, dropped, quantile_ns)

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
    def left_out(self) -> int:
        """How many windows are left out only because the load generator paused."""
        return self.dropped.count(PAUSED)

    @cached_property
    def pairs(self) -> list[Pair]:
        """The same, with what their reads showed."""
        return side_by_side(self._pair, self.used_pairs, len(self.history.reads))

    def _pair(self, two: tuple[int, int]) -> Pair:
        quiet, writing = two
        pieces = self.pieces(quiet) if self.kind[quiet] == WindowKind.REST else (self.stretch(quiet),)
        least = min(len(self.members[writing]), *(sum(map(len, piece.times.values())) for piece in pieces))
        return Pair(pieces, self.stretch(writing), least, two)

    def stretch(self, place: int) -> Stretch:
        return stretch(self.history, rising_run(self.members[place]))

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
            rest_of(self.history, pair.places[0], self.members[pair.places[0]], pair.writing, self.piece_ns)
            for pair in self.pairs
            if self.kind[pair.places[0]] == WindowKind.REST
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
            Placed(ratios, before(pair.places[0]), before(pair.places[1]))
            for pair, ratios in zip(self.pairs, logs, strict=True)
            if self.kind[pair.places[0]] == WindowKind.QUIET
        ]

    @property
    def note(self) -> str:
        """Why not all windows are in the rows; "" when they are."""
        count = len(self.history.windows)
        return f"{MOST_WINDOWS:,} of {count:,} windows are listed, evenly spaced." if count > MOST_WINDOWS else ""

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


def _why_dropped(kind: int, puts: int, control: bool, has_reads: bool) -> str:
    if not has_reads:
        return NO_READ
    if kind == WindowKind.QUIET and puts:
        return STILL_IN_FLIGHT
    if kind == WindowKind.REST and puts:
        return "a PUT was in flight though it was a rest"
    if kind == WindowKind.WRITING and not puts and not control:
        return "no PUT was in flight though the window was for writing"
    return ""


def _quantiles_by_group(history: History, members: list[Column]) -> dict[str, list[int | None]]:
    """The response time quantiles of each group of reads; None where a group is too small."""
    response, wanted = history.once(response_ns), tuple(PER_MILLE[name] for name in QUANTILES)
    found = side_by_side(lambda group: selected(np.array(response[rising_run(group)]), wanted), members, len(response))
    return {name: [row[place] for row in found] for place, name in enumerate(QUANTILES)}
