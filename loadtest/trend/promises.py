"""Checks and thresholds over all runs: a promise that held and no longer holds is worse, whatever the numbers are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from loadtest import units
from loadtest.compare.doubts import GENERATOR_CHECK
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary
from loadtest.trend.change_points import SIGNIFICANT
from loadtest.trend.following import Terms
from loadtest.trend.parts import answers_of_parts
from loadtest.trend.records import DECIDED, PromiseTrend, RunPoint
from loadtest.trend.runs import name_of

JUDGING: Final = ("max_staleness", "impact_tolerance")
"""Settings by which promises are judged. Verdicts by other settings show no change."""


def follow_promises(summaries: Sequence[Summary], runs: Sequence[RunPoint], terms: Terms) -> tuple[PromiseTrend, ...]:
    """One trend a check, one a threshold, and one a question at each of several objects, addresses and places."""
    titles: dict[str, str] = {}
    by_run: list[dict[str, Verdict]] = []
    newest = judged_by(summaries[-1])
    for summary in summaries:
        # The check of the load generator is about the test, not about the target.
        own = {check.id: (check.title, check.verdict) for check in summary.checks if check.id != GENERATOR_CHECK}
        own |= answers_of_parts(summaries[-1], summary)
        own |= {f"threshold: {one.expression}": (one.expression, one.verdict) for one in summary.thresholds}
        titles |= {name: title for name, (title, _) in own.items()}
        by_run.append({name: verdict for name, (_, verdict) in own.items()} if judged_by(summary) == newest else {})
    return tuple(
        _followed(name, title, [verdicts.get(name) for verdicts in by_run], runs, terms)
        for name, title in titles.items()
        if any(name in verdicts for verdicts in by_run)
    )


def judged_by(summary: Summary) -> tuple[str, ...]:
    """The settings that the verdicts of a run rest on."""
    return tuple(str(summary.run.settings.get(name)) for name in JUDGING)


def _followed(
    name: str, title: str, verdicts: Sequence[Verdict | None], runs: Sequence[RunPoint], terms: Terms
) -> PromiseTrend:
    since = _worse_since(verdicts, len(runs) - terms.last)
    verdict, sentence, reason = Verdict.PASS, f"{title} did not get worse in the last {terms.last} runs.", ""
    if since is not None:
        failed = sum(one is Verdict.FAIL for one in verdicts[since:])
        earlier = sum(one is Verdict.FAIL for one in verdicts[:since])
        before = f"failed in {units.counted(earlier, 'run')} of {since} before" if earlier else "passed before"
        sentence = (
            f"{title} {before}, and failed in {failed} of {units.counted(len(runs) - since, 'run')} since "
            f"{name_of(runs[since])}."
        )
        covering = (one for one in terms.acknowledged if one.covers(name, runs[since : since + 1]))
        reason = next((one.reason for one in covering), "")
        verdict = Verdict.PASS if reason else Verdict.FAIL
    elif not any(one in DECIDED for one in verdicts):
        verdict, sentence = Verdict.INCONCLUSIVE, f"{title} was undecided in all runs, so nothing is known of it."
    elif _decided_before_only(verdicts, terms.last):
        verdict = Verdict.INCONCLUSIVE
        sentence = f"{title} was decided in earlier runs, and in none of the last {terms.last}."
    elif all(one is Verdict.FAIL for one in verdicts if one in DECIDED) and Verdict.FAIL in verdicts:
        sentence = f"{title} fails in all runs that decide it, so it did not get worse; it is for each run to say."
    return PromiseTrend(name, title, verdict, sentence, tuple(verdicts), since, reason)


def _worse_since(verdicts: Sequence[Verdict | None], first_recent: int) -> int | None:
    """The run with which a promise broke: it fails now and passed before, or it fails at times and never did before.

    One that failed at times before is worse when it fails more often than chance explains.
    """
    decided = [(run, one) for run, one in enumerate(verdicts) if one in DECIDED]
    failing = [run for run, one in decided if one is Verdict.FAIL]
    recent = [run for run in failing if run >= first_recent]
    if not recent:
        return None
    passed_before = any(one is Verdict.PASS for run, one in decided if run < recent[0])
    if recent == failing and passed_before:
        return recent[0]
    streak = [run for run in failing if all(one is Verdict.FAIL for at, one in decided if at >= run)]
    if streak:
        return streak[0] if streak[0] >= first_recent and len(streak) < len(decided) else None
    before = [one is Verdict.FAIL for run, one in decided if run < first_recent]
    now = [one is Verdict.FAIL for run, one in decided if run >= first_recent]
    return recent[0] if _chance(before, now) <= SIGNIFICANT else None


def _chance(before: Sequence[bool], now: Sequence[bool]) -> float:
    """How likely so many of the failures are among those of ``now`` if runs fail as often as before (Fisher's test)."""
    failed = sum(before) + sum(now)
    so_many = range(sum(now), min(len(now), failed) + 1)
    ways = sum(math.comb(len(now), number) * math.comb(len(before), failed - number) for number in so_many)
    return ways / math.comb(len(before) + len(now), failed)


def _decided_before_only(verdicts: Sequence[Verdict | None], last: int) -> bool:
    decided = [one in DECIDED for one in verdicts]
    return any(decided) and not any(decided[-last:])
