"""Watching, workers elsewhere, places and several addresses in one run: each alone is tested elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest
from history_language import ZERO_NS, build, run_info
from simulation import simulate
from test_addresses import at_two, beside
from test_places import from_two
from test_watched_runs import FINDERS, each_once, no_finding
from watched_world import World

from loadtest.judge.analyse import summarise
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.run.attendance import Attendance, Attendant
from loadtest.run.clock_bounds import EXCHANGE_DTYPE, ClockBounds
from loadtest.run.clocks import how_uncertain, widened
from loadtest.run.entity_tags import SpooledReads
from loadtest.run.history import History
from loadtest.run.observed.journal import Watched, watched_from
from loadtest.run.observed.naming import name_observed
from loadtest.run.observed.without_a_store import name_alone
from loadtest.run.records import WRITE_DTYPE, Verdict
from loadtest.run.run_info import RunInfo
from loadtest.run.spool_format import SPOOLED_READ_DTYPE
from loadtest.summary.summary import Summary

AHEAD_NS = 36_000_000_000_000
"""The clock of the worker in Tokyo is ten hours ahead."""
LENGTH, HEADS = 3_000, 10
Lag = Callable[[int, int], int]


def exchanges(random: Random) -> ClockBounds:
    """What the master and the worker in Tokyo heard of each other's clocks, over a network of a few nanoseconds."""
    rows = []
    for at in range(-50, LENGTH + 100, 40):
        there, back = random.randint(1, 8), random.randint(1, 8)
        rows.append((ZERO_NS + at, ZERO_NS + at + there + AHEAD_NS, ZERO_NS + at + there + back))
    return ClockBounds.of(np.array(rows, dtype=EXCHANGE_DTYPE))


def in_two_places(info: RunInfo, uncertain: dict[str, int], end_ns: int) -> RunInfo:
    """Oslo beside the master, Tokyo far from it; both read at both addresses."""
    processes = [
        Attendant(role="worker", share=share, shares=2, began=True, until_ns=end_ns, closed=True, place=place)
        for share, place in enumerate(("Oslo", "Tokyo"))
    ]
    return at_two(info).model_copy(
        update={"attendance": Attendance(processes=processes), "clock_uncertainty_ns": uncertain}
    )


def read_from_two_places(random: Random, lag: Lag = lambda worker, address: 0, *, sessions: int = 3) -> list[World]:
    """Two workers, each with readers at two addresses, beside one publisher and one watcher."""
    published, time, number = [(-10 * LENGTH, 0)], random.randint(200, 300), 0
    while time < LENGTH:
        number += 1
        published.append((time, each_once(number)))
        time += random.randint(200, 300)
    worlds = [World(published), World(published)]
    heads, time = [], -3 * HEADS
    while time < LENGTH + HEADS:
        took = random.randint(0, 3)
        heads.append(worlds[0].head(time, time + took, random.randint(time, time + took)))
        time += took + random.randint(0, HEADS)
    worlds[0].watch(heads, HEADS)
    begins = heads[0].returned_ns - ZERO_NS
    for worker, world in enumerate(worlds):
        ahead = worker * AHEAD_NS
        for session in range(2 * sessions):
            address, time, asks = session % 2, max(0, begins) + random.randint(0, 6), random.random() < 0.5
            while time < LENGTH:
                took = random.randint(0, 4)
                name = world.current(random.randint(time, time + took) - lag(worker, address))
                world.read(session, time + ahead, time + took + ahead, name, asks=asks)
                world.rows[-1] = (*world.rows[-1][:-1], address)
                time += took + random.randint(0, 6)
    return worlds


def spooled(worlds: list[World]) -> tuple[list[SpooledReads], list[list[Any]]]:
    parts = [
        SpooledReads(worker, np.array(world.rows, dtype=SPOOLED_READ_DTYPE), world.etags)
        for worker, world in enumerate(worlds)
    ]
    return parts, [world.lines for world in worlds]


