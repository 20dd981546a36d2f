"""The response times of a duel: the change of each quantile, pair of windows by pair of windows.

In each pair both runs have a quiet window and a writing one, a few seconds apart and in random order, so drift hits
both alike and needs no allowance. Per pair, the logarithm of (quantile of the new run / quantile of the base run) is
one observation. Estimate and 95 % interval are those of the write impact: reads of one kind of answer are compared, by
Hodges and Lehmann's estimate with the interval of Wilcoxon's signed-rank test. Something may put a process off for as
long as it runs, which no window shows, so the interval is widened by that (``run_noise``), as for two runs apart.

An estimate over windows is blind to what happens in a few of them, and to a kind of answer that is too rare for a
quantile of its own. So the reads of all windows together are looked at as well: if their quantile is larger than is
tolerated, it does not pass, and if it certainly is (by a bootstrap over the pairs), it FAILs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from loadtest import units
from loadtest.compare.doubts import busier_machine, generator_doubt
from loadtest.compare.paired_windows import Observed
from loadtest.compare.rows import WINDOW_KINDS, Row, increase_ns, judged_row, overall
from loadtest.judge.measure.like_with_like import KINDS as ANSWERS
from loadtest.judge.measure.like_with_like import Scale, Stretch, mixed
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT
from loadtest.judge.statistics.quantiles import PER_MILLE, enough
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile
from loadtest.judge.statistics.signed_rank import LEAST_PAIRS, Shift, shift
from loadtest.run.history.history import Column
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

_Z: Final = 1.96
_RESAMPLES: Final = 400


def latency_rows(
    runs: tuple[Summary, Summary], observed: dict[str, Observed], tolerance: float, run_noise: float
) -> list[Row]:
    """Response times while quiet and while writing, like with like."""
    doubt, rows = generator_doubt(*runs) or _paused_doubt(observed), []
    for kind in WINDOW_KINDS:
        pairs = observed[kind].stretches
        scale = Scale.of(pairs)
        for quantile in QUANTILES:
            name = f"Response time while {kind}, {quantile}"
            change = widened(shift(_logs(pairs, scale, quantile)), run_noise)
            row = Row(name, overall(runs[0], kind, quantile), overall(runs[1], kind, quantile))
            row = judged_row(row, change, tolerance, doubt, "let them duel for longer", _few(pairs))
            why = ""
            if row.verdict is Verdict.FAIL:
                why = busier_machine(*runs, increase_ns(runs[0], row, kind, quantile))
            rows.append(replace(row, verdict=Verdict.INCONCLUSIVE, sentence=why) if why else row)
    return rows


def kind_rows(observed: dict[str, Observed], tolerance: float, run_noise: float) -> list[Row]:
    """Each kind of answer alone: one that got slower must not hide behind one that got faster. They can only FAIL."""
    rows = []
    for kind in WINDOW_KINDS:
        pairs = observed[kind].stretches
        if not mixed(pairs):
            continue
        scale = Scale.of(pairs)
        for answer in ANSWERS:
            alone = scale.alone(answer)
            for quantile in QUANTILES:
                change = widened(shift(_logs(pairs, alone, quantile)), run_noise)
                if change is not None:
                    row = Row(f"Response time of {answer} answers while {kind}, {quantile}", "", "")
                    rows.append(_only_failing(judged_row(row, change, tolerance, "", "")))
    return rows


def _only_failing(row: Row) -> Row:
    return row if row.verdict is Verdict.FAIL else replace(row, verdict=None, sentence="")


def pooled_rows(observed: dict[str, Observed], tolerance: float, run_noise: float) -> list[Row]:
    """The quantiles of the reads of all windows together."""
    rows = []
    for kind in WINDOW_KINDS:
        for quantile in QUANTILES:
            name = f"Response time of all reads while {kind}, {quantile}"
            pooled = _pooled(observed[kind].times, quantile)
            if pooled is None:
                continue
            (base_ns, new_ns), change = pooled
            row = Row(name, units.duration(round(base_ns)), units.duration(round(new_ns)))
            row = judged_row(row, widened(change, run_noise), tolerance, "", "")
            if row.verdict is Verdict.INCONCLUSIVE and change.center > math.log(tolerance):
                chance = f"{name} is {row.change} of that of the base run: that looks worse, but may be chance."
                rows.append(replace(row, sentence=chance))
            else:
                rows.append(_only_failing(row))
    return rows


def _pooled(times: Sequence[tuple[Column, Column]], quantile: Quantile) -> tuple[tuple[float, float], Shift] | None:
    """A quantile of all reads of each run, and their ratio (a logarithm) with its interval by a bootstrap of pairs."""
    if len(times) < LEAST_PAIRS:
        return None
    per_mille = PER_MILLE[quantile]
    sides = [[pair[side] for pair in times] for side in (0, 1)]
    if not all(enough(sum(map(len, side)), per_mille) for side in sides):
        return None
    chosen = np.random.default_rng(1).multinomial(len(times), np.full(len(times), 1 / len(times)), _RESAMPLES)
    once = np.ones((1, len(times)), dtype=np.int64)
    base, new = (_resampled(side, np.concatenate([once, chosen]), per_mille / 1000) for side in sides)
    changes = np.log(new / base)
    low, high = np.quantile(changes[1:], (0.025, 0.975))
    return (float(base[0]), float(new[0])), Shift(float(changes[0]), float(low), float(high))


def _resampled(times: Sequence[Column], chosen: Column, share: float) -> Column:
    """A quantile of the reads of the pairs, for each row of ``chosen``, which says how often each pair counts."""
    values = np.concatenate(times)
    order = np.argsort(values)
    rising, pair = values[order], np.repeat(np.arange(len(times)), [len(part) for part in times])[order]
    weights = (np.cumsum(row[pair]) for row in chosen)
    places = [int(np.searchsorted(weight, share * weight[-1])) for weight in weights]
    return np.maximum(1.0, rising[places].astype(np.float64))


def widened(change: Shift | None, run_noise: float) -> Shift | None:
    """``change`` with the noise that no window shows, which each of the two processes has of its own."""
    if change is None:
        return None
    extra = _Z * run_noise * math.sqrt(2)
    low = change.center - math.hypot(change.center - change.low, extra)
    return Shift(change.center, low, change.center + math.hypot(change.high - change.center, extra))


def _logs(pairs: Sequence[tuple[Stretch, Stretch]], scale: Scale, quantile: Quantile) -> Column:
    values = [(scale.value(base, quantile), scale.value(new, quantile)) for base, new in pairs]
    return np.array(
        [math.log(max(1.0, new) / max(1.0, base)) for base, new in values if base is not None and new is not None]
    )


def _paused_doubt(observed: dict[str, Observed]) -> str:
    """Why the remaining pairs cannot be trusted; "" if at most a quarter of the pairs of each kind is left out."""
    for pairs in observed.values():
        of = pairs.paused + len(pairs.stretches)
        if pairs.paused > MOST_LEFT_OUT * of:
            return (
                f"a load generator itself paused in {pairs.paused:,} of {of:,} pairs of windows: measure on a machine "
                "with less other work."
            )
    return ""


def _few(pairs: Sequence[object]) -> str:
    return (
        f"of {units.counted(len(pairs), 'pair')} of windows too few hold enough reads, and at least {LEAST_PAIRS} are "
        "needed: let them duel for longer, or read more often."
    )
