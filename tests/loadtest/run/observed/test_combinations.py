"""Watching, workers elsewhere, places and several addresses in one run: each alone is tested elsewhere."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import numpy as np
import pytest
from altered import at_two, beside, from_two, workers_at
from history_language import ZERO_NS, build
from simulation import healthy, lagging
from watched_world import FINDERS, World, between, heads_of, no_finding, unwatched_by, watched_by

from loadtest.judge.analyse import summarise
from loadtest.run.clocks.clock_bounds import EXCHANGE_DTYPE, ClockBounds
from loadtest.run.clocks.clocks import how_uncertain
from loadtest.run.history.history import History
from loadtest.run.history.run_info import RunInfo
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

AHEAD_NS = 36_000_000_000_000
"""The clock of the worker in Tokyo is ten hours ahead."""
LENGTH, HEADS = 3_000, 10
Lag = Callable[[int, int], int]


def exchanges(random: Random) -> ClockBounds:
    """What the master and the worker in Tokyo heard of each other's clocks, over a network of a few nanoseconds."""
    rows = []
    for at in range(-50, LENGTH + 100, 40):
        there, back = between(random, 1, 8), between(random, 1, 8)
        rows.append((ZERO_NS + at, ZERO_NS + at + there + AHEAD_NS, ZERO_NS + at + there + back))
    return ClockBounds.of(np.array(rows, dtype=EXCHANGE_DTYPE))


def in_two_places(info: RunInfo, uncertain: dict[str, int], end_ns: int) -> RunInfo:
    """Oslo beside the master, Tokyo far from it; both read at both addresses."""
    workers = workers_at(("Oslo", "Tokyo"), end_ns)
    return at_two(info).model_copy(update={"attendance": workers, "clock_uncertainty_ns": uncertain})


def read_from_two_places(random: Random, lag: Lag = lambda worker, address: 0, *, sessions: int = 3) -> list[World]:
    """Two workers, each with readers at two addresses, beside one publisher and one watcher."""
    published, time = [(-10 * LENGTH, 0)], between(random, 200, 300)
    while time < LENGTH:
        published.append((time, len(published)))
        time += between(random, 200, 300)
    worlds = [World(published), World(published)]
    heads = heads_of(worlds[0], random, LENGTH, HEADS)
    worlds[0].watch(heads, HEADS)
    begins = heads[0].returned_ns - ZERO_NS
    for worker, world in enumerate(worlds):
        ahead = worker * AHEAD_NS
        for session in range(2 * sessions):
            address, time, asks = session % 2, max(0, begins) + between(random, 0, 6), random.random() < 0.5
            while time < LENGTH:
                took = between(random, 0, 4)
                name = world.current(between(random, time, time + took) - lag(worker, address))
                world.read(session, time + ahead, time + took + ahead, name, asks=asks)
                world.rows[-1] = (*world.rows[-1][:-1], address)
                time += took + between(random, 0, 6)
    return worlds


def watched(random: Random, lag: Lag = lambda worker, address: 0) -> History:
    """What is judged of a run that watched."""
    worlds, clocks = read_from_two_places(random, lag), {1: exchanges(random)}
    reads, writes, info = watched_by(worlds, clocks)
    uncertain = {str(worker): width for worker, width in how_uncertain(clocks, reads).items()}
    return build(reads, writes, info=in_two_places(info, uncertain, int(reads["returned_ns"].max())))


def unwatched(random: Random) -> History:
    """What is judged of a run that asked no store."""
    worlds, clocks = read_from_two_places(random), {1: exchanges(random)}
    for world in worlds:
        for number, (_, name) in enumerate(world.published):
            when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=10 * number)
            world.modified(name, format_datetime(when, usegmt=True))
    reads, writes, info = unwatched_by(worlds, clocks)
    return build(reads, writes, info=in_two_places(info, {}, ZERO_NS + LENGTH))


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
            passed += no_finding(part)[0].verdict is Verdict.PASS  # that of fresh reads
    assert passed > 100  # and they were not silent for lack of evidence


def test_correct_runs_that_asked_no_store_raise_no_alarm_in_any_of_their_parts() -> None:
    for seed in range(10):
        for part in parts_of(unwatched(Random(seed))):
            assert {check.__name__: check(part).found for check in FINDERS} == {check.__name__: 0 for check in FINDERS}


def only_there_is_a_finding(summary: Summary) -> None:
    """A fault at one address near one place FAILs the run, that address and that place, and nothing else."""
    assert not [check.error for check in summary.checks if check.error]
    assert summary.verdict is Verdict.FAIL and summary.questions[2].verdict is Verdict.FAIL
    verdicts = {row.url: row.verdicts[2] for row in summary.addresses}
    verdicts |= {row.place: row.verdicts[2] for row in summary.places}
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
    only_there_is_a_finding(summarise(from_two(beside(healthy(), healthy()), beside(healthy(), lagging(), 0.5))))
