"""Simulated runs against an atomic object, or one whose reads lag: what happened is known, down to each moment.

Each operation takes effect at one moment of its interval. A write of unknown outcome may take effect at any later time,
or never. Readers are sessions with one request in flight, partly conditional; the clock may be coarse.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from history_language import PAYLOAD_BYTES, ZERO_NS, build, run_info

from loadtest.run.history.history import History
from loadtest.run.records import (
    GENERATOR_DTYPE,
    NEVER_RETURNED,
    NO_VERSION,
    READ_DTYPE,
    WINDOW_DTYPE,
    WRITE_DTYPE,
    ReadOutcome,
    WriteOutcome,
    empty,
)

MS = 1_000_000
WINDOW = 100 * MS
PAIRS = 8


@dataclass(frozen=True)
class Simulated:
    """A run, and the truth about it: when each read looked, and when each write took effect (-1: never)."""

    history: History
    moment_ns: np.ndarray
    effect_ns: np.ndarray


def simulate(seed: int, *, lag_ns: int = 0) -> Simulated:
    """A run with random schedules; ``lag_ns``: every read sees the object as it was that long before."""
    random = np.random.default_rng(seed)
    granularity = int(random.choice([1, 1, 1000, MS]))
    windows = _windows(random)
    writes, effect = _writes(random, windows)
    reads, moment = _reads(random, effect, lag_ns)
    for table in (reads, writes):
        for column in ("scheduled_ns", "called_ns", "returned_ns"):
            times = table[column]
            times[times != NEVER_RETURNED] -= times[times != NEVER_RETURNED] % granularity
    reads, moment = _in_order(reads, moment)
    history = build(reads, writes, windows, samples=_samples(random), info=run_info(window=WINDOW / 1e9))
    return Simulated(history, moment, effect)


@cache
def healthy() -> History:
    """One correct run, and what was judged of it, once for all tests that only need one."""
    return simulate(3).history


@cache
def lagging() -> History:
    """The same, in which every read sees the object as it was 40 ms before."""
    return simulate(3, lag_ns=40 * MS).history


def _windows(random: np.random.Generator) -> np.ndarray:
    windows = empty(WINDOW_DTYPE, 2 * PAIRS)
    windows["index"] = np.arange(2 * PAIRS)
    windows["pair"] = windows["index"] // 2
    first = random.integers(0, 2, PAIRS)
    windows["kind"] = np.stack([first, 1 - first], axis=1).ravel()
    windows["start_ns"] = ZERO_NS + np.arange(2 * PAIRS) * WINDOW + WINDOW // 10
    windows["end_ns"] = windows["start_ns"] + WINDOW * 8 // 10
    return windows


def _writes(random: np.random.Generator, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Writes in the writing windows, most acknowledged, and when they took effect."""
    called = [ZERO_NS - 50 * MS]
    for window in windows[windows["kind"] == 1]:
        time = int(window["start_ns"]) + int(random.integers(0, 5 * MS))
        while time < window["end_ns"] - 20 * MS:
            called.append(time)
            time += int(random.integers(10 * MS, 40 * MS))
    writes = empty(WRITE_DTYPE, len(called))
    writes["version"] = np.arange(len(called))
    writes["called_ns"] = writes["scheduled_ns"] = called
    took = random.integers(0, 8 * MS, len(called))
    writes["returned_ns"] = writes["called_ns"] + took
    effect = writes["called_ns"] + (took * random.random(len(called))).astype(np.int64)
    kind = random.random(len(called))
    unknown, refused = (kind < 0.1) & (writes["version"] > 0), (kind > 0.95) & (writes["version"] > 0)
    writes["outcome"][unknown], writes["outcome"][refused] = WriteOutcome.UNKNOWN, WriteOutcome.REFUSED
    writes["returned_ns"][unknown] = NEVER_RETURNED
    writes["bytes"] = PAYLOAD_BYTES
    writes["etag"] = np.where(writes["outcome"] == WriteOutcome.ACKED, '"etag"', "")
    writes["error"] = ""
    late = unknown & (random.random(len(called)) < 0.5)
    effect[late] += random.integers(0, 300 * MS, int(late.sum()))
    effect[refused | (unknown & (random.random(len(called)) < 0.3))] = -1
    return writes, effect


def _reads(random: np.random.Generator, effect: np.ndarray, lag_ns: int) -> tuple[np.ndarray, np.ndarray]:
    happened = np.flatnonzero(effect >= 0)
    order = happened[np.argsort(effect[happened], kind="stable")]
    sessions = [_session(random, number, order, effect[order], lag_ns) for number in range(6)]
    return np.concatenate([reads for reads, _ in sessions]), np.concatenate([moments for _, moments in sessions])


def _session(
    random: np.random.Generator, session: int, order: np.ndarray, effect: np.ndarray, lag_ns: int
) -> tuple[np.ndarray, np.ndarray]:
    """What one reader read, and when each read looked; ``effect``: when the versions in ``order`` took effect."""
    length = 2 * PAIRS * WINDOW
    most = length // MS  # reads take two milliseconds and are two apart, on average
    took = random.lognormal(np.log(2 * MS), 0.5, most).astype(np.int64)
    called = np.cumsum(np.concatenate([random.integers(0, 5 * MS, 1), (took + random.integers(0, 4 * MS, most))[:-1]]))
    assert called[-1] > length
    count = int(np.searchsorted(called, length))
    called, took = ZERO_NS + called[:count], took[:count]
    moment = called + (took * random.random(count)).astype(np.int64)
    version = order[np.maximum(0, np.searchsorted(effect, moment - lag_ns, side="right") - 1)]
    failed = random.random(count) < 0.0003
    conditional = random.random(count) < random.choice([0.0, 0.5, 1.0])
    sent = np.where(conditional, _held(version, failed), NO_VERSION)
    unchanged = ~failed & (sent == version)
    reads = empty(READ_DTYPE, count)
    reads["session"] = session
    reads["scheduled_ns"] = called - random.integers(0, 2, count) * random.integers(0, MS, count)
    reads["called_ns"], reads["returned_ns"] = called, called + took
    reads["sent_version"] = sent
    reads["version"] = reads["etag_version"] = np.where(failed, NO_VERSION, version)
    reads["status"] = np.select([failed, unchanged], [500, 304], 200)
    outcomes = [ReadOutcome.SERVER_ERROR, ReadOutcome.NOT_MODIFIED]
    reads["outcome"] = np.select([failed, unchanged], [int(outcome) for outcome in outcomes], int(ReadOutcome.WHOLE))
    reads["body_bytes"] = np.where(reads["status"] == 200, PAYLOAD_BYTES, 0)
    return reads, moment


def _held(version: np.ndarray, failed: np.ndarray) -> np.ndarray:
    """The version that the reader holds before each read: that of its last read that did not fail."""
    last = np.maximum.accumulate(np.where(failed, -1, np.arange(len(version))))
    before = np.concatenate([[-1], last[:-1]])
    return np.where(before < 0, NO_VERSION, version[before])


def _samples(random: np.random.Generator) -> np.ndarray:
    samples = empty(GENERATOR_DTYPE, 200)
    samples["at_ns"] = ZERO_NS + np.arange(200) * 20 * MS
    samples["loop_delay_ns"] = random.integers(0, MS // 10, 200)
    return samples


def _in_order(reads: np.ndarray, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(reads["called_ns"], kind="stable")
    return reads[order], moment[order]
