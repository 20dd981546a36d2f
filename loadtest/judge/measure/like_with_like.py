"""Response time of like reads: whole documents (200) compared with whole documents, 304s with 304s.

After a PUT more readers have to fetch the whole document. If a 200 takes longer than a 304, that alone moves every
quantile of all reads together, although no read of either kind takes longer. So each stretch of time (a window, a piece
of a rest) has quantiles by kind of answer, and these are combined with weights that are the same for all stretches: the
shares of the kinds in all of them together. If a stretch holds too few reads of a kind for a quantile, that kind is
left out of that quantile everywhere. The kinds are combined by their geometric mean, so that the ratio of two stretches
is the mean of the ratios of the kinds, and every read counts the same, however long reads of its kind take.

If no kind alone has enough reads for a quantile, but all together have, response times are first divided by what is
usual for their kind; the quantile is then that of the mixture, in which each kind has its fixed weight. The weights
must not be so unequal that these reads are worth less than half as many of equal weight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from loadtest.judge.measure.latency import response_ns
from loadtest.judge.statistics.distributions import normal_quantile
from loadtest.judge.statistics.quantiles import PER_MILLE, enough
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile
from loadtest.judge.statistics.signed_rank import LEAST_PAIRS
from loadtest.run.history.history import Column, History

Kind = Literal["200", "304"]
KINDS: Final[tuple[Kind, ...]] = ("200", "304")
LEAST_OF_KIND: Final = 10
"""Reads of a kind without which none of its quantiles is looked at."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """The successful reads of a stretch of time, by kind of answer."""

    times: dict[Kind, Column]  # rising response times
    _known: dict[tuple[Kind, Quantile], float | None] = field(default_factory=dict, init=False, repr=False)

    def count(self, kind: Kind) -> int:
        return len(self.times[kind])

    def at(self, kind: Kind, quantile: Quantile) -> float | None:
        """A quantile of one kind; None when there are too few reads of it."""
        if (kind, quantile) not in self._known:  # each is asked for by many comparisons
            times = self.times[kind]
            found = unbiased(times, PER_MILLE[quantile]) if len(times) >= LEAST_OF_KIND else None
            self._known[kind, quantile] = found
        return self._known[kind, quantile]

    @property
    def only(self) -> Column | None:
        """The times when there is one kind of answer."""
        kinds = [times for times in self.times.values() if len(times)]
        return kinds[0] if len(kinds) == 1 else None


def unbiased(rising: Column, per_mille: int) -> float | None:
    """A quantile of rising values, between two of them; None when there are too few.

    The nearest rank, which is shown everywhere else, is the lower the fewer the reads are (by 2 % at p99 of 125 reads,
    compared with 195), and two windows rarely hold equally many of a kind. This one is not, as far as the logarithms
    are normal: it lies between the two values whose normal scores (Blom 1958) are next to the quantile's, in that
    proportion. (Between their ranks, as in Hyndman and Fan's definition 9, it would be up to 0.6 % too high at p99 of
    125 reads, as scores grow faster and faster.)
    """
    count = len(rising)
    if not enough(count, per_mille):
        return None
    below = min(int((count + 1 / 4) * per_mille / 1000 - 5 / 8), count - 2)
    low, high = (normal_quantile((below + part) / (count + 1 / 4)) for part in (5 / 8, 13 / 8))
    share = (normal_quantile(per_mille / 1000) - low) / (high - low)
    value, following = rising[below : below + 2].tolist()  # their difference may need more bits than they have
    return float(value + (following - value) * share)


def stretch(history: History, members: slice | Column) -> Stretch:
    took = history.once(response_ns)[members]
    fetched = history.reads.status[members] == 200
    return Stretch({"200": np.sort(took[fetched]), "304": np.sort(took[~fetched])})


@dataclass(frozen=True, eq=False)
class Scale:
    """How the kinds are put together, for all stretches of a run alike."""

    shares: dict[Kind, float]
    usual_ns: dict[Kind, float]
    combined: dict[Quantile, tuple[Kind, ...]]  # the kinds that have the quantile; none: by the mixture

    @staticmethod
    def of(
        pairs: Sequence[tuple[Stretch, Stretch]], left_out: Mapping[Quantile, frozenset[Kind]] | None = None
    ) -> Scale:
        """From the stretches that are compared with each other, the quiet one first.

        A kind in ``left_out`` is left out of that quantile if another kind has it.
        """
        counts = {kind: sum(two.count(kind) for pair in pairs for two in pair) for kind in KINDS}
        total = max(1, sum(counts.values()))
        usual = {}
        for kind in KINDS:
            middles = [middle for pair in pairs for middle in [pair[0].at(kind, "p50")] if middle is not None]
            usual[kind] = max(1.0, float(np.median(middles))) if middles else 1.0
        combined = {name: tuple(kind for kind in KINDS if _has(pairs, kind, name)) for name in QUANTILES}
        for name, kinds in combined.items():
            kept = tuple(kind for kind in kinds if kind not in (left_out or {}).get(name, ())) or kinds
            combined[name] = _with_enough_pairs(pairs, kept, name)
        return Scale({kind: counts[kind] / total for kind in KINDS}, usual, combined)

    def alone(self, kind: Kind) -> Scale:
        """The scale of one kind, at the quantiles at which it is combined with the other."""
        combined: dict[Quantile, tuple[Kind, ...]] = {
            name: (kind,) for name, kinds in self.combined.items() if kind in kinds
        }
        return Scale({one: float(one == kind) for one in KINDS}, self.usual_ns, combined)

    def value(self, part: Stretch, quantile: Quantile) -> float | None:
        """One quantile of a stretch; None when it holds too few reads."""
        if quantile not in self.combined:
            return None
        kinds = self.combined[quantile]
        if not kinds:
            return self._of_mixture(part, quantile)
        values = [part.at(kind, quantile) for kind in kinds]
        known = [value for value in values if value is not None]
        if len(known) < len(kinds):
            return None
        weights = [self.shares[kind] for kind in kinds]
        if len(known) == 1:
            return known[0]
        logs = [weight * math.log(max(1.0, value)) for weight, value in zip(weights, known, strict=True)]
        return math.exp(sum(logs) / sum(weights))

    def _of_mixture(self, part: Stretch, quantile: Quantile) -> float | None:
        if part.only is not None:
            return unbiased(part.only, PER_MILLE[quantile])
        held = [kind for kind in KINDS if self.shares[kind] and part.count(kind)]
        if not held or any(self.usual_ns[kind] <= _BELOW_THE_CLOCK_NS for kind in held):
            return None
        scaled = np.concatenate([part.times[kind] / self.usual_ns[kind] for kind in held])
        weights = np.concatenate([np.full(part.count(k), self.shares[k] / part.count(k)) for k in held])
        beyond = 1 - PER_MILLE[quantile] / 1000
        worth = weights.sum() ** 2 / np.square(weights).sum()  # so many reads of equal weight
        if not enough(len(scaled), PER_MILLE[quantile]) or 2 * worth * beyond < 1:
            return None
        order = np.argsort(scaled, kind="stable")
        reached = np.cumsum(weights[order]) >= (1 - beyond) * weights.sum() * (1 - _ROUNDING)
        usual = sum(self.shares[kind] * self.usual_ns[kind] for kind in held) / sum(self.shares[k] for k in held)
        return float(scaled[order[int(np.argmax(reached))]]) * usual


_ROUNDING: Final = 1e-9
_BELOW_THE_CLOCK_NS: Final = 1
"""A kind that usually takes no time by a coarse clock has no usual time that others could be divided by."""


def _having(pairs: Sequence[tuple[Stretch, Stretch]], kinds: Sequence[Kind], quantile: Quantile) -> int:
    """How many of the pairs have a quantile of all these kinds on both sides."""
    return sum(all(side.at(kind, quantile) is not None for side in pair for kind in kinds) for pair in pairs)


def _has(pairs: Sequence[tuple[Stretch, Stretch]], kind: Kind, quantile: Quantile) -> bool:
    """Whether at least half of the pairs have a quantile of a kind on both sides."""
    both = _having(pairs, (kind,), quantile)
    return both > 0 and 2 * both >= len(pairs)


def _with_enough_pairs(
    pairs: Sequence[tuple[Stretch, Stretch]], kinds: tuple[Kind, ...], quantile: Quantile
) -> tuple[Kind, ...]:
    """``kinds``; or the one that has the quantile in most pairs, if too few pairs have it for all kinds.

    A rare kind must not cost the answer for the frequent one. That it was not compared is a doubt of its own, unless
    its reads are too few to matter (``unearned``).
    """
    if len(kinds) < 2 or _having(pairs, kinds, quantile) >= LEAST_PAIRS:
        return kinds
    best = max(kinds, key=lambda kind: _having(pairs, (kind,), quantile))
    return (best,) if _having(pairs, (best,), quantile) >= LEAST_PAIRS else kinds


def mixed(pairs: Sequence[tuple[Stretch, Stretch]]) -> bool:
    """Whether there are two kinds of answer."""
    return all(any(side.count(kind) for pair in pairs for side in pair) for kind in KINDS)
