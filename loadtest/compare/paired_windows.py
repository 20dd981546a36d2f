"""The pairs of windows of a duel: what the reads of both runs showed in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from loadtest.judge.measure.latency import response_ns
from loadtest.judge.measure.like_with_like import Stretch
from loadtest.judge.measure.paused_windows import PAUSED
from loadtest.judge.measure.window_pairs import WindowTable
from loadtest.run.history.history import Column, History
from loadtest.run.records import WindowKind

_OF_KIND: Final = {"quiet": WindowKind.QUIET, "writing": WindowKind.WRITING}


@dataclass(frozen=True, eq=False)
class Observed:
    """The pairs of windows of one kind of both runs: the successful reads of each."""

    stretches: tuple[tuple[Stretch, Stretch], ...]  # base, new
    times: tuple[tuple[Column, Column], ...]  # response times, all kinds of answer together
    dropped: int  # pairs with a window that is not used, or that one of the runs does not have
    paused: int = 0  # of these, the pairs that are left out only because a load generator paused


def observations(base: History, new: History, *, with_paused: bool = False) -> dict[str, Observed]:
    """The pairs of windows, by kind of window; ``with_paused`` includes those in which a load generator paused."""
    control = base.info.settings.write_interval == 0
    tables = tuple(WindowTable.of(run, control, with_paused=with_paused) for run in (base, new))
    places = [
        {(int(pair), int(kind)): place for place, (pair, kind) in enumerate(zip(table.pair, table.kind, strict=True))}
        for table in tables
    ]
    return {name: _observed(tables, places, kind) for name, kind in _OF_KIND.items()}


def _observed(
    tables: Sequence[WindowTable], places: Sequence[dict[tuple[int, int], int]], kind: WindowKind
) -> Observed:
    own = [{pair for pair, of_kind in by_pair if of_kind == kind} for by_pair in places]
    pairs = sorted(own[0] & own[1])
    unmatched = max(0, len(own[0] ^ own[1]) - 1)  # the last pair of a run may be beyond the end of the other
    stretches, times, paused = [], [], 0
    for pair in pairs:
        both = [(table, by_pair[pair, int(kind)]) for table, by_pair in zip(tables, places, strict=True)]
        if why := {table.dropped[place] for table, place in both} - {""}:
            paused += why == {PAUSED}
            continue
        stretches.append(tuple(table.stretch(place) for table, place in both))
        times.append(tuple(table.history.once(response_ns)[table.members[place]] for table, place in both))
    dropped = len(pairs) - len(stretches) + unmatched
    return Observed(tuple(stretches), tuple(times), dropped, paused)  # type: ignore[arg-type]
