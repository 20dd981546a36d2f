"""The results of judging a run: numbers with their text, witnesses, checks, thresholds, and the four questions.

These records hold plain values only, so that they can be written to ``summary.json`` and read back unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from loadtest.run.records import Verdict

Unit = Literal["ns", "ratio", "share", "count", "bytes", "per_second", "none"]
"""Unit of a machine-readable value. A share is a fraction between 0 and 1."""

SHOWN: Final = "shown"
"""The outcome of a write of somebody else, of which a HEAD that does not show it is known, and one that does."""


class Record:
    """A record that is written as JSON and read back: a field that it does not have is an error then."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True)
class Number(Record):
    """One value for machines, and the same for people."""

    name: str  # what it measures, in words: "write impact at p99"
    value: float | int | None  # None: it could not be measured
    unit: Unit
    text: str  # with its unit and, where there is one, its interval


@dataclass(frozen=True)
class Operation(Record):
    """One operation of a witness. Times are relative to the moment that the witness names."""

    kind: Literal["read", "write"]
    version: int  # written, or read; -1: none
    called_ns: int
    returned_ns: int | None  # None: it never returned (a write of unknown outcome)
    session: str  # "worker/session" of a read; "writer" of a write, "publisher" of a watched one
    status: int | None  # HTTP status of a read; 0 = transport error; None for a write
    outcome: str  # as in run.json, e.g. "whole", "not-modified", "acked"; "shown" of a write that HEADs showed
    # version that If-None-Match named; -1 = unconditional, -2 not known, -3 by an ETag changed since, -5 undecided
    sent_version: int
    etag_version: int  # version that the answer's ETag names; -1 none, -2 not known, -3 a second one of that version
    request_id: str  # x-amzn-RequestId of the answer; "" if there is none
    widening_ns: int = 0  # how much of a read's time is the uncertainty of its worker's clock


@dataclass(frozen=True)
class Witness(Record):
    """The operations that prove one finding, in order of time, and one sentence why."""

    sentence: str
    relative_to: str  # what time 0 of the operations is: "acknowledgement of write 7"
    at_ns: int  # when time 0 was, in ns since the origin of the run
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class CheckResult(Record):
    """What one check found. A check that crashed, or had too little to look at, is INCONCLUSIVE."""

    id: str
    title: str
    guarantee: str  # the promise that was checked, in one sentence
    verdict: Verdict
    sentence: str  # what was found
    looked_at: int  # reads (or whatever the check is about) that could have shown a finding
    found: int  # all findings; witnesses are of a few of them
    numbers: tuple[Number, ...]
    witnesses: tuple[Witness, ...]
    error: str  # why a check crashed; "" otherwise


QuestionId = Literal["impact", "whole", "freshness", "conditional"]


@dataclass(frozen=True)
class Question(Record):
    """One of the four questions with its answer."""

    id: QuestionId
    question: str
    verdict: Verdict
    number: Number
    sentence: str
    checks: tuple[str, ...]  # ids of the checks that the answer rests on


@dataclass(frozen=True)
class ThresholdResult(Record):
    """One ``--threshold`` expression, evaluated. Without data it is INCONCLUSIVE, never PASS."""

    expression: str
    verdict: Verdict
    number: Number
    limit: float
    sentence: str


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts; INCONCLUSIVE if there is none, as skipping is never passing."""
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if verdicts else Verdict.INCONCLUSIVE
