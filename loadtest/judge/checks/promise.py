"""A check has a name and a promise that it checks; its result always carries both, even when it crashed."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number, Witness


@dataclass(frozen=True)
class Promise:
    """What a check is about."""

    id: str
    title: str
    guarantee: str

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
