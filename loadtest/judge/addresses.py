"""A run at several addresses: each is judged by its own reads, and the run is as good as the worst of them.

Judged together only, a fault at an address with few of the reads would be one of the slowest percent of them, or less
than a thousandth of the errors, and pass. So all checks, thresholds and questions are judged for each address, by its
own reads and all writes, and then for all reads together; the worst verdict counts.

**Old after new, across addresses.** An address promises never to go back only to those who ask it. With a gateway and
the CDN in front of it, a reader of one may see what a reader of the other will see only later, and neither has broken a
promise. So *no new-old inversions* is judged at each address by itself, and reads that are older than what a read at
another address had returned are counted beside it. A read that is certainly stale is stale at whichever address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from loadtest.judge.checks import atomic_reads
from loadtest.judge.checks.monotonic_reads import inversions
from loadtest.judge.checks.promise import count_number
from loadtest.judge.parts import BADNESS, got, slowest, with_number_of, witnesses_in_turn
from loadtest.judge.questions import answer
from loadtest.judge.thresholds.grammar import parse
from loadtest.judge.thresholds.metrics import METRICS
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Question, ThresholdResult, Witness, worst
from loadtest.summary.parts import AddressRow
from loadtest.summary.summary import Summary

APART: Final = atomic_reads.PROMISE.id
"""The check of what each address promises for itself only."""
_OF_THE_RUN: Final = frozenset({"duration", "loop_delay", "write_errors"})
OF_ALL_OBJECTS: Final = _OF_THE_RUN - {"write_errors"}
"""Of several objects each has writes of its own; several addresses of one object share them."""
_OF_EACH: Final = frozenset({"duration", "share", "ratio"})


def of_parts(results: Iterable[tuple[str, CheckResult | Question | ThresholdResult]]) -> str:
    """What was said of each address, or of each place, in one text."""
    return " ".join(f"At {name}: {result.sentence}" for name, result in results)


def of_addresses(history: History, whole: Summary, parts: Sequence[Summary]) -> Summary:
    """``whole``, the summary of all reads, with the worst verdicts of the ``parts``, one for each address."""
    names = [url for url, _ in history.info.addresses]
    older = _older_than_elsewhere(history, parts)
    checks = tuple(
        _check(check, [part.checks[place] for part in parts], names, sum(older))
        for place, check in enumerate(whole.checks)
    )
    slow = _slowest(whole, parts)
    impact = whole.impact if slow is None else parts[slow].impact
    first, second, third, fourth = answer(checks, impact, whole.consistency, whole.conditional)
    first = first if slow is None else with_number_of(first, f"(at {names[slow]})")
    thresholds = tuple(
        threshold_of_each(each, [part.thresholds[place] for part in parts], names)
        for place, each in enumerate(whole.thresholds)
    )
    questions = (first, second, third, fourth)
    verdicts = [each.verdict for each in questions] + [each.verdict for each in checks]
    return replace(
        whole,
        checks=checks,
        questions=questions,
        thresholds=thresholds,
        verdict=worst(verdicts + [each.verdict for each in thresholds]),
        addresses=tuple(_row(part, older[place], *history.info.addresses[place]) for place, part in enumerate(parts)),
    )


def _older_than_elsewhere(history: History, parts: Sequence[Summary]) -> list[int]:
    """For each address: reads of a version older than one that a read, at another address only, had returned before."""
    at = history.reads.address[history.once(inversions)]
    own = [next(check for check in part.checks if check.id == APART) for part in parts]
    counts = [next((int(one.value or 0) for one in check.numbers if one.name == "inversions"), 0) for check in own]
    return [int(np.count_nonzero(at == place)) - count for place, count in enumerate(counts)]


def _check(whole: CheckResult, own: Sequence[CheckResult], names: Sequence[str], older: int) -> CheckResult:
    apart = whole.id == APART
    verdict = worst([*(one.verdict for one in own), *([] if apart else [whole.verdict])])
    deciding = [(name, one) for name, one in zip(names, own, strict=True) if one.verdict is verdict]
    alike = not apart and verdict is not Verdict.FAIL and whole.verdict is verdict and len(deciding) == len(own)
    if apart and verdict is Verdict.PASS:
        looked_at = sum(one.looked_at for one in own)
        sentence = f"None of {looked_at:,} reads returned an older version than a read before it at its own address."
    elif verdict is Verdict.PASS or alike:
        sentence = whole.sentence
    elif deciding:
        sentence = of_parts(deciding)
    else:
        sentence = f"At all addresses together: {whole.sentence}"
    found_by_parts = sum(one.found for one in own)
    result = replace(
        whole,
        verdict=verdict,
        sentence=sentence,
        found=found_by_parts if apart else max(whole.found, found_by_parts),
        witnesses=_witnesses(whole, deciding if verdict is Verdict.FAIL else []),
        error=next((one.error for one in (whole, *own) if one.error), ""),
    )
    if not apart:
        return result
    across = count_number("reads older than one at another address before them", older)
    inside = count_number("inversions at one address", found_by_parts)
    return replace(result, looked_at=sum(one.looked_at for one in own), numbers=(inside, across))


def _witnesses(whole: CheckResult, deciding: Sequence[tuple[str, CheckResult]]) -> tuple[Witness, ...]:
    """The first of each address that decides, in turn; those of all together where none does."""
    if not deciding:
        return () if whole.id == APART else whole.witnesses
    return witnesses_in_turn((f"At {name}", one) for name, one in deciding)


def _slowest(whole: Summary, parts: Sequence[Summary]) -> int | None:
    """The address whose slowdown answers the first question; None where that of all together is the worst."""
    question = parts[place := slowest(parts)].questions[0]
    return None if BADNESS[whole.questions[0].verdict] > BADNESS[question.verdict] else place


def is_of_each(expression: str, of_the_run: frozenset[str] = _OF_THE_RUN) -> bool:
    """Whether a condition must hold for each part of the reads: one on a time, a share or a ratio must."""
    (threshold,) = parse(expression)
    return METRICS[threshold.metric].dimension in _OF_EACH and threshold.metric not in of_the_run


def threshold_of_each(
    whole: ThresholdResult,
    own: Sequence[ThresholdResult],
    names: Sequence[str],
    of_the_run: frozenset[str] = _OF_THE_RUN,
) -> ThresholdResult:
    """A condition on a time, a share or a ratio must hold at each address; one on a count or rate for all."""
    if not is_of_each(whole.expression, of_the_run):
        return whole
    verdict = worst([whole.verdict, *(one.verdict for one in own)])
    deciding = [(name, one) for name, one in zip(names, own, strict=True) if one.verdict is verdict]
    if verdict is whole.verdict or not deciding:
        return whole
    return replace(whole, verdict=verdict, sentence=of_parts(deciding), number=deciding[0][1].number)


def _row(part: Summary, older: int, url: str, weight: int) -> AddressRow:
    return AddressRow(
        url=url,
        weight=weight,
        slowdown=part.impact.at_headline.ratio,
        older_than_elsewhere=older,
        verdicts=tuple(question.verdict for question in part.questions),  # type: ignore[arg-type]  # there are four
        **got(part),
    )
