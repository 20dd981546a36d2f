"""The promise that a check checks: its name, what it counts and what it tolerates, and how its result is made.

A report takes all that it says of a check from its promise and its result, so a new check is one file and one line in
the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydantic import JsonValue

from loadtest import units
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number, Witness


class Counted(NamedTuple):
    """The noun for what is counted, in singular and plural."""

    one: str
    many: str

    def text(self, count: int) -> str:
        return units.counted(count, self.one, self.many)


Limit = Callable[[Mapping[str, JsonValue]], str]
"""From the settings of a run to what is tolerated in it, in words; "" for a check without a limit."""


def nothing(_settings: Mapping[str, JsonValue]) -> str:
    """For a check that tolerates no finding."""
    return "none"


def no_limit(_settings: Mapping[str, JsonValue]) -> str:
    """For a check without a limit."""
    return ""


def tolerated_staleness(settings: Mapping[str, JsonValue]) -> str:
    """For a check that tolerates old versions for as long as the run was told to."""
    seconds = settings.get("max_staleness")
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return ""  # it was not recorded
    return f"up to {units.duration(round(seconds * units.SECOND))} old" if seconds else "none (0 ms)"


def count_number(name: str, count: int) -> Number:
    return Number(name, count, "count", units.count(count))


READS: Final = Counted("read", "reads")
FINDINGS: Final = Counted("finding", "findings")


@dataclass(frozen=True)
class Promise:
    """What a check is about."""

    id: str
    title: str
    guarantee: str
    looks_at: Counted = READS
    finds: Counted = FINDINGS
    tolerated: Limit = nothing
    compares_clocks: bool = False  # it compares times of different processes, so an uncertain clock can hide findings
    largest_first: bool = False  # its witnesses are those of the largest findings; else of the first

    def result(
        self,
        verdict: Verdict,
        sentence: str,
        *,
        looked_at: int,
        found: int,
        numbers: tuple[Number, ...] = (),
        witnesses: tuple[Witness, ...] = (),
    ) -> CheckResult:
        """The result of this check. ``looked_at`` and ``found`` as in ``summary/findings.py``."""
        return CheckResult(
            self.id, self.title, self.guarantee, verdict, sentence, looked_at, found, numbers, witnesses, error=""
        )

    def crashed(self, error: Exception) -> CheckResult:
        """The result of a check that crashed: nothing is known, so it does not pass."""
        text = f"{type(error).__name__}: {error}"
        sentence = "This check broke off, so it says nothing about the run; please report its error."
        return CheckResult(
            self.id, self.title, self.guarantee, Verdict.INCONCLUSIVE, sentence, 0, 0, (), (), error=text
        )
