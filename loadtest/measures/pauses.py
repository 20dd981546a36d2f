"""Moments in which the load generator itself paused, and the figures that these pauses explain.

A pause (the machine was busy elsewhere, the process was stopped, memory was cleaned up) delays every read that was due
or under way in its process. A few of them leave p50 to p99 alone and still make the slowest reads of a run: those are
the generator's own, and are said to be. ::

    generator  ──────────┤ pause ├──────────
    read               ├───────────┤           spent most of its time in the pause: tells about the generator
    read                             ├──┤      did not
    read       ├────────────────────────────┤  met the pause, and is slow for another reason
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.measurements import GeneratorPause, PausedQuantile
from loadtest.measures.latency import populations, times_of
from loadtest.measures.quantiles import PER_MILLE, enough, rank
from loadtest.recorded_run.history import Column, Flags, History

MOST_PAUSES: Final = 50
_NAMES: Final = {"p50": "p50", "p90": "p90", "p99": "p99", "p999": "p99.9"}
_ORDER: Final = ("p50", "p90", "p99", "p99.9", "max")


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
    explained = []
    for time, since in (("response", history.reads.scheduled_ns), ("service", history.reads.called_ns)):
        waited = np.flatnonzero(_waited(history, since, found))
        if not len(waited):
            continue
        for name, members in populations(history).items():
            own = times_of(history, time, waited[members[waited]])
            if not len(own):
                continue
            rising = np.sort(times_of(history, time, members))
            explained += [
                PausedQuantile(name, time, quantile)  # type: ignore[arg-type]  # the keys are the literals
                for quantile in _explained(rising, own)
            ]
    return tuple(explained)


def _explained(rising: Column, own: Column) -> list[str]:
    count = len(rising)
    places = {_NAMES[name]: rank(count, per_mille) for name, per_mille in PER_MILLE.items() if enough(count, per_mille)}
    places["max"] = count - 1
    explained = []
    for name, place in places.items():
        as_slow = count - int(np.searchsorted(rising, rising[place], side="left"))
        if 2 * int(np.count_nonzero(own >= rising[place])) >= as_slow:
            explained.append(name)
    return explained


def _waited(history: History, since_ns: Column, found: tuple[Column, Column, Column]) -> Flags:
    """Reads that spent at least half of their time in a pause of their own process (the first that they met)."""
    reads = history.reads
    workers, starts, ends = found
    waited = np.zeros(len(reads), dtype=np.bool_)
    for worker in np.unique(workers):
        own = workers == worker
        never = np.iinfo(np.int64).max
        start, end = np.append(starts[own], never), np.append(ends[own], never)
        of_worker = np.flatnonzero(reads.worker == worker)
        since, returned = since_ns[of_worker], reads.returned_ns[of_worker]
        met = np.searchsorted(end[:-1], since, side="left")
        shared = np.minimum(end[met], returned) - np.maximum(start[met], since)
        waited[of_worker] = (shared > 0) & (2 * shared >= returned - since)
    return waited


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
    """What the pauses did to the figures; "" when no figure is theirs."""
    of_all = {found.quantile for found in explained if (found.population, found.time) == ("all", "response")}
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
