"""The bound of another clock holds the truth whatever the network and the clocks do, within the stated drift."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.clock_simulation import NETWORKS, Network, run
from loadtest.run.clocks.clock_bounds import EXCHANGE_DTYPE, PER_DRIFT, ClockBounds

SECOND = 10**9


class Clock:
    """A clock that drifts as far as is allowed, now ahead and now behind, and may stand still once (suspended)."""

    def __init__(self, draw: random.Random, offset_ns: int, jump_ns: int = 0) -> None:
        self.offset_ns, self.jump_ns = offset_ns, jump_ns
        self.jumps_at_ns = 30 * SECOND
        self.turns = [draw.choice((-1, 0, 1)) for _ in range(100)]

    def reads(self, true_ns: int) -> int:
        whole, part = divmod(true_ns, SECOND)
        drifted = (sum(self.turns[:whole]) * SECOND + self.turns[whole] * part) // (PER_DRIFT + 1)
        return true_ns + self.offset_ns + drifted + (self.jump_ns if true_ns >= self.jumps_at_ns else 0)


def exchanges(draw: random.Random, clock: Clock, slowest_ns: int) -> np.ndarray:
    """One or several a second; each way takes its own time, often much longer in one direction."""
    rows, sent = [], 0
    while sent < 60 * SECOND:
        there, back = draw.randrange(1, slowest_ns), draw.randrange(1, 1 + slowest_ns // draw.choice((1, 10, 1000)))
        rows.append((sent, clock.reads(sent + there), sent + there + back))
        sent += draw.randrange(SECOND // 10, 2 * SECOND)
    return np.array(rows, dtype=EXCHANGE_DTYPE)


@given(
    seed=st.integers(0, 2**32),
    offset_ns=st.integers(-(10**16), 10**16),
    slowest_ns=st.integers(10**4, 5 * SECOND),
    jump_ns=st.sampled_from((0, 0, 50_000_000, -50_000_000, 36_000 * SECOND)),
)
def test_the_truth_is_within_the_bound(seed: int, offset_ns: int, slowest_ns: int, jump_ns: int) -> None:
    draw = random.Random(seed)
    clock = Clock(draw, offset_ns, jump_ns)
    bounds = ClockBounds.of(exchanges(draw, clock, slowest_ns))
    true = np.array(sorted(draw.randrange(0, 65 * SECOND) for _ in range(200)))
    own = np.array([clock.reads(int(moment)) for moment in true])
    if jump_ns < 0:  # a clock that goes back has two moments of one name; the bound is of clocks that do not
        true, own = true[(true < 25 * SECOND)], own[(true < 25 * SECOND)]
    earliest, latest = bounds.earliest(own), bounds.latest(own)
    seen = bool(bounds.jumps) or jump_ns <= 2 * slowest_ns
    assert seen, "a jump longer than any exchange is seen"
    if jump_ns and not bounds.jumps:
        return  # nothing can show it
    if jump_ns == 0:
        assert not bounds.jumps
    assert (earliest <= true).all()
    assert (true <= latest).all()
    assert (np.diff(earliest[np.argsort(own, kind="stable")]) >= 0).all()
    assert (np.diff(latest[np.argsort(own, kind="stable")]) >= 0).all()


def test_a_jump_is_told_with_its_size_and_both_sides_stay_tight() -> None:
    draw = random.Random(1)
    clock = Clock(draw, 7 * SECOND, 5 * SECOND)
    bounds = ClockBounds.of(exchanges(draw, clock, 1_000_000))
    (jump,) = bounds.jumps
    assert jump.by_ns == pytest.approx(5 * SECOND, abs=30_000_000)
    before, after = np.array([clock.reads(20 * SECOND)]), np.array([clock.reads(40 * SECOND)])
    for moment in (before, after):
        assert int((bounds.latest(moment) - bounds.earliest(moment))[0]) < 5_000_000


def test_the_shortest_exchange_near_a_moment_bounds_it() -> None:
    exchange = np.array([(0, 5_000_000_500, 1_000), (SECOND, 6_400_000_000, SECOND + 800_000_000)], EXCHANGE_DTYPE)
    bounds = ClockBounds.of(exchange)
    assert bounds.earliest(np.array([5_000_000_500])).tolist() == [0]
    assert bounds.latest(np.array([5_000_000_500])).tolist() == [1_000]
    a_second_later = np.array([6_000_000_500])
    width = int((bounds.latest(a_second_later) - bounds.earliest(a_second_later))[0])
    assert width == 1_000 + 2 * SECOND // PER_DRIFT


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name.partition(":")[0])
def test_the_bound_holds_over_each_network_of_the_benchmark(network: Network) -> None:
    for seed in range(5):
        outcome = run(network, np.random.default_rng(seed))
        assert outcome.held
        assert outcome.seen
        assert outcome.smallest_lag_ns <= outcome.width_ns
