"""Moments in which the load generator itself paused, and the figures that these pauses explain.

A pause (the machine was busy elsewhere, the process was stopped, memory was cleaned up) delays every read that was due
or under way in its process. A few pauses do not move p50 to p99, but they can make the slowest reads of a run. Such
figures are the generator's own, and reports mark them. ::

    generator  ──────────┤ pause ├──────────
    read               ├───────────┤           spent most of its time in the pause: tells about the generator
    read                             ├──┤      did not
    read       ├────────────────────────────┤  met the pause, and is slow for another reason
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.measure.latency import measure_latency, times_of
from loadtest.judge.measure.populations import members_of
from loadtest.judge.statistics.quantiles import rank
from loadtest.run.history.blocks import in_blocks
from loadtest.run.history.history import Column, Flags, History
from loadtest.summary.generator import GeneratorPause, PausedQuantile
from loadtest.summary.speed import Quantiles

MOST_PAUSES: Final = 50
_ORDER: Final = ("p50", "p90", "p95", "p99", "p99.9", "max")


def pauses(history: History, longer_than_ns: float) -> tuple[Column, Column, Column]:
    """Worker, start and end of the pauses longer than ``longer_than_ns``, in order of worker, then time."""
    samples = history.samples
    long = samples.loop_delay_ns > longer_than_ns
    return samples.worker[long], (samples.at_ns - samples.loop_delay_ns)[long], samples.at_ns[long]


def longest_pauses(history: History, found: tuple[Column, Column, Column]) -> tuple[GeneratorPause, ...]:
    """The longest of the pauses ``found``, in order of time."""
    worker, start, end = found
    longest = np.argsort(start - end, kind="stable")[:MOST_PAUSES]
    return tuple(
        GeneratorPause(int(worker[place]), int(start[place]) - history.origin_ns, int(end[place] - start[place]))
        for place in longest[np.lexsort((worker[longest], start[longest]))]
    )


def paused_quantiles(history: History, found: tuple[Column, Column, Column]) -> tuple[PausedQuantile, ...]:
    """The quantiles where at least half of the reads that were as slow, or slower, had mostly waited for a pause."""
    reads, explained = history.reads, []
    for time, since in (("response", reads.scheduled_ns), ("service", reads.called_ns)):
        waited = np.flatnonzero(_waited(history, since, found))
        if not len(waited):
            continue
        for row in history.once(measure_latency).rows:
            members = members_of(history, row.population)
            own = times_of(history, time, waited[members[waited]])
            for quantile, value, least in _as_slow(row.response if time == "response" else row.service):
                slow = 2 * int(np.count_nonzero(own >= value))
                # At least so many are as slow; more of them only where values are equal, so it is rarely counted.
                if slow >= least and slow >= int(np.count_nonzero(times_of(history, time, members) >= value)):
                    explained.append(PausedQuantile(row.population, time, quantile))  # type: ignore[arg-type]
    return tuple(explained)


def _as_slow(found: Quantiles) -> list[tuple[str, int, int]]:
    """The known quantiles, each with the least number of reads that were as slow or slower."""
    values = ((found.p50_ns, "p50", 500), (found.p90_ns, "p90", 900), (found.p95_ns, "p95", 950))
    known = [
        (name, value, found.count - rank(found.count, per_mille))
        for value, name, per_mille in (*values, (found.p99_ns, "p99", 990), (found.p999_ns, "p99.9", 999))
        if value is not None
    ]
    return [*known, ("max", found.max_ns, 1)] if found.max_ns is not None else known


def _waited(history: History, since_ns: Column, found: tuple[Column, Column, Column]) -> Flags:
    """Reads that spent at least half of their time in a pause of their own process (the first that they met)."""
    reads = history.reads
    workers, starts, ends = found
    never = np.iinfo(np.int64).max
    of_worker = {
        int(worker): (np.append(starts[workers == worker], never), np.append(ends[workers == worker], never))
        for worker in np.unique(workers)
    }

    def of_block(block: slice) -> Flags:
        own_worker, since, returned = reads.worker[block], since_ns[block], reads.own_returned(block)
        waited = np.zeros(len(since), dtype=np.bool_)
        for worker, (start, end) in of_worker.items():
            own = np.flatnonzero(own_worker == worker)
            met = np.searchsorted(end[:-1], since[own], side="left")
            shared = np.minimum(end[met], returned[own]) - np.maximum(start[met], since[own])
            waited[own] = (shared > 0) & (2 * shared >= returned[own] - since[own])
        return waited

    return in_blocks(len(reads), np.bool_, of_block)


def explains_gap(history: History, found: tuple[Column, Column, Column], gap_ns: int | None, at_ns: int | None) -> bool:
    """Whether every process of the load generator paused for at least half of the gap (``at_ns`` since the origin)."""
    if not gap_ns or at_ns is None:
        return False
    worker, start, end = found
    begin = history.origin_ns + at_ns
    shared = np.clip(np.minimum(end, begin + gap_ns) - np.maximum(start, begin), 0, None)
    everybody = np.unique(history.samples.worker)
    return bool(len(everybody)) and all(2 * int(shared[worker == one].sum()) >= gap_ns for one in everybody)


def pause_sentence(longest: tuple[GeneratorPause, ...], explained: tuple[PausedQuantile, ...], gap: bool) -> str:
    """Which figures the pauses explain; "" when they explain none."""
    of_all = {one.quantile for one in explained if (one.population, one.time) == ("all", "response")}
    named = [name for name in _ORDER if name in of_all]
    elsewhere = bool(explained) and not named
    figures = [*named, *(["the longest silence"] if gap else [])]
    if not longest or not (figures or elsewhere):
        return ""
    worst = max(longest, key=lambda pause: pause.delay_ns)
    sentence = f"At {units.seconds(worst.at_ns)} the load generator itself paused for {units.duration(worst.delay_ns)}"
    if len(longest) > 1:
        sentence += f" (the longest of {len(longest):,} pauses)"
    if not figures:
        return f"{sentence}: some of the slowest reads are its own and not the target's; they are marked †."
    listed = " and ".join([", ".join(figures[:-1]), figures[-1]] if len(figures) > 1 else figures)
    return f"{sentence}: {listed} of this run {'are' if len(figures) > 1 else 'is'} its own and not the target's."
