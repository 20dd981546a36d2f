"""Why a PASS of the impact of writes would not be earned: what could not be looked at.

A target whose rests were all cut short, or whose answers of one kind never came while quiet, was not shown to be fast.
Nor was one whose PUTs took so long that they reached into quiet windows: these pairs are left out, although the PUTs
that take longest are the likeliest to slow reads down. What was not compared is named, and the run does not pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loadtest import units
from loadtest.judge.measure.edges import at_the_edge
from loadtest.judge.measure.like_with_like import KINDS, Kind
from loadtest.judge.measure.paused_windows import MOST_LEFT_OUT
from loadtest.judge.measure.rests import LEAST_RESTS
from loadtest.judge.measure.window_pairs import NO_READ, STILL_IN_FLIGHT, Pair
from loadtest.run.history.history import History
from loadtest.run.records import Verdict, WindowKind
from loadtest.summary.speed import Impact

LEAST_SHARE: Final = 0.05
"""Share of the reads while writing; a kind of answer that is rarer need not be compared on its own."""
LEAST_MISSING: Final = 0.01
"""Share of the same; a kind that is more frequent can move the slowest percent of all reads together."""


def unearned(history: History, impact: Impact, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Each reason as the end of a sentence; empty when all was looked at, or nothing was written."""
    if impact.control or not pairs:
        return ()
    return (*_left_out(impact), *_edges(history), *_rests(history, impact), *_kinds(impact, pairs))


def _edges(history: History) -> list[str]:
    return at_the_edge(history, history.windows.start_ns, history.windows.end_ns, "make --window longer")


def _left_out(impact: Impact) -> list[str]:
    """Windows that are left out because of what the target did in them; the rest is no fair sample."""
    doubts = []
    for kinds, why, doubt in (
        (("quiet",), STILL_IN_FLIGHT, "PUTs were still in flight in {} of {}, so what they did to reads is left out: "
         "make --window longer"),
        (("quiet", "writing"), NO_READ, "no read succeeded in {} of {}: see what became of the target in them"),
    ):  # fmt: skip
        windows = [window for window in impact.windows if window.kind in kinds]
        count = sum(window.dropped == why for window in windows)
        if count > MOST_LEFT_OUT * len(windows):
            noun = f"{len(windows):,} quiet windows" if len(kinds) == 1 else f"{len(windows):,} windows"
            doubts.append(doubt.format(f"{count:,}", noun))
    return doubts


def _rests(history: History, impact: Impact) -> list[str]:
    plan, after = history.info.plan, impact.after
    if after is None:
        if plan is None or not plan.rest_windows:
            return []  # the run was never to have rests, which its sentence says
        used = sum(window.kind == "rest" and not window.dropped and window.pair >= 0 for window in impact.windows)
        planned = int((history.windows.kind == WindowKind.REST).sum())
        return [
            f"what PUTs leave behind was not seen: of {units.counted(planned, 'rest')} {used} could be used, and it "
            f"takes at least {LEAST_RESTS}: run longer"
        ]
    measured = {estimate.quantile for estimate in impact.estimates if estimate.ratio is not None}
    blind = [
        name
        for name in ("p50", impact.headline)
        if name in measured - {lag.quantile for lag in after.lags if not lag.kind}
    ]
    doubts = []
    if blind:
        doubts.append(
            f"at {' and '.join(blind)} rests hold too few reads to see what PUTs leave behind: read more often"
        )
    if after.seen and impact.basis == "pairs":
        doubts.append(
            "PUTs leave something behind, so quiet windows are not quiet, and rests hold too few reads to stand in for "
            "them: read more often"
        )
    return doubts


def _kinds(impact: Impact, pairs: Sequence[Pair]) -> list[str]:
    written: dict[Kind, int] = {kind: sum(pair.writing.count(kind) for pair in pairs) for kind in KINDS}
    total = max(1, sum(written.values()))
    known = {estimate.quantile for kind in impact.kinds for estimate in kind.estimates if estimate.ratio is not None}
    doubts = []
    for kind in impact.kinds:
        share = written[kind.kind] / total
        unknown = {estimate.quantile for estimate in kind.estimates if estimate.ratio is None}
        if "p50" in unknown and share >= LEAST_SHARE:
            doubts.append(
                f"{units.share(share)} of the reads while writing were answered {kind.kind}, too few of which came "
                "while quiet to compare them with: use another --conditional-share, or fewer users"
            )
            continue
        # If no kind has the quantile, the slowdown is that of all reads together, and nothing was left out of it.
        slow = [
            estimate
            for estimate in impact.felt
            if estimate.quantile in unknown & known and estimate.verdict is Verdict.FAIL and share >= LEAST_MISSING
        ]
        if slow:
            doubts.append(
                f"all reads together are {slow[-1].text} at {slow[-1].quantile}, and windows hold too few answered "
                f"{kind.kind} to tell whether those are slower or only more frequent: read more often"
            )
    return doubts
