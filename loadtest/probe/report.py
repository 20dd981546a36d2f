"""What a probe showed: every case with its finding, and the verdict on all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from loadtest.probe.model import CaseVerdict, Result
from loadtest.run.records import Verdict

DECISIVE: Final = "if-none-match-current"
"""The case without which nothing is shown: it has to PASS for the whole to pass."""


@dataclass(frozen=True)
class Report:
    """Everything that a probe showed. ``notes`` are sentences about the object: what was put back, what was not."""

    url: str
    kind: str
    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()

    def verdict(self, strict: bool = False) -> Verdict:
        """FAIL for a failed case (strict: or one that deviates); PASS only if the decisive case passed."""
        verdicts = {result.finding.verdict for result in self.results}
        if CaseVerdict.FAIL in verdicts or (strict and CaseVerdict.DEVIATES in verdicts):
            return Verdict.FAIL
        decisive = any(
            result.case.name == DECISIVE and result.finding.verdict is CaseVerdict.PASS for result in self.results
        )
        return Verdict.PASS if decisive and CaseVerdict.INCONCLUSIVE not in verdicts else Verdict.INCONCLUSIVE
