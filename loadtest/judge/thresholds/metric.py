"""What a metric is: its dimension, the choices of its arguments, how it is measured, and what it measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from loadtest import units
from loadtest.judge.evidence import MINIMUM_READS
from loadtest.run.history.history import History
from loadtest.summary.findings import Unit
from loadtest.summary.summary import Summary

Dimension = Literal["duration", "share", "ratio", "count", "rate", "bytes"]
RECORDED_UNITS: Final[dict[Dimension, Unit]] = {
    "duration": "ns",
    "share": "share",
    "ratio": "ratio",
    "count": "count",
    "rate": "per_second",
    "bytes": "bytes",
}


@dataclass(frozen=True)
class MetricValue:
    """A metric of one run. ``low`` and ``high`` are set where it is known as an interval only."""

    value: float | None
    text: str = ""
    low: float | None = None
    high: float | None = None
    looked_at: int | None = None  # what a share is a share of
    missing: str = ""  # why there is no value


Measure = Callable[[Summary, History, tuple[str, ...]], MetricValue]


@dataclass(frozen=True)
class Metric:
    """One metric. ``arguments`` holds the choices for each argument; arguments may come in any order."""

    name: str
    dimension: Dimension
    definition: str  # a noun phrase, ready for a sentence
    measure: Measure
    arguments: tuple[tuple[str, ...], ...] = ()
    needs_argument: bool = False  # otherwise each argument may be left out, and its first choice counts
    is_interval: bool = False
    rests_on_generator: bool = False  # a slow load generator makes it wrong
    minimum: int = MINIMUM_READS  # so many must be looked at before a share can pass

    def full_name(self, arguments: tuple[str, ...]) -> str:
        """The definition with its arguments."""
        return f"{self.definition} ({', '.join(self.chosen(arguments))})" if self.arguments else self.definition

    def chosen(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """One choice for each argument, in the order of the definition."""
        return tuple(next((a for a in arguments if a in choices), choices[0]) for choices in self.arguments)


def text_of(dimension: Dimension, value: float) -> str:
    match dimension:
        case "duration":
            return units.duration(value)
        case "share":
            return units.share(value)
        case "ratio":
            return units.ratio(value)
        case "rate":
            return units.rate(value)
        case "bytes":
            return units.size(value)
        case "count":
            return units.count(round(value))
