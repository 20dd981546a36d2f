"""A run of several objects: each is judged by its own reads and writes, and the run is as good as the worst of them.

What a run promises of versions (fresh, whole, in order, by ETag) it promises of each object, and that a read of one
object is older than a write to another says nothing. So each object is a run of its own to all checks, thresholds and
answers (:func:`loadtest.run.history.objects.history_of_object`). Of all reads together only what is not about versions
is judged: the load, errors, and how much writes slow reads down, whichever object they are written to.

**What the report shows** of response times, errors and the load generator, and what it counts of ETag and 304, is of
all objects. Of slowdown and of old versions it shows the object which answers the question worst, and says of which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Final

import numpy as np

from loadtest.judge.addresses import OF_ALL_OBJECTS, threshold_of_each
from loadtest.judge.checks import assumptions, availability, load_generator, write_impact
from loadtest.judge.measure.impact import measure_impact
from loadtest.judge.measure.latency import response_quantiles
from loadtest.judge.parts import BADNESS, got, slowest, summary_of, with_number_of, witnesses_in_turn
from loadtest.judge.questions import answer
from loadtest.run.history.history import History
from loadtest.run.records import ReadOutcome, Verdict
from loadtest.summary.findings import CheckResult, QuestionId, ThresholdResult, worst
from loadtest.summary.parts import ObjectRow
from loadtest.summary.summary import Run, Summary
from loadtest.summary.versions import Conditional

OF_ALL_READS: Final = frozenset(
    promise.id for promise in (assumptions.PROMISE, load_generator.PROMISE, write_impact.PROMISE, availability.PROMISE)
)
"""Checks that are made of all objects together as well: they look at no version."""


def of_objects(history: History, run: Run, together: Sequence[CheckResult], parts: Sequence[Summary]) -> Summary:
    """The summary of a run, but for its thresholds, of the ``parts``, each of an object's own.

    ``together`` are the checks of all reads (``OF_ALL_READS``).
    """
    names = list(history.info.objects)
    of_all = {check.id: check for check in together}
    checks = tuple(
        _check(of_all.get(own[0].id), own, names) for own in zip(*(part.checks for part in parts), strict=True)
    )
    slow, stalest = _slowest(of_all, parts), _stalest(parts)
    impact = history.once(measure_impact) if slow is None else parts[slow].impact
    consistency, conditional = parts[stalest].consistency, _conditional(history, parts)
    first, second, third, fourth = answer(checks, impact, consistency, conditional)
    first = first if slow is None else with_number_of(first, f"({names[slow]})")
    questions = (first, second, with_number_of(third, f"({names[stalest]})"), fourth)
    return summary_of(
        history,
        run,
        checks,
        questions,
        consistency=consistency,
        conditional=conditional,
        impact=impact,
        addresses=tuple(row for part in parts for row in part.addresses),
        objects=tuple(
            _row(history, number, part, _shown_for(number, slow, stalest)) for number, part in enumerate(parts)
        ),
    )


def counted_together(summary: Summary, parts: Sequence[Summary]) -> Summary:
    """``summary`` with the counts that a threshold may be on, and their share, of all objects; the rest is of each."""
    writes, reads, stale = (
        sum(getattr(part.consistency, name) for part in parts) for name in ("writes", "reads", "stale_reads")
    )
    share = round(stale / reads, 9) if reads else None
    consistency = replace(summary.consistency, writes=writes, reads=reads, stale_reads=stale, stale_share=share)
    return replace(summary, consistency=consistency)


def with_thresholds(
    summary: Summary, together: Sequence[ThresholdResult], parts: Sequence[Summary], names: Sequence[str]
) -> Summary:
    """``summary`` with each threshold as it holds for all reads together and, if it is on no count, of each object."""
    thresholds = tuple(
        threshold_of_each(each, [part.thresholds[place] for part in parts], names, OF_ALL_OBJECTS)
        for place, each in enumerate(together)
    )
    verdict = worst([summary.verdict, *(each.verdict for each in thresholds)])
    return replace(summary, thresholds=thresholds, verdict=verdict)


def _check(of_all: CheckResult | None, own: Sequence[CheckResult], names: Sequence[str]) -> CheckResult:
    """One check of the run: as bad as that of its worst object, or of all reads together, where that is made."""
    judged = [*own, *([] if of_all is None else [of_all])]
    verdict = worst([one.verdict for one in judged])
    deciding = [(name, one) for name, one in zip(names, own, strict=True) if one.verdict is verdict]
    if of_all is not None and (verdict is Verdict.PASS or not deciding):
        sentence = of_all.sentence
    else:
        sentence = " ".join(f"{name}: {one.sentence}" for name, one in deciding)
    found = sum(one.found for one in own)
    numbers = [
        replace(number, name=f"{number.name} ({name})")
        for name, one in zip(names, own, strict=True)
        for number in one.numbers
    ]
    shown = deciding if verdict is Verdict.FAIL else list(zip(names, own, strict=True))
    return replace(
        own[0],
        verdict=verdict,
        sentence=sentence,
        looked_at=sum(one.looked_at for one in own) if of_all is None else of_all.looked_at,
        found=found if of_all is None else max(found, of_all.found),
        numbers=tuple(numbers) if of_all is None else of_all.numbers,
        witnesses=witnesses_in_turn(shown) or (() if of_all is None else of_all.witnesses),
        error=next((one.error for one in judged if one.error), ""),
    )


def _slowest(of_all: dict[str, CheckResult], parts: Sequence[Summary]) -> int | None:
    """The object whose slowdown answers the first question; None where that of all reads together is worse than any."""
    question = parts[place := slowest(parts)].questions[0]
    together = worst([of_all[check].verdict for check in question.checks if check in of_all])
    return None if BADNESS[together] > BADNESS[question.verdict] else place


def _stalest(parts: Sequence[Summary]) -> int:
    """The object that answers how long readers see the old version; of several that are as bad the first."""

    def stale(place: int) -> tuple[int, int, int]:
        found = parts[place].consistency
        return BADNESS[parts[place].questions[2].verdict], found.longest_window_ns or -1, found.stale_reads

    return max(range(len(parts)), key=stale)


def _shown_for(number: int, slow: int | None, stalest: int) -> tuple[QuestionId, ...]:
    shown: list[QuestionId] = ["impact"] if number == slow else []
    return (*shown, "freshness") if number == stalest else tuple(shown)


def _conditional(history: History, parts: Sequence[Summary]) -> Conditional:
    """What ETag and If-None-Match did at all objects: counts are sums."""
    each = [part.conditional for part in parts]
    counts = {
        field.name: sum(getattr(one, field.name) for one in each)
        for field in fields(Conditional)
        if isinstance(getattr(each[0], field.name), int)
    }
    whole = replace(
        each[0],
        **counts,
        response_200=response_quantiles(history, "200"),
        response_304=response_quantiles(history, "304"),
    )
    every = whole.bytes_saved + whole.bytes_received
    return replace(whole, saved_share=round(whole.bytes_saved / every, 9) if every else None)


def _row(history: History, number: int, part: Summary, shown_for: tuple[QuestionId, ...]) -> ObjectRow:
    key, own = list(history.info.objects.items())[number]
    addresses = [history.info.addresses[place] for place in own]
    other = (history.reads.outcome == ReadOutcome.OTHER_OBJECT.value) & np.isin(history.reads.address, own)
    return ObjectRow(
        object_key=key,
        urls=tuple(url for url, _ in addresses),
        weight=sum(weight for _, weight in addresses),
        writes=part.consistency.writes,
        slowdown=part.impact.at_headline.ratio,
        of_other_objects=int(np.count_nonzero(other)),
        answers=part.questions,
        shown_for=shown_for,
        **got(part),
    )
