"""What each place saw: every place is judged by the reads of its own workers, and what it FAILs the run FAILs.

Judged together alone, a fault near a place with few of the reads would be one of the slowest percent of them, and pass.
A place alone may have too few reads for an answer; that is shown, and decides nothing.

**Whether places differ.** In each window, the median response time of a place is divided by that of all others. These
ratios, one a window, have an estimate and an interval (:mod:`loadtest.judge.statistics.signed_rank`), as wide as it
must be for all places of the run to be right together (Bonferroni). An interval that holds 1 shows no difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from loadtest.judge.addresses import is_of_each
from loadtest.judge.measure.latency import response_ns
from loadtest.judge.measure.populations import successful, window_of
from loadtest.judge.statistics.signed_rank import CONFIDENCE, Shift, shift
from loadtest.run.history import Column, Flags, History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Question, ThresholdResult, worst
from loadtest.summary.places import PlaceRow
from loadtest.summary.summary import Summary

LEAST_READS: Final = 5
"""So many reads of both sides are needed in a window for its medians to be compared."""


def with_places(history: History, whole: Summary, judge: Callable[[History], Summary]) -> Summary:
    """``whole`` with a row for each place, and no better than what a place alone FAILs; as it is, where one read."""
    workers = history.info.workers_by_place
    if len(workers) < 2:
        return whole
    parts = {place: judge(history.of_workers(own)) for place, own in workers.items()}
    rows = [_row(history, place, workers[place], part, len(parts)) for place, part in parts.items()]
    checks = tuple(_check(check, number, parts) for number, check in enumerate(whole.checks))
    first, second, third, fourth = (_question(each, number, parts) for number, each in enumerate(whole.questions))
    thresholds = tuple(_threshold(each, number, parts) for number, each in enumerate(whole.thresholds))
    verdicts = [whole.verdict, *(check.verdict for check in checks), first.verdict, second.verdict]
    verdicts += [each.verdict for each in thresholds]
    return replace(
        whole,
        places=tuple(rows),
        checks=checks,
        thresholds=thresholds,
        questions=(first, second, third, fourth),
        verdict=worst([*verdicts, third.verdict, fourth.verdict]),
    )


def _check(check: CheckResult, number: int, parts: dict[str, Summary]) -> CheckResult:
    failing = {
        place: part.checks[number] for place, part in parts.items() if part.checks[number].verdict is Verdict.FAIL
    }
    if check.verdict is Verdict.FAIL or not failing:
        return check
    sentence = " ".join(f"At {place}: {each.sentence}" for place, each in failing.items())
    witnesses = next(iter(failing.values())).witnesses
    found = sum(each.found for each in failing.values())
    return replace(check, verdict=Verdict.FAIL, sentence=sentence, found=max(check.found, found), witnesses=witnesses)


def _question(question: Question, number: int, parts: dict[str, Summary]) -> Question:
    own = {place: part.questions[number] for place, part in parts.items()}
    failing = {place: each for place, each in own.items() if each.verdict is Verdict.FAIL}
    if question.verdict is Verdict.FAIL or not failing:
        return question
    sentence = " ".join(f"At {place}: {each.sentence}" for place, each in failing.items())
    place, first = next(iter(failing.items()))
    shown = replace(first.number, text=f"{first.number.text} at {place}")
    return replace(question, verdict=Verdict.FAIL, number=shown, sentence=sentence)


def _threshold(whole: ThresholdResult, number: int, parts: dict[str, Summary]) -> ThresholdResult:
    failing = {
        place: part.thresholds[number]
        for place, part in parts.items()
        if part.thresholds[number].verdict is Verdict.FAIL
    }
    if whole.verdict is Verdict.FAIL or not failing or not is_of_each(whole.expression):
        return whole
    sentence = " ".join(f"At {place}: {each.sentence}" for place, each in failing.items())
    return replace(whole, verdict=Verdict.FAIL, sentence=sentence, number=next(iter(failing.values())).number)


def _row(history: History, place: str, workers: Sequence[int], part: Summary, places: int) -> PlaceRow:
    every = next(row.response for row in part.latency.rows if row.population == "all")
    conditional, widths = part.conditional, history.info.clock_uncertainty_ns
    could = conditional.could_have_been
    ratios = medians_against_others(history, np.isin(history.reads.worker, workers))
    found: Shift | None = shift(ratios, 1 - (1 - CONFIDENCE) / places)
    ratio, low, high = (None, None, None) if found is None else (round(math.exp(value), 6) for value in found)
    return PlaceRow(
        place=place,
        workers=len(workers),
        reads=part.availability.reads,
        errors=part.availability.errors,
        p50_ns=every.p50_ns,
        p95_ns=every.p95_ns,
        p99_ns=every.p99_ns,
        against_others=ratio,
        against_others_low=low,
        against_others_high=high,
        stale_reads=part.consistency.stale_reads,
        largest_staleness_ns=part.consistency.staleness_low_ns,
        not_modified_share=round(conditional.not_modified / could, 9) if could else None,
        clock_uncertainty_ns=max((widths.get(str(worker), 0) for worker in workers), default=0),
        verdicts=tuple(question.verdict for question in part.questions),  # type: ignore[arg-type]  # there are four
    )


def medians_against_others(history: History, here: Flags) -> Column:
    """For each window with enough reads on both sides: the logarithm of the ratio of their median response times."""
    window, took = history.once(window_of), history.once(response_ns)
    counted = np.flatnonzero(history.once(successful) & (window >= 0))
    counted = counted[np.argsort(window[counted], kind="stable")]
    ratios = []
    for reads in np.split(counted, np.flatnonzero(np.diff(window[counted])) + 1):
        own, others = took[reads[here[reads]]], took[reads[~here[reads]]]
        if min(len(own), len(others)) >= LEAST_READS:
            ratios.append(math.log(max(1.0, float(np.median(own))) / max(1.0, float(np.median(others)))))
    return np.array(ratios)
