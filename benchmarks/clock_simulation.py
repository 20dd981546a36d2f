"""Whether the bound of another clock always holds, and how short a lag can be seen behind it.

    python -m benchmarks.clock_simulation [--runs N]

A run of a minute: four exchanges a second with a worker whose clock drifts as far as the bound allows for, over a
network with a delay of its own each way. In each run the bound must hold the truth at every read, and the smallest lag
that one of its reads proves is looked for. The last rows let the clock jump in the middle.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.options import parser
from loadtest import units
from loadtest.load.workers.workers import EXCHANGE_INTERVAL_OF_OTHER_CLOCKS_S
from loadtest.run.clocks.clock_bounds import EXCHANGE_DTYPE, PER_DRIFT, ClockBounds
from loadtest.units import SECOND

RUN_NS = 60 * SECOND
READS = 6_000
WRITE_EVERY_NS = SECOND
MILLISECOND = 1_000_000
Moments = NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """One way there and one back, each of a shortest delay and of what comes on top (exponential, the mean)."""

    name: str
    there_ns: int
    back_ns: int
    jitter_ns: int
    jump_ns: int = 0


NETWORKS = (
    Network("one rack: 0.1 ms each way, jitter 0.05 ms", MILLISECOND // 10, MILLISECOND // 10, MILLISECOND // 20),
    Network("one region: 0.5 ms each way, jitter 0.5 ms", MILLISECOND // 2, MILLISECOND // 2, MILLISECOND // 2),
    Network("two regions: 40 ms each way, jitter 2 ms", 40 * MILLISECOND, 40 * MILLISECOND, 2 * MILLISECOND),
    Network("other ways: 5 ms there, 75 ms back", 5 * MILLISECOND, 75 * MILLISECOND, 2 * MILLISECOND),
    Network("busy: 1 ms each way, jitter 50 ms", MILLISECOND, MILLISECOND, 50 * MILLISECOND),
    Network("one region, suspended for 5 s", MILLISECOND // 2, MILLISECOND // 2, MILLISECOND // 2, -5 * SECOND),
    Network("two regions, ahead by 10 h at once", 40 * MILLISECOND, 40 * MILLISECOND, 2 * MILLISECOND, 36_000 * SECOND),
)


@dataclass(frozen=True)
class Outcome:
    """One run: whether the bound held, how wide it was for 99 % of the reads, and the smallest lag that was proved."""

    held: bool
    seen: bool
    width_ns: int
    smallest_lag_ns: int


def main(arguments: list[str]) -> int:
    """Print the table; returns 1 when a bound did not hold."""
    options = parser("clock_simulation", __doc__)
    options.add_argument("--runs", type=int, default=1_000, help="runs of each network (1000)")
    runs = options.parse_args(arguments).runs
    print(f"{runs:,} runs of each network, a minute each, {READS:,} reads, a write each second\n")
    print("| network | the bound held | 99 % of reads known to (median run) | a lag found in 95 % of runs from |")
    print("|---|--:|--:|--:|")
    failed = False
    for number, network in enumerate(NETWORKS):
        random = np.random.default_rng(number)
        outcomes = [run(network, random) for _ in range(runs)]
        held = sum(outcome.held and outcome.seen for outcome in outcomes)
        failed |= held < runs
        width = int(np.median([outcome.width_ns for outcome in outcomes]))
        lag = int(np.quantile([outcome.smallest_lag_ns for outcome in outcomes], 0.95))
        print(f"| {network.name} | {held:,} of {runs:,} | {units.duration(width)} | {units.duration(lag)} |")
    return 1 if failed else 0


def run(network: Network, random: np.random.Generator) -> Outcome:
    jumps_at = int(random.integers(20 * SECOND, 40 * SECOND))
    clock = _clock(network, random, jumps_at)
    sent = np.arange(0, RUN_NS, round(EXCHANGE_INTERVAL_OF_OTHER_CLOCKS_S * SECOND))
    there = network.there_ns + random.exponential(network.jitter_ns, len(sent)).astype(np.int64)
    back = network.back_ns + random.exponential(network.jitter_ns, len(sent)).astype(np.int64)
    answered = _awake(sent + there, network, jumps_at)
    exchanges = np.zeros(len(sent), dtype=EXCHANGE_DTYPE)
    exchanges["sent_ns"], exchanges["remote_ns"], exchanges["received_ns"] = sent, clock(answered), answered + back
    bounds = ClockBounds.of(exchanges)
    called = _awake(np.sort(random.integers(0, RUN_NS, READS)), network, jumps_at)
    own = clock(called)
    earliest, latest = bounds.earliest(own), bounds.latest(own)
    acknowledged = called // WRITE_EVERY_NS * WRITE_EVERY_NS
    proved = (called - acknowledged)[earliest > acknowledged]
    return Outcome(
        held=bool((earliest <= called).all() and (called <= latest).all()),
        seen=bool(bounds.jumps) == bool(network.jump_ns),
        width_ns=int(np.quantile(latest - earliest, 0.99)),
        smallest_lag_ns=int(proved.min(initial=WRITE_EVERY_NS)),
    )


def _awake(moments: Moments, network: Network, jumps_at: int) -> Moments:
    """When a machine does what it was to do at each moment: later, where it was suspended then."""
    wakes_at = jumps_at - min(0, network.jump_ns)
    return np.where((jumps_at <= moments) & (moments < wakes_at), wakes_at, moments)


def _clock(network: Network, random: np.random.Generator, jumps_at: int) -> Callable[[Moments], Moments]:
    """From the master's clock to the worker's: an offset, a drift that turns each second, and perhaps a jump."""
    offset = int(random.integers(-(10**15), 10**15))
    drift = random.choice((-1, 0, 1), RUN_NS // SECOND + 20)
    sums = np.concatenate([[0], np.cumsum(drift)])
    changes_at = jumps_at - min(0, network.jump_ns)

    def reads(moments: Moments) -> Moments:
        told: Moments = moments + np.where(moments >= changes_at, network.jump_ns, 0)
        whole, part = np.divmod(moments + np.where(moments >= changes_at, min(0, network.jump_ns), 0), SECOND)
        told += offset + (sums[whole] * SECOND + drift[whole] * part) // (PER_DRIFT + 1)
        return told

    return reads


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
