"""A check has a promise that it checks: its name, what it counts and what it tolerates; its result says what was found.

Whatever a report says of a check beside its result is said here, so a new check is one file and one line in the
registry.
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
    """What is counted, in words: one of it, and many."""

    one: str
    many: str

    def text(self, count: int) -> str:
        """So many of it."""
        return units.counted(count, self.one, self.many)


Limit = Callable[[Mapping[str, JsonValue]], str]
"""From the settings of a run to what is tolerated in it, in words; "" where there is no limit to name."""


def nothing(_settings: Mapping[str, JsonValue]) -> str:
    """The limit of a check that tolerates no finding."""
    return "none"


def no_limit(_settings: Mapping[str, JsonValue]) -> str:
    """That of a check that has none to name."""
    return ""


def tolerated_staleness(settings: Mapping[str, JsonValue]) -> str:
    """That of a check that tolerates old versions for a while."""
    seconds = settings.get("max_staleness")
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return ""  # it was not recorded
    return f"up to {units.duration(round(seconds * 1e9))} old" if seconds else "none (0 ms)"


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
    compares_clocks: bool = False  # it tells which of two processes came first
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
        """The result when the check itself broke: nothing is known, so it is not passed."""
        text = f"{type(error).__name__}: {error}"
        sentence = "This check broke off, so it says nothing about the run; please report its error."
        return CheckResult(
            self.id, self.title, self.guarantee, Verdict.INCONCLUSIVE, sentence, 0, 0, (), (), error=text
        )
