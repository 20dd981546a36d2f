"""Correct read models of other people raise no alarm, and lag is recovered by what HEADs prove."""

import os
from random import Random

import pytest
from watched_world import World, no_finding, random_world

from loadtest.judge.analyse import summarise
from loadtest.judge.checks.fresh_reads import fresh_reads
from loadtest.judge.checks.monotonic_reads import inversions
from loadtest.judge.order.timeline import timeline
from loadtest.run.history.history import History
from loadtest.run.records import Verdict

HOW_MANY = int(os.environ.get("RANDOM_HISTORIES", "500"))
RUNS = int(os.environ.get("SIMULATED_RUNS", "100"))
"""So many of a thousand, others each time. `make test-thorough` judges all, and ten thousand small histories."""


def each_once(number: int) -> int:
    return number


def toggles(number: int) -> int:
    return number % 2


def comes_back(number: int) -> int:
    return number if number % 5 else 0


PUBLISHERS = (each_once, toggles, comes_back)


def test_correct_runs_that_were_watched_raise_no_alarm() -> None:
    """Publishers slower and faster than HEADs, documents that come once or again, and HEADs that fail."""
    passed = 0
    for seed in Random().sample(range(1000), RUNS):
        random = Random(seed)
        names = PUBLISHERS[seed % 3]
        gap = random.choice([(1, 30), (20, 60), (80, 200)])
        world = random_world(random, length=300, gap=gap, heads_every=random.choice([2, 10, 40]), names=names)
        history = world.history()
        passed += no_finding(history)[0].verdict is Verdict.PASS
    assert passed > RUNS / 10  # and they were not silent for lack of evidence


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_summary_of_a_watched_run_has_no_check_that_crashed(seed: int) -> None:
    world = random_world(Random(seed), length=3000, gap=(80, 200), heads_every=10, names=each_once)
    summary = summarise(world.history())
    assert [check.error for check in summary.checks if check.error] == []
    assert not any(check.verdict is Verdict.FAIL for check in summary.checks)


@pytest.mark.parametrize("lag", [40, 100])
def test_lag_is_recovered_from_below_and_wider_by_a_gap_between_two_heads(lag: int) -> None:
    """What is certain is never more than the lag; the interval is wider than that of an own PUT by the HEADs'."""
    for seed in range(30):
        world = random_world(
            Random(seed), length=3000, gap=(200, 300), heads_every=10, names=each_once, lag=lag, read_takes=2, pause=3
        )
        history = world.history()
        result = fresh_reads(history)
        assert result.verdict is Verdict.FAIL
        least, most = (number.value for number in result.numbers if "staleness" in number.name)
        assert lag - 30 <= least <= lag <= most <= lag + 30


def stale_by_proof(world: World, history: History) -> list[bool]:
    """The definition, taken literally: a HEAD had returned a newer document before the read was called.

    For documents that come once. ``seen``: when the first HEAD returned each of them.
    """
    seen = {}
    for version, etag in enumerate(history.writes.etag):
        seen[etag] = (version, int(history.writes.returned_ns[version]))
    stale = []
    for version, called in zip(history.reads.version.tolist(), history.reads.called_ns.tolist(), strict=True):
        newer = [of for of, when in seen.values() if of > version >= 0 and when < called]
        stale.append(bool(newer))
    return stale


def test_a_brute_force_checker_agrees_on_many_small_watched_runs() -> None:
    """Correct ones and ones that lag: what is stale is exactly what HEADs prove, and each document is what it is."""
    random = Random(7)
    for _ in range(HOW_MANY):
        lag = random.choice([0, 0, 3, 8])
        world = random_world(
            random, length=25, gap=(2, 12), heads_every=random.choice([1, 3, 6]), names=each_once, lag=lag,
            sessions=2, read_takes=3, pause=6,
        )  # fmt: skip
        if not world.rows:
            continue
        history = world.history()
        times = history.once(timeline)
        assert (times.behind > 0).tolist() == stale_by_proof(world, history)
        assert not times.phantom.any()
        if not lag:
            no_finding(history)
        going_back(world, history)


def going_back(world: World, history: History) -> None:
    """Whoever is said to have gone back was given an older document than before, in truth."""
    order = {name: place for place, (_, name) in enumerate(world.published)}
    tags = {f'"{world.tag(name)}"': name for name in order}
    truth = [order[tags[etag]] for etag in history.writes.etag]
    for read in inversions(history).tolist():
        version = int(history.reads.version[read])
        before = (history.reads.returned_ns < history.reads.called_ns[read]) & (history.reads.version > version)
        assert before.any()
        assert all(truth[newer] > truth[version] for newer in history.reads.version[before].tolist())