def watched(random: Random, lag: Lag = lambda worker, address: 0) -> History:
    """What is judged of a run that watched."""
    worlds, clocks = read_from_two_places(random, lag), {1: exchanges(random)}
    said, writes = watched_from(worlds[0].journal.notes), worlds[0].journal.table()
    settled = partial(widened, clocks=clocks, not_before_ns=int(writes["returned_ns"][0]))
    named = name_observed(*spooled(worlds), writes, Watched.model_validate(said), settled)
    info = run_info(writer="watch", write_interval=0.0, window=0.0)
    uncertain = {str(worker): width for worker, width in how_uncertain(clocks, named.reads).items()}
    told = {"unseen": named.unseen, "vouched": named.vouched, "same_bytes": named.same_bytes}
    watch = Watched.model_validate({**said, **told})
    info = in_two_places(info, uncertain, int(named.reads["returned_ns"].max()))
    return build(named.reads, writes, info=info.model_copy(update={"watch": watch}))


def unwatched(random: Random) -> History:
    """What is judged of a run that asked no store."""
    worlds, clocks = read_from_two_places(random), {1: exchanges(random)}
    for world in worlds:
        for number, (_, name) in enumerate(world.published):
            when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=10 * number)
            world.modified(name, format_datetime(when, usegmt=True))
    first = np.zeros(1, dtype=WRITE_DTYPE)
    first["called_ns"], first["returned_ns"] = ZERO_NS - 1000, ZERO_NS - 900
    first["etag"], first["error"] = "", ""
    settled = partial(widened, clocks=clocks, not_before_ns=int(first["returned_ns"][0]))
    alone = name_alone(*spooled(worlds), first, settled)
    said = {"documents": alone.documents, "in_order": alone.in_order, "came_back": alone.came_back}
    info = in_two_places(run_info(writer="none", write_interval=0.0, window=0.0), {}, ZERO_NS + LENGTH)
    return build(alone.reads, alone.writes, info=info.model_copy(update={"watch": Watched.model_validate(said)}))


def parts_of(history: History) -> list[History]:
    """The run as a whole, each address, each place, and each place at each address."""
    at = [history, history.at(0), history.at(1)]
    return at + [part.of_workers([worker]) for part in at for worker in (0, 1)]


def test_correct_runs_raise_no_alarm_in_any_of_their_parts() -> None:
    passed = 0
    for seed in range(25):
        history = watched(Random(seed))
        assert history.reads.known_to_a_bound
        for part in parts_of(history):
            no_finding(part)
            passed += fresh_reads(part).verdict is Verdict.PASS
    assert passed > 100  # and they were not silent for lack of evidence


def test_correct_runs_that_asked_no_store_raise_no_alarm_in_any_of_their_parts() -> None:
    for seed in range(10):
        for part in parts_of(unwatched(Random(seed))):
            assert {check.__name__: check(part).found for check in FINDERS} == {check.__name__: 0 for check in FINDERS}


def freshness(summary: Summary) -> dict[str, Verdict]:
    at = {row.url: row.verdicts[2] for row in summary.addresses}
    return at | {row.place: row.verdicts[2] for row in summary.places}


def only_there_is_a_finding(summary: Summary) -> None:
    """A fault at one address near one place FAILs the run, that address and that place, and nothing else."""
    assert not [check.error for check in summary.checks if check.error]
    assert summary.verdict is Verdict.FAIL and summary.questions[2].verdict is Verdict.FAIL
    verdicts = freshness(summary)
    assert len(verdicts) == 4
    failing = {name for name, verdict in verdicts.items() if verdict is Verdict.FAIL}
    assert failing == {"https://cdn.example/v1/samples", "Tokyo"}
    assert [row.stale_reads > 0 for row in summary.addresses] == [False, True]
    assert [row.stale_reads > 0 for row in summary.places] == [False, True]


@pytest.mark.parametrize("seed", range(2))
def test_a_lag_at_one_address_near_one_place_is_found_there_and_nowhere_else(seed: int) -> None:
    summary = summarise(watched(Random(seed), lambda worker, address: 120 * worker * address))
    only_there_is_a_finding(summary)
    assert [place.clock_uncertainty_ns > 0 for place in summary.places] == [False, True]


def test_the_same_where_this_suite_writes() -> None:
    healthy, lagging = simulate(3).history, simulate(3, lag_ns=40_000_000).history
    only_there_is_a_finding(summarise(from_two(beside(healthy, healthy), beside(healthy, lagging, 0.5))))
