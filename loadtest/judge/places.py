"""What each place saw: every place is judged by the reads of its own workers, and what it FAILs the run FAILs.

Judged together only, a fault near a place with few of the reads would be one of the slowest percent of them, and pass.
A place alone may have too few reads for an answer; that is shown, and decides nothing. A place that read nothing at all
was not measured, so the run does not pass.

**Whether places differ.** In each window, the median response time of a place is divided by that of all others. These
ratios, one a window, have an estimate and an interval (:mod:`loadtest.judge.statistics.signed_rank`), as wide as it
must be for all places of the run to be right together (Bonferroni). An interval that holds 1 shows no difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from loadtest.judge.addresses import is_of_each, of_parts
from loadtest.judge.checks.assumptions import PROMISE as ASSUMPTIONS
from loadtest.judge.measure.latency import response_ns
from loadtest.judge.measure.populations import successful, window_of
from loadtest.judge.parts import got, with_number_of
from loadtest.judge.statistics.signed_rank import CONFIDENCE, shift
from loadtest.run.history.history import Column, Flags, History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Question, ThresholdResult, worst
from loadtest.summary.parts import PlaceRow
from loadtest.summary.summary import Summary

LEAST_READS: Final = 5
"""Reads of both sides that a window must hold for its medians to be compared."""
Result = TypeVar("Result", CheckResult, Question, ThresholdResult)


def with_places(history: History, whole: Summary, judge: Callable[[History], Summary]) -> Summary:
    """``whole`` with a row for each place, and no better than what a place alone FAILs; as it is, where one read."""
    workers = history.info.workers_by_place
    if len(workers) < 2:
        return whole
    parts = {place: judge(history.of_workers(own)) for place, own in workers.items()}
    rows = [_row(history, place, workers[place], part, len(parts)) for place, part in parts.items()]
    silent = [place for place, part in parts.items() if not part.availability.reads]
    checks = tuple(
        _not_passed(_check(check, {place: part.checks[number] for place, part in parts.items()}), silent)
        for number, check in enumerate(whole.checks)
    )
    first, second, third, fourth = (
        _question(question, {place: part.questions[number] for place, part in parts.items()})
        for number, question in enumerate(whole.questions)
    )
    thresholds = tuple(
        _threshold(threshold, {place: part.thresholds[number] for place, part in parts.items()})
        for number, threshold in enumerate(whole.thresholds)
    )
    verdicts = [check.verdict for check in checks] + [threshold.verdict for threshold in thresholds]
    verdicts += [question.verdict for question in (first, second, third, fourth)]
    return replace(
        whole,
        places=tuple(rows),
        checks=checks,
        thresholds=thresholds,
        questions=(first, second, third, fourth),
        verdict=worst([whole.verdict, *verdicts]),
    )


def _check(whole: CheckResult, own: dict[str, CheckResult]) -> CheckResult:
    failing = _failing(own)
    if whole.verdict is Verdict.FAIL or not failing:
        return whole
    return replace(
        whole,
        verdict=Verdict.FAIL,
        sentence=of_parts(failing.items()),
        found=max(whole.found, sum(each.found for each in failing.values())),
        witnesses=next(iter(failing.values())).witnesses,
    )


def _not_passed(check: CheckResult, silent: Sequence[str]) -> CheckResult:
    """The assumptions do not hold where a place read nothing."""
    if check.id != ASSUMPTIONS.id or not silent:
        return check
    sentence = f"No read was made at {' and '.join(silent)}, so nothing is known of what is seen there."
    if check.verdict is not Verdict.PASS:
        sentence = f"{sentence} {check.sentence}"
    return replace(check, verdict=Verdict.INCONCLUSIVE, sentence=sentence, found=check.found + 1)


def _question(whole: Question, own: dict[str, Question]) -> Question:
    failing = _failing(own)
    if whole.verdict is Verdict.FAIL or not failing:
        return whole
    place, first = next(iter(failing.items()))
    number = with_number_of(first, f"at {place}").number
    return replace(whole, verdict=Verdict.FAIL, number=number, sentence=of_parts(failing.items()))


def _threshold(whole: ThresholdResult, own: dict[str, ThresholdResult]) -> ThresholdResult:
    failing = _failing(own)
    if whole.verdict is Verdict.FAIL or not failing or not is_of_each(whole.expression):
        return whole
    number = next(iter(failing.values())).number
    return replace(whole, verdict=Verdict.FAIL, sentence=of_parts(failing.items()), number=number)


def _failing(own: dict[str, Result]) -> dict[str, Result]:
    return {place: result for place, result in own.items() if result.verdict is Verdict.FAIL}


def _row(history: History, place: str, workers: Sequence[int], part: Summary, places: int) -> PlaceRow:
    widths = history.info.clock_uncertainty_ns
    stale = [(row.stale_reads, row.largest_staleness_ns) for row in part.objects] or [
        (part.consistency.stale_reads, part.consistency.staleness_low_ns)
    ]
    ratios = medians_against_others(history, np.isin(history.reads.worker, workers))
    shifted = shift(ratios, 1 - (1 - CONFIDENCE) / places)
    ratio, low, high = (None, None, None) if shifted is None else (round(math.exp(value), 6) for value in shifted)
    of_objects = {
        "stale_reads": sum(reads for reads, _ in stale),
        "largest_staleness_ns": max((low for _, low in stale if low is not None), default=None),
    }
    return PlaceRow(
        place=place,
        workers=len(workers),
        against_others=ratio,
        against_others_low=low,
        against_others_high=high,
        clock_uncertainty_ns=max((widths.get(str(worker), 0) for worker in workers), default=0),
        verdicts=tuple(question.verdict for question in part.questions),  # type: ignore[arg-type]  # there are four
        **(got(part) | of_objects),
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
