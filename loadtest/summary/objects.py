"""The objects of one run, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.summary.findings import FORBID_EXTRA, Question, QuestionId


@dataclass(frozen=True)
class ObjectRow:
    """One object: what the readers of its addresses got."""

    __pydantic_config__ = FORBID_EXTRA

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
