"""What each check counts and tolerates, from its promise: the unit in every cell, the limit behind every verdict.

A summary of another version may hold checks that this one does not know; these have no units.
"""

from __future__ import annotations

from typing import Final

from loadtest.judge.checks.promise import Counted, Promise, no_limit
from loadtest.judge.checks.registry import CHECKS
from loadtest.summary.findings import CheckResult
from loadtest.summary.summary import Summary

_NO_UNIT: Final = Counted("", " ")
_PROMISES: Final = {promise.id: promise for promise, _ in CHECKS}


def _promise(check: CheckResult) -> Promise:
    unknown = Promise(check.id, check.title, check.guarantee, looks_at=_NO_UNIT, finds=_NO_UNIT, tolerated=no_limit)
    return _PROMISES.get(check.id, unknown)


def looked_at(check: CheckResult) -> str:
    """How many of its units the check looked at."""
    return _promise(check).looks_at.text(check.looked_at).rstrip()


def found(check: CheckResult) -> str:
    """How many findings, in its units."""
    return _promise(check).finds.text(check.found).rstrip()


def selection(check: CheckResult) -> str:
    """Which of the findings are shown with their witnesses."""
    return "the largest" if _promise(check).largest_first else "the first"


def tolerated(summary: Summary, check: CheckResult) -> str:
    """What the verdict of ``check`` was measured against; "" where there is no limit to name."""
    judged_with = {**summary.run.settings, "impact_tolerance": summary.impact.tolerance}  # older runs lack the setting
    return _promise(check).tolerated(judged_with)
