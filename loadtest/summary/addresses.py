"""The addresses at which one object was read, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.run.records import Verdict
from loadtest.summary.findings import FORBID_EXTRA


@dataclass(frozen=True)
class AddressRow:
    """One address: what its own readers got."""

    __pydantic_config__ = FORBID_EXTRA

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
