"""What each check counts, and what it tolerates: the unit in every cell, and the limit behind every verdict."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from loadtest import units
from loadtest.judge.checks.availability import TOLERATED_SHARE
from loadtest.summary.findings import CheckResult
from loadtest.summary.summary import Summary

_COUNTED: Final[dict[str, tuple[str, str, str, str]]] = {
    "write-impact": ("pair of windows", "pairs of windows", "quantile too slow", "quantiles too slow"),
    "load-generator": ("sample of its delay", "samples of its delay", "cause for doubt", "causes for doubt"),
    "whole-bodies": ("document", "documents", "not whole", "not whole"),
    "fresh-reads": ("read", "reads", "stale", "stale"),
    "monotonic-reads": ("read", "reads", "back in time", "back in time"),
    "atomic-reads": ("read", "reads", "out of order", "out of order"),
    "phantoms": ("read", "reads", "of no written version", "of no written version"),
    "conditional-get": ("answer", "answers", "fault", "faults"),
    "assumptions": ("read or write", "reads and writes", "broken", "broken"),
    "availability": ("read", "reads", "error", "errors"),
}
"""By check: one and many of what was looked at, one and many of what was found."""


def looked_at(check: CheckResult) -> str:
    """How many of what could have shown a finding."""
    one, many, _, _ = _COUNTED.get(check.id, ("", "", "", ""))
    return units.counted(check.looked_at, one, many) if one else units.count(check.looked_at)


def found(check: CheckResult) -> str:
    """How many of what broke the promise."""
    _, _, one, many = _COUNTED.get(check.id, ("", "", "", ""))
    return units.counted(check.found, one, many) if one else units.count(check.found)


def shown(check: CheckResult) -> str:
    """Which of the findings are shown with what proves them."""
    return "the largest" if check.id in ("fresh-reads", "atomic-reads", "monotonic-reads") else "the first"


def tolerated(summary: Summary, check: CheckResult) -> str:
    """What the verdict of ``check`` was measured against; "" where there is no limit to name."""
    settings = summary.run.settings
    staleness = _nanoseconds(settings.get("max_staleness"))
    if check.id == "write-impact":
        return f"up to {units.ratio(summary.impact.tolerance)}"
    if check.id in ("fresh-reads", "atomic-reads"):
        if staleness is None:
            return ""
        return f"up to {units.duration(staleness)} old" if staleness else "none (0 ms)"
    if check.id == "availability":
        return f"up to {units.share(TOLERATED_SHARE)}"
    return "none" if check.id in ("whole-bodies", "monotonic-reads", "phantoms", "conditional-get") else ""


def _nanoseconds(seconds: JsonValue) -> int | None:
    """A setting in seconds as nanoseconds; None when it was not recorded."""
    return round(seconds * 1e9) if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) else None
