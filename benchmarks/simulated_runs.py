"""Simulated runs whose truth is known, in the form of recorded ones: schedule, readers and judging are the real ones.

Latencies are log-normal around a drift (AR(1), 5 %) that does not depend on windows. Readers take turns; every other
read of a reader is conditional, and gets a whole document when one was put since the reader's last read, else a 304.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.autoregression import autoregressive
from loadtest.run.history.history import Column, History, Reads, Requests, Samples, Windows, Writes
from loadtest.run.history.looks import rests_until_decided
from loadtest.run.history.run_info import RunInfo
from loadtest.run.records import GENERATOR_DTYPE, NO_VERSION, ReadOutcome, WriteOutcome
from loadtest.run.schedule import Window, put_times, rests_for
from loadtest.run.schedule import WindowSchedule as Schedule
from loadtest.units import SECOND

RATE, READERS = 200, 20
WINDOW_S, WRITE_INTERVAL_S, TOLERANCE = 2.0, 0.5, 1.25
SIGMA, DRIFT_SD = 0.25, 0.05
PUT_NS: Final = 10_000_000
START_NS: Final = 1_000 * SECOND


@dataclass(frozen=True)
class Truth:
    """What a simulated target does. Factors are of the response time; times since the last PUT returned."""

    seconds: float = 120
    memory_s: float = 1.0
    whole_ms: float = 20.0
    unchanged_ms: float = 20.0  # a 304
    while_writing: float = 1.0  # factor for reads due in a writing window
    after: float = 1.0  # factor for reads due …
    after_from_s: float = 0.0  # … from
    after_to_s: float = 0.0  # … to so long after a PUT
    share: float = 1.0  # of the reads that the after-effect slows down
    only: str = ""  # it slows down reads of this kind of answer only: "200" or "304"
    conditional: bool = True
    rests: bool = True
    until_decided: bool = False  # rests are planned for the looks at such a run


def simulated(truth: Truth, seed: int) -> History:
    random = np.random.default_rng([seed, int(10 * truth.memory_s)])
    end = START_NS + int(truth.seconds * SECOND)
    plan_rests = rests_until_decided if truth.until_decided else rests_for
    rests = plan_rests(int(WINDOW_S * SECOND), int(truth.seconds * SECOND) if truth.rests else 0)
    schedule = Schedule(START_NS, int(WINDOW_S * SECOND), seed, rests)
    puts = []
    for put in put_times(schedule, int(WRITE_INTERVAL_S * SECOND)):
        if put >= end:
            break
        puts.append(put)
    called = np.array([START_NS - 2 * SECOND, *puts], dtype=np.int64)
    due: Column = START_NS + np.arange(int(truth.seconds * RATE), dtype=np.int64) * (SECOND // RATE)
    windows = schedule.whole_until(end)
    fetched = _fetched(due, called + PUT_NS, truth.conditional)
    took = _took(truth, random, schedule, due, called + PUT_NS, fetched)
    took = took * np.where(fetched, truth.whole_ms, truth.unchanged_ms) * 1e6
    return _history(truth, due, took.astype(np.int64), fetched, called, windows, schedule)


def _took(  # noqa: PLR0917 - what response times depend on
    truth: Truth, random: np.random.Generator, schedule: Schedule, due: Column, put: Column, fetched: Column
) -> Column:
    count = len(due)
    keep = np.exp(-1 / (truth.memory_s * RATE))
    noise = random.normal(0, DRIFT_SD * np.sqrt(1 - keep**2), count)
    noise[0] = random.normal(0, DRIFT_SD)
    drift: Column = autoregressive(noise, keep)
    took: Column = np.exp(random.normal(0, SIGMA, count) + drift)
    since = (due - put[np.maximum(np.searchsorted(put, due, side="right") - 1, 0)]) / SECOND
    touched = (since >= truth.after_from_s) & (since < truth.after_to_s) & (random.random(count) < truth.share)
    if truth.only:
        touched &= fetched == (truth.only == "200")
    took[touched] *= truth.after
    if truth.while_writing != 1:
        for window in schedule.whole_until(int(due[-1])):
            if window.kind == 1:
                took[np.searchsorted(due, window.start_ns) : np.searchsorted(due, window.end_ns)] *= truth.while_writing
    return took


def _fetched(due: Column, put: Column, conditional: bool) -> Column:
    number = np.arange(len(due))
    seen = np.searchsorted(put, due, side="right")
    before = np.concatenate([np.zeros(READERS, dtype=np.int64), seen[:-READERS]])
    asks = (number // READERS % 2 == 1) & conditional
    fetched: Column = ~asks | (seen != before)
    return fetched


def _history(  # noqa: PLR0917 - the columns of a run
    truth: Truth, due: Column, took: Column, fetched: Column, called: Column, windows: list[Window], schedule: Schedule
) -> History:  # fmt: skip
    count, none = len(due), np.full(len(due), NO_VERSION)
    reads = Reads(
        worker=np.zeros(count, dtype=np.int64),
        session=np.arange(count) % READERS,
        scheduled_ns=due,
        called_ns=due,
        returned_ns=due + took,
        status=np.where(fetched, 200, 304),
        version=np.zeros(count, dtype=np.int64),
        etag_version=none,
        sent_version=np.where(fetched, NO_VERSION, 0),
        body_bytes=np.zeros(count, dtype=np.int64),
        outcome=np.where(fetched, ReadOutcome.WHOLE, ReadOutcome.NOT_MODIFIED),
        address=np.zeros(count, dtype=np.uint8),
        widening_ns=np.broadcast_to(np.zeros(1, dtype=np.int64), count),
    )
    writes = Writes(
        version=np.arange(len(called)),
        scheduled_ns=called,
        called_ns=called,
        returned_ns=called + PUT_NS,
        gave_up_ns=called + PUT_NS,
        outcome=np.full(len(called), WriteOutcome.ACKED),
        etag=("",) * len(called),
        bytes=np.zeros(len(called), dtype=np.int64),
        error=("",) * len(called),
    )
    columns = ("index", "pair", "kind", "start_ns", "end_ns")
    table = Windows(**{name: np.array([getattr(one, name) for one in windows], dtype=np.int64) for name in columns})
    samples = Samples(**{name: np.zeros(0, dtype=np.int64) for name in GENERATOR_DTYPE.names or ()})
    nothing = np.zeros(0, dtype=np.int64)
    requests = Requests(nothing, nothing, nothing, ())
    return History(_info(schedule), reads, writes, table, samples, requests)


def _info(schedule: Schedule) -> RunInfo:
    settings = {
        "write_interval": WRITE_INTERVAL_S, "arrival_rate": float(RATE), "conditional_share": 0.5, "window": WINDOW_S,
        "max_staleness": 0.0, "impact_tolerance": TOLERANCE,
    }  # fmt: skip
    plan = {
        "start_ns": START_NS, "window_ns": schedule.length_ns, "guard_ns": schedule.guard_ns,
        "rest_windows": schedule.rests.windows, "rest_pairs": schedule.rests.pairs,
    }  # fmt: skip
    return RunInfo.model_validate(
        {"format": 1, "run": "simulated", "started": "", "clock": {"name": ""}, "settings": settings, "target": {},
         "plan": plan}
    )  # fmt: skip
