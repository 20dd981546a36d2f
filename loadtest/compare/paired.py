"""Two runs that read in turns (a duel): the change of each quantile, pair of windows by pair of windows.

In each pair both have a quiet window and a writing one, a few seconds apart and in random order, so what drifts hits
both alike and needs no allowance. Per pair, the logarithm of (quantile of the new run / quantile of the base run) is
one observation; estimate and 95 % interval are those of the write impact: reads of one kind of answer are compared,
Hodges and Lehmann's estimate with the interval of Wilcoxon's signed-rank test. Two processes may be off by something
for as long as they run, which no window shows: the interval is widened by that (``run_noise``), as for two runs apart.

An estimate over windows is blind to what happens in few of them, and to a kind of answer that is too rare for a
quantile of its own. So the reads of all windows together are looked at as well: if their quantile is larger than is
tolerated, that is no PASS, and if it is so for certain (a bootstrap over the pairs), it is a FAIL.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from loadtest import units
from loadtest.compare.alike import differences, notes
from loadtest.compare.comparison import Comparison, Group, common_groups, sentence_of
from loadtest.compare.observed import Observed, observations
from loadtest.compare.rows import KINDS, Row, busier_machine, generator_doubt, increase_ns, judged_row, overall
from loadtest.judge.measure.like_with_like import KINDS as ANSWERS
from loadtest.judge.measure.like_with_like import Scale, Stretch, mixed
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT
from loadtest.judge.statistics.quantiles import PER_MILLE, enough
from loadtest.judge.statistics.ratio_estimate import QUANTILES, Quantile
from loadtest.judge.statistics.signed_rank import LEAST_PAIRS, Shift, shift
from loadtest.run.history import Column, History
from loadtest.run.records import Verdict, WindowKind
from loadtest.summary.findings import worst
from loadtest.summary.summary import Summary

DEFAULT_RUN_NOISE: Final = 0.005
"""Half of what is assumed of two runs apart: machine, network and minute are the same."""
METHOD: Final = (
    "The two were read in turns. A change is new / base over pairs of windows: Hodges-Lehmann estimate, 95 % interval "
    "from the Wilcoxon signed-rank distribution, widened by {noise} for what a process is off by as long as it runs. "
    "PASS: the whole interval is at most {tolerance}; FAIL: all of it is above; INCONCLUSIVE: it spans that."
)
_Z: Final = 1.96
_RESAMPLES: Final = 400
_OF_KIND: Final = {"quiet": WindowKind.QUIET, "writing": WindowKind.WRITING}

Judged = tuple[Summary, History]


def compare_in_turns(base: Judged, new: Judged, tolerance: float, run_noise: float, broken: str = "") -> Comparison:
    """Compare the two runs of a duel. ``broken`` says why one of them did not run to its end; then nothing passes."""
    runs = base[0], new[0]
    observed = observations(base[1], new[1])
    latency, kinds, together = _response_rows(runs, observed, tolerance, run_noise)
    paused = sum(found.paused for found in observed.values())
    if paused:
        every = _response_rows(runs, observations(base[1], new[1], with_paused=True), tolerance, run_noise)
        latency, kinds, together = (
            _not_by_pauses(rows, whole) for rows, whole in zip((latency, kinds, together), every, strict=True)
        )
    groups = (
        Group("Response time", tuple(latency)),
        *([Group("Response time by kind of answer", tuple(kinds))] if kinds else []),
        Group("Response time, all windows together", tuple(together)),
        *common_groups(*runs),
    )
    rows = [row for group in groups for row in group.rows]
    verdict = worst([row.verdict for row in rows if row.verdict is not None])
    ended = [f"{broken[0].upper()}{broken[1:]}."] if broken else []
    doubts = [*_incomplete(runs), *ended, *_left_out(observed), *_unlike(runs)]
    sentence = sentence_of(verdict, rows, tolerance)
    if doubts and verdict is Verdict.PASS:
        verdict, sentence = Verdict.INCONCLUSIVE, f"No regression is shown, but nothing passes so: {doubts[0]}"
    pairs, dropped = len(observed["writing"].stretches), sum(found.dropped for found in observed.values())
    about = f"{units.counted(pairs, 'pair')} of writing windows and {len(observed['quiet'].stretches):,} of quiet ones."
    left = f" {units.counted(dropped, 'pair was', 'pairs were')} left out" if dropped else ""
    left += f", {paused:,} for a load generator itself paused in it" if paused else ""
    left += "." if left else ""
    return Comparison(
        verdict=verdict,
        sentence=sentence,
        base=runs[0].run,
        new=runs[1].run,
        tolerance=tolerance,
        run_noise=run_noise,
        unlike=(),  # a doubt, and not forced
        notes=(about + left, *doubts, *notes(runs[0].run, runs[1].run)),
        groups=groups,
        title="Duel with the base deployment",
        method=METHOD.format(noise=units.share(run_noise), tolerance=units.ratio(tolerance)),
    )


def _response_rows(
    runs: tuple[Summary, Summary], observed: dict[str, Observed], tolerance: float, run_noise: float
) -> tuple[list[Row], list[Row], list[Row]]:
    return (
        latency_rows(runs, observed, tolerance, run_noise),
        kind_rows(observed, tolerance, run_noise),
        pooled_rows(observed, tolerance, run_noise),
    )


def _not_by_pauses(rows: list[Row], whole: list[Row]) -> list[Row]:
    """What fails with all pairs must not pass without those in which a load generator paused, or have no row there."""
    own = {row.name: row for row in rows}
    failing = [row.name for row in whole if row.verdict is Verdict.FAIL]
    said = "it is within the tolerance only without the pairs in which a load generator paused: measure again."
    gone = "without the pairs in which a load generator paused too few are left: let them duel for longer."
    for name in failing:
        if name not in own:
            own[name] = Row(name, "", "", units.NOTHING, Verdict.INCONCLUSIVE, f"{name}: {gone}")
        elif own[name].verdict in (None, Verdict.PASS):
            own[name] = replace(own[name], verdict=Verdict.INCONCLUSIVE, sentence=f"{name}: {said}")
    return list(own.values())


def _incomplete(runs: tuple[Summary, Summary]) -> list[str]:
    return [
        f"The record of the {label} run is not whole."
        for label, summary in zip(("base", "new"), runs, strict=True)
        if summary.run.ended.missing or summary.run.ended.recovered
    ]


def _left_out(observed: dict[str, Observed]) -> list[str]:
    """Pairs left out for what a target did in them (a PUT that did not end, no answer): what is left is no sample."""
    doubts = []
    for kind, found in observed.items():
        count, of = found.dropped - found.paused, found.dropped + len(found.stretches)
        if count > MOST_LEFT_OUT * of:
            doubts.append(
                f"{count:,} of {of:,} pairs of {kind} windows are left out, as a PUT of a quiet one did not end before "
                "it, none was in flight in a writing one, or no read succeeded: give a longer --window."
            )
    return doubts


def _unlike(runs: tuple[Summary, Summary]) -> list[str]:
    """Both got the same settings, but what they read may still differ."""
    unlike = differences(*runs)
    return [f"The two are unlike in {', '.join(map(str, unlike))}, so changes may come from that."] if unlike else []


def latency_rows(
    runs: tuple[Summary, Summary], observed: dict[str, Observed], tolerance: float, run_noise: float
) -> list[Row]:
    """Response times while quiet and while writing, like with like."""
    doubt, rows = generator_doubt(*runs) or paused_doubt(observed), []
    for kind in KINDS:
        pairs = observed[kind].stretches
        scale = Scale.of(pairs)
        for quantile in QUANTILES:
            name = f"Response time while {kind}, {quantile}"
            found = widened(shift(_logs(pairs, scale, quantile)), run_noise)
            row = Row(name, overall(runs[0], kind, quantile), overall(runs[1], kind, quantile))
            row = judged_row(row, found, tolerance, doubt, "let them duel for longer", _few(pairs))
            why = ""
            if row.verdict is Verdict.FAIL:
                why = busier_machine(*runs, increase_ns(runs[0], row, kind, quantile))
            rows.append(replace(row, verdict=Verdict.INCONCLUSIVE, sentence=why) if why else row)
    return rows


def kind_rows(observed: dict[str, Observed], tolerance: float, run_noise: float) -> list[Row]:
    """Each kind of answer alone: one that got slower must not hide behind one that got faster. They can only FAIL."""
    rows = []
    for kind in KINDS:
        pairs = observed[kind].stretches
        if not mixed(pairs):
            continue
        scale = Scale.of(pairs)
        for answer in ANSWERS:
            alone = scale.alone(answer)
            for quantile in QUANTILES:
                found = widened(shift(_logs(pairs, alone, quantile)), run_noise)
                if found is not None:
                    row = Row(f"Response time of {answer} answers while {kind}, {quantile}", "", "")
                    rows.append(_only_failing(judged_row(row, found, tolerance, "", "")))
    return rows


def _only_failing(row: Row) -> Row:
    return row if row.verdict is Verdict.FAIL else replace(row, verdict=None, sentence="")


def pooled_rows(observed: dict[str, Observed], tolerance: float, run_noise: float) -> list[Row]:
    """The quantiles of the reads of all windows together."""
    rows = []
    for kind in KINDS:
        for quantile in QUANTILES:
            name = f"Response time of all reads while {kind}, {quantile}"
            found = _pooled(observed[kind].times, quantile)
            if found is None:
                continue
            (base_ns, new_ns), change = found
            row = Row(name, units.duration(round(base_ns)), units.duration(round(new_ns)))
            row = judged_row(row, widened(change, run_noise), tolerance, "", "")
            if row.verdict is Verdict.INCONCLUSIVE and change.center > math.log(tolerance):
                said = f"{name} is {row.change} of that of the base run: that looks worse, but may be chance."
                rows.append(replace(row, sentence=said))
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
    """A quantile of the reads of the pairs that are ``chosen``: each row says how often each pair is."""
    values = np.concatenate(times)
    order = np.argsort(values)
    rising, pair = values[order], np.repeat(np.arange(len(times)), [len(part) for part in times])[order]
    weights = (np.cumsum(row[pair]) for row in chosen)
    places = [int(np.searchsorted(weight, share * weight[-1])) for weight in weights]
    return np.maximum(1.0, rising[places].astype(np.float64))


def widened(found: Shift | None, run_noise: float) -> Shift | None:
    """A shift of paired windows with what no window shows: a noise of its own in each of the two processes."""
    if found is None:
        return None
    extra = _Z * run_noise * math.sqrt(2)
    low = found.center - math.hypot(found.center - found.low, extra)
    return Shift(found.center, low, found.center + math.hypot(found.high - found.center, extra))


def _logs(pairs: Sequence[tuple[Stretch, Stretch]], scale: Scale, quantile: Quantile) -> Column:
    values = [(scale.value(base, quantile), scale.value(new, quantile)) for base, new in pairs]
    return np.array(
        [math.log(max(1.0, new) / max(1.0, base)) for base, new in values if base is not None and new is not None]
    )


def paused_doubt(observed: dict[str, Observed]) -> str:
    """Why what is left is not to be believed; "" where no more than a quarter of the pairs of a kind is left out."""
    for found in observed.values():
        of = found.paused + len(found.stretches)
        if found.paused > MOST_LEFT_OUT * of:
            return (
                f"a load generator itself paused in {found.paused:,} of {of:,} pairs of windows: measure on a machine "
                "with less other work."
            )
    return ""


def _few(pairs: Sequence[object]) -> str:
    return (
        f"of {units.counted(len(pairs), 'pair')} of windows too few hold enough reads, and at least {LEAST_PAIRS} are "
        "needed: let them duel for longer, or read more often."
    )
