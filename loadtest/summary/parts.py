"""The parts of a run side by side: its objects, the addresses at which one object was read, the places that read."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.run.records import Verdict
from loadtest.summary.findings import Question, QuestionId, Record


@dataclass(frozen=True)
class ObjectRow(Record):
    """One object: what the readers of its addresses got."""

    object_key: str
    urls: tuple[str, ...]  # as they may be shown
    weight: int  # of its addresses together
    writes: int  # acknowledged after its first version
    reads: int
    errors: int
    p50_ns: int | None  # response time of successful reads
    p95_ns: int | None
    p99_ns: int | None
    slowdown: float | None  # while writing / while quiet, at the headline quantile
    stale_reads: int
    largest_staleness_ns: int | None  # at least so stale was the stalest; None: no read was
    of_other_objects: int  # reads that returned a whole document of another object of the run
    not_modified_share: float | None  # of what 304 could have answered
    answers: tuple[Question, Question, Question, Question]  # for this object alone
    shown_for: tuple[QuestionId, ...]  # the questions whose figures in the report are those of this object


@dataclass(frozen=True)
class AddressRow(Record):
    """One address: what its own readers got."""

    url: str  # without secrets
    weight: int
    reads: int
    errors: int
    p50_ns: int | None  # response time of successful reads
    p95_ns: int | None
    p99_ns: int | None
    slowdown: float | None  # while writing / while quiet, at the headline quantile
    stale_reads: int
    largest_staleness_ns: int | None  # the stalest read was at least so stale; None: none was stale
    older_than_elsewhere: int  # reads of a version older than what a read at another address had returned before
    not_modified_share: float | None  # of what 304 could have answered
    verdicts: tuple[Verdict, Verdict, Verdict, Verdict]  # of the four questions, in their order, for this address alone


@dataclass(frozen=True)
class PlaceRow(Record):
    """One place: what its own workers got."""

    place: str
    workers: int
    reads: int
    errors: int
    p50_ns: int | None  # response time of successful reads
    p95_ns: int | None
    p99_ns: int | None
    against_others: float | None  # its median response time ÷ that of all other places, window by window
    against_others_low: float | None  # the interval holds the truth for all places at once in 95 % of runs
    against_others_high: float | None
    stale_reads: int
    largest_staleness_ns: int | None  # the stalest read was at least so stale; None: none was stale
    not_modified_share: float | None  # of what 304 could have answered
    clock_uncertainty_ns: int  # the largest of its workers; 0: their clock is the master's
    verdicts: tuple[Verdict, Verdict, Verdict, Verdict]  # of the four questions, in their order, for this place alone
