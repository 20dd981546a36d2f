"""Whether the load generator was fast enough: how late its event loop woke, beside what it measured.

A read whose answer has arrived waits until the event loop wakes, so the loop's delay is part of every latency. It is
small if its median is at most a quarter of the reads' median response time, and its p99 at most a quarter of their p99.
Otherwise latencies tell about the generator, not about the target.

A sample is taken when the loop wakes, so a pause of half a second is one sample, although reads could have been due at
any moment of it. So it also counts as the samples that it swallowed, each less late than the one before by the interval
at which samples are due (the correction for coordinated omission of Tene's HdrHistogram).

A single delay of more than a quarter of the reads' p99 is a pause, and what it explains is marked
(:mod:`loadtest.judge.measure.pauses`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.measure.latency import response_quantiles
from loadtest.judge.measure.pauses import explains_gap, longest_pauses, pause_sentence, paused_quantiles, pauses
from loadtest.judge.measure.rates import measure_availability
from loadtest.judge.statistics.quantiles import quantiles
from loadtest.run.history.history import Column, History
from loadtest.run.records import SAMPLE_INTERVAL_NS
from loadtest.summary.findings import Number
from loadtest.summary.generator import Generator, GeneratorWorker
from loadtest.summary.speed import Quantiles

SMALL_SHARE: Final = 0.25
_MOST_SWALLOWED: Final = 600 * 50


def measure_generator(history: History) -> Generator:
    samples = history.samples
    delay = _delays(samples.loop_delay_ns)
    response = response_quantiles(history, "all")
    numbers = tuple(
        Number(f"loop delay beside response time, {name}", share, "share", units.share(share))
        for name, share in (
            ("p50", _beside(delay.p50_ns, response.p50_ns)),
            ("p99", _beside(delay.p99_ns, response.p99_ns)),
        )
    )
    shares = [number.value for number in numbers if number.value is not None]
    fast_enough = all(share <= SMALL_SHARE for share in shares) if len(shares) == len(numbers) else None
    paused = pauses(history, SMALL_SHARE * (response.p99_ns or np.inf))
    longest = longest_pauses(history, paused)
    explained = paused_quantiles(history, paused)
    rates = history.once(measure_availability)
    gap = explains_gap(history, paused, rates.longest_gap_ns, rates.longest_gap_at_ns)
    return Generator(
        loop_delay=delay,
        workers=tuple(_worker(history, int(worker)) for worker in np.unique(samples.worker)),
        fast_enough=fast_enough,
        numbers=numbers,
        sentence=_sentence(delay, response, fast_enough),
        pauses=longest,
        paused_quantiles=explained,
        paused_longest_gap=gap,
        pause_sentence=pause_sentence(longest, explained, gap),
    )


def _delays(delay_ns: Column) -> Quantiles:
    """Quantiles of the delays and the swallowed ones, if there are enough samples even without these."""
    sampled, delays = quantiles(delay_ns), quantiles(_with_swallowed(delay_ns))
    return replace(delays, count=sampled.count) if sampled.p99_ns is not None else sampled


def _with_swallowed(delay_ns: Column) -> Column:
    """The delays, and those of the samples that were due while the loop slept (for ten minutes at most)."""
    swallowed = np.clip((delay_ns - 1) // SAMPLE_INTERVAL_NS, 0, _MOST_SWALLOWED)
    place = np.repeat(np.arange(len(delay_ns)), swallowed)
    first = np.cumsum(swallowed) - swallowed
    number = np.arange(len(place)) - first[place] + 1
    with_swallowed: Column = np.concatenate([delay_ns, delay_ns[place] - number * SAMPLE_INTERVAL_NS])
    return with_swallowed


def _sentence(delay: Quantiles, response: Quantiles, fast_enough: bool | None) -> str:
    if fast_enough is None:
        return (
            f"Too little to tell whether the load generator was fast enough: {units.counted(delay.count, 'sample')} of "
            f"its event loop, {units.counted(response.count, 'successful read')}."
        )
    sizes = (
        f"its event loop woke {units.duration(delay.p50_ns)} late at p50 and {units.duration(delay.p99_ns)} at p99, "
        f"reads took {units.duration(response.p50_ns)} and {units.duration(response.p99_ns)}"
    )
    if fast_enough:
        return f"The load generator was fast enough for p50 to p99: {sizes}."
    return (
        f"The load generator was too slow to measure latency: {sizes}. Ask for fewer reads per second, or use more "
        "processes."
    )


def _beside(delay: int | None, response: int | None) -> float | None:
    return round(max(0, delay) / response, 6) if delay is not None and response else None


def _worker(history: History, worker: int) -> GeneratorWorker:
    samples = history.samples
    own = samples.worker == worker
    order = np.argsort(samples.at_ns[own], kind="stable")
    at = samples.at_ns[own][order]
    span = int(at[-1] - at[0])

    def share(column: Column) -> float | None:
        values = column[own][order]
        return round(int(values[-1] - values[0]) / span, 6) if span > 0 else None

    return GeneratorWorker(
        worker=worker,
        samples=len(at),
        loop_delay=_delays(samples.loop_delay_ns[own]),
        cpu_share=share(samples.cpu_ns),
        gc_share=share(samples.gc_ns),
        flush_share=share(samples.flush_ns),
    )
