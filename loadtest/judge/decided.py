"""What is still undecided at a look, in a run that may end as soon as all is decided.

- **What one operation proves** (a stale read, a torn body, a lost write, a 304 that should not be): FAIL at once, and
  for good. If nothing was found, the check passes with the least evidence that it demands; looking again does not make
  it pass more easily, because what was found stays found.
- **How much writes slow reads down** is a number with noise: the intervals of this History are those of its looks
  (:mod:`loadtest.judge.measure.interval_tails`), so the verdict is a decision.
- **How often reads fail** is decided when the interval of the share, as sure as this look must be, lies on one side of
  what is tolerated, at each object, address and place too. A target that does not answer at the moment may come back.
- **Thresholds** on what can only grow are decided once the limit is passed, those on a slowdown by its interval. One on
  a number without an interval (a latency, a share, a rate) is about the whole run, so it is not decided before the end.
"""

from __future__ import annotations

from typing import Final

from loadtest.judge.checks.availability import PROMISE as AVAILABILITY
from loadtest.judge.checks.availability import TOLERATED_SHARE
from loadtest.judge.measure.interval_tails import tails_of
from loadtest.judge.statistics.intervals import clopper_pearson
from loadtest.judge.statistics.signed_rank import reaches
from loadtest.judge.statistics.spending import Tails
from loadtest.judge.thresholds.grammar import Threshold, parse
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, ThresholdResult
from loadtest.summary.summary import Summary

GROWING: Final = frozenset(
    {"max", "window.max", "staleness.max", "stale_reads", "longest_gap", "reads", "writes", "pairs", "duration",
     "bytes_received"}
)  # fmt: skip
"""Metrics that never become smaller while a run goes on."""
RATIOS: Final = frozenset({"impact", "overlap"})


def undecided(summary: Summary, history: History) -> tuple[str, ...]:
    """The ids of the checks, and the thresholds, that are not decided; ``summary`` must be that of ``history``."""
    tails = history.once(tails_of)
    checks = [check.id for check in summary.checks if not _is_decided(check, summary, tails)]
    thresholds = [threshold for text in history.info.settings.thresholds for threshold in parse(text)]
    results = zip(thresholds, summary.thresholds, strict=True)
    return (
        *checks,
        *(one.expression for threshold, one in results if not _threshold_is_decided(threshold, one, summary, tails)),
    )


def _is_decided(check: CheckResult, summary: Summary, tails: Tails) -> bool:
    if check.verdict is Verdict.INCONCLUSIVE:
        return False
    if check.id != AVAILABILITY.id:
        return True
    counts = [(row.errors, row.reads) for row in summary.addresses]
    counts += [(row.errors, row.reads) for row in summary.places]
    counts += [(row.errors, row.reads) for row in summary.objects]
    shares = [clopper_pearson(*of_part, *tails) for of_part in ((check.found, check.looked_at), *counts)]
    if check.verdict is Verdict.PASS:
        return all(high <= TOLERATED_SHARE for _, high in shares)
    return any(low > TOLERATED_SHARE for low, _ in shares)


def _threshold_is_decided(threshold: Threshold, result: ThresholdResult, summary: Summary, tails: Tails) -> bool:
    if result.verdict is Verdict.INCONCLUSIVE:
        return False
    if threshold.metric in RATIOS:
        return reaches(summary.impact.pairs_used, min(tails))
    if threshold.metric not in GROWING or threshold.comparison in ("==", "!="):
        return False
    return threshold.comparison in ("<", "<=") or result.verdict is Verdict.PASS
