"""The places that read: a region, a site, a network, each with workers of its own."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.run.records import Verdict
from loadtest.summary.findings import FORBID_EXTRA


@dataclass(frozen=True)
class PlaceRow:
    """One place: what its own workers got."""

    __pydantic_config__ = FORBID_EXTRA

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
