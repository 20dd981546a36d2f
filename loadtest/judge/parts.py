"""What is judged alike of an object, an address and a place: each is a part of a run with a summary of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from loadtest.judge.checks.witness import MOST_WITNESSES
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Question, Witness
from loadtest.summary.summary import Summary

BADNESS: Final = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}


def got(part: Summary) -> dict[str, Any]:
    """What the readers of a part got: the fields that the rows of all kinds of parts have in common."""
    every = next(row.response for row in part.latency.rows if row.population == "all")
    conditional = part.conditional
    could = conditional.could_have_been
    return {
        "reads": part.availability.reads,
        "errors": part.availability.errors,
        "p50_ns": every.p50_ns,
        "p95_ns": every.p95_ns,
        "p99_ns": every.p99_ns,
        "stale_reads": part.consistency.stale_reads,
        "largest_staleness_ns": part.consistency.staleness_low_ns,
        "not_modified_share": round(conditional.not_modified / could, 9) if could else None,
    }


def slowest(parts: Sequence[Summary]) -> int:
    """The part that answers the first question worst; of several that are as bad the one with the largest slowdown."""

    def slow(place: int) -> tuple[int, float]:
        return BADNESS[parts[place].questions[0].verdict], parts[place].impact.at_headline.ratio or 0.0

    return max(range(len(parts)), key=slow)


def witnesses_in_turn(of_each: Iterable[tuple[str, CheckResult]]) -> tuple[Witness, ...]:
    """The first witness of each part, then the second of each, …; every one says of which part it is."""
    each = [[replace(seen, sentence=f"{name}: {seen.sentence}") for seen in one.witnesses] for name, one in of_each]
    in_turn = [seen for place in range(MOST_WITNESSES) for own in each for seen in own[place : place + 1]]
    return tuple(in_turn[:MOST_WITNESSES])


def with_number_of(question: Question, name: str) -> Question:
    """``question``, whose number is that of one part."""
    return replace(question, number=replace(question.number, text=f"{question.number.text} {name}"))
