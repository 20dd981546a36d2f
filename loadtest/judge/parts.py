"""What is judged alike of a run, an object, an address and a place: each has a summary of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from loadtest.judge.checks.witness import MOST_WITNESSES
from loadtest.judge.measure.generator_health import measure_generator
from loadtest.judge.measure.latency import measure_latency
from loadtest.judge.measure.rates import measure_availability
from loadtest.run.history.history import History
from loadtest.run.records import FORMAT_VERSION, Verdict
from loadtest.summary.findings import CheckResult, Question, Witness, worst
from loadtest.summary.summary import Run, Summary

BADNESS: Final = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}


def summary_of(
    history: History,
    run: Run,
    checks: tuple[CheckResult, ...],
    questions: tuple[Question, Question, Question, Question],
    **found: Any,
) -> Summary:
    """What was found, with what is measured of all reads and writes alike; but for the thresholds."""
    return Summary(
        format=FORMAT_VERSION,
        verdict=worst([*(each.verdict for each in questions), *(each.verdict for each in checks)]),
        questions=questions,
        checks=checks,
        latency=history.once(measure_latency),
        availability=history.once(measure_availability),
        generator=history.once(measure_generator),
        thresholds=(),
        run=run,
        **found,
    )


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
    return replace(question, number=replace(question.number, text=f"{question.number.text} {name}"))
