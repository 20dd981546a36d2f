"""The verdict of a duel: of two runs that read in turns, so that machine, network and minute are the same for both.

Response times are judged by pairs of windows (:mod:`loadtest.compare.paired_rows`), all else as for two runs apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from loadtest import units
from loadtest.compare.alike import differences, notes
from loadtest.compare.comparison import Comparison, Group, common_groups, sentence_of
from loadtest.compare.doubts import incomplete, unless_doubted
from loadtest.compare.paired_rows import kind_rows, latency_rows, pooled_rows
from loadtest.compare.paired_windows import Observed, observations
from loadtest.compare.rows import Row
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import worst
from loadtest.summary.summary import Summary

DEFAULT_RUN_NOISE: Final = 0.005
"""Half of what is assumed of two runs apart, as machine, network and minute are the same."""
METHOD: Final = (
    "The two were read in turns. A change is new / base over pairs of windows: Hodges-Lehmann estimate, 95 % interval "
    "from the Wilcoxon signed-rank distribution, widened by {noise} for what a process is off by as long as it runs. "
    "PASS: the whole interval is at most {tolerance}; FAIL: all of it is above; INCONCLUSIVE: it spans that."
)

Side = tuple[Summary, History]


def compare_in_turns(base: Side, new: Side, tolerance: float, run_noise: float, broken: str = "") -> Comparison:
    """Compare the two runs of a duel. ``broken`` says why one of them did not run to its end; then nothing passes."""
    runs = base[0], new[0]
    observed = observations(base[1], new[1])
    latency, kinds, together = _response_rows(runs, observed, tolerance, run_noise)
    paused = sum(pairs.paused for pairs in observed.values())
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
    doubts = [*incomplete(*runs, killed=True), *ended, *_left_out(observed), *_unlike(runs)]
    verdict, sentence = unless_doubted(verdict, sentence_of(verdict, rows, tolerance), doubts)
    return Comparison(
        verdict=verdict,
        sentence=sentence,
        base=runs[0].run,
        new=runs[1].run,
        tolerance=tolerance,
        run_noise=run_noise,
        unlike=(),  # it is a doubt, and was not forced
        notes=(_counts(observed, paused), *doubts, *notes(runs[0].run, runs[1].run)),
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
    """What FAILs with all pairs must not pass, or lose its row, without those in which a load generator paused."""
    own = {row.name: row for row in rows}
    only = "it is within the tolerance only without the pairs in which a load generator paused: measure again."
    few = "without the pairs in which a load generator paused too few are left: let them duel for longer."
    for name in (row.name for row in whole if row.verdict is Verdict.FAIL):
        if name not in own:
            own[name] = Row(name, "", "", units.NOTHING, Verdict.INCONCLUSIVE, f"{name}: {few}")
        elif own[name].verdict in (None, Verdict.PASS):
            own[name] = replace(own[name], verdict=Verdict.INCONCLUSIVE, sentence=f"{name}: {only}")
    return list(own.values())


def _counts(observed: dict[str, Observed], paused: int) -> str:
    """How many pairs were compared, and how many were left out."""
    quiet, writing = (len(observed[kind].stretches) for kind in ("quiet", "writing"))
    text = f"{units.counted(writing, 'pair')} of writing windows and {quiet:,} of quiet ones."
    dropped = sum(pairs.dropped for pairs in observed.values())
    if not dropped:
        return text
    why = f", {paused:,} of them because a load generator itself paused" if paused else ""
    return f"{text} {units.counted(dropped, 'pair was', 'pairs were')} left out{why}."


def _left_out(observed: dict[str, Observed]) -> list[str]:
    """Pairs left out for what a target did in them (a PUT that did not end, no answer): the rest is no fair sample."""
    doubts = []
    for kind, pairs in observed.items():
        count, of = pairs.dropped - pairs.paused, pairs.dropped + len(pairs.stretches)
        if count > MOST_LEFT_OUT * of:
            doubts.append(
                f"{count:,} of {of:,} pairs of {kind} windows are left out, as a PUT of a quiet one did not end before "
                "it, none was in flight in a writing one, no read succeeded, or a run does not have it: give a longer "
                "--window."
            )
    return doubts


def _unlike(runs: tuple[Summary, Summary]) -> list[str]:
    """Both got the same settings, but what they read may still differ."""
    unlike = differences(*runs)
    return [f"The two are unlike in {', '.join(map(str, unlike))}, so changes may come from that."] if unlike else []
