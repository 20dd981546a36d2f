"""Kinds of answer that are as fast as the load generator's own delay, so that their slowdown may be the generator's.

A 304 of half a millisecond may be slower merely because the writer's PUT shares a processor with the reader. But a
delay explains no more than about its own length: it does not explain a slowdown by far more than that, however fast the
reads are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadtest.judge.measure.generator_health import SMALL_SHARE, measure_generator
from loadtest.judge.measure.like_with_like import KINDS, Kind
from loadtest.judge.measure.window_pairs import Pair
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile
from loadtest.run.history.history import History

TooFast = dict[Quantile, frozenset[Kind]]


def too_fast(history: History, pairs: Sequence[Pair]) -> TooFast:
    """By quantile, the kinds whose response time and its change are both not large beside the delay.

    At p90 the p99 of the delay counts.
    """
    delays = history.once(measure_generator).loop_delay

    def fast(kind: Kind, name: Quantile) -> bool:
        delay = delays.p50_ns if name == "p50" else delays.p99_ns
        quiet = [value for pair in pairs for part in pair.quiet if (value := part.at(kind, name)) is not None]
        writing = [value for pair in pairs if (value := pair.writing.at(kind, name)) is not None]
        if delay is None or not quiet or not writing:
            return False
        usual, met = float(np.median(quiet)), float(np.median(writing))
        return delay > SMALL_SHARE * max(usual, abs(met - usual))

    return {name: frozenset(kind for kind in KINDS if fast(kind, name)) for name in QUANTILES}
