"""The parts of a slowdown: its estimates, kinds of answer and their mix, and what PUTs leave behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loadtest.run.records import Verdict
from loadtest.summary.findings import Record


@dataclass(frozen=True)
class ImpactEstimate(Record):
    """Ratio of response time while writing to while quiet, at one quantile, over pairs of windows."""

    quantile: Literal["p50", "p90", "p99"]
    ratio: float | None
    low: float | None  # 95 % interval
    high: float | None
    pairs: int
    more_pairs: int | None  # about how many more pairs would settle an INCONCLUSIVE; None: settled, or not known
    verdict: Verdict
    text: str


@dataclass(frozen=True)
class KindImpact(Record):
    """The slowdown of the reads of one kind of answer."""

    kind: Literal["200", "304"]
    reads: int  # in the windows that are used
    least_reads: int  # in the used window that holds the fewest
    estimates: tuple[ImpactEstimate, ...]
    note: str  # what could not be compared or judged; "" when all was


@dataclass(frozen=True)
class AnswerMix(Record):
    """How the kinds of answer are mixed while quiet and while writing: no slowdown of the target, but felt."""

    quiet_share: float  # of whole documents (200) among the successful reads
    writing_share: float
    quiet_p50_ns: int | None  # of all kinds together
    cost_p50_ns: int | None  # what the other mix alone adds to that
    sentence: str


@dataclass(frozen=True)
class LagEstimate(Record):
    """Response time of the reads due so long after a PUT, divided by that at the level which no PUT touches."""

    quantile: Literal["p50", "p90", "p99"]
    from_ns: int  # since the last PUT returned
    to_ns: int
    reads: int
    rests: int
    ratio: float
    low: float  # interval over rests, widened so that 95 % holds for all lags together
    high: float
    verdict: Verdict
    kind: Literal["", "200", "304"] = ""  # of the reads; "": of both kinds, put together


@dataclass(frozen=True)
class AfterEffect(Record):
    """What PUTs leave behind, from the rests of the run."""

    rests: int  # that are used
    rest_ns: int  # from the last PUT to the end of a rest, usually
    untouched_ns: tuple[int | None, int | None, int | None]  # p50, p90 and p99 at the end of the rests
    lags: tuple[LagEstimate, ...]
    writing: tuple[ImpactEstimate, ...]  # writing windows against the untouched level; over rests
    opening: LagEstimate | None  # the untouched level against the rest before the first PUT
    seen: bool  # PUTs certainly leave something behind, so quiet windows are not quiet
    doubts: tuple[str, ...]
    sentence: str
