"""Verdicts of both runs side by side: what passed in the base run and fails in the new one is a regression."""

from __future__ import annotations

from typing import Final

from loadtest.compare.rows import Row
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

NOT_THERE: Final = "not there"
_Judged = tuple[Verdict, str]
_WITHOUT: Final = (Verdict.INCONCLUSIVE, "one of the two runs was not checked for it.")
"""How a check counts in a run that does not have it: it was not tried, and not trying is not passing."""


def check_rows(base: Summary, new: Summary) -> list[Row]:
    """One row for each check and each threshold; a threshold that only one run has is shown only."""
    checks = [{check.title: (check.verdict, check.sentence) for check in run.checks} for run in (base, new)]
    limits = [{limit.expression: (limit.verdict, limit.sentence) for limit in run.thresholds} for run in (base, new)]
    rows = [_row(name, *(side.get(name) for side in checks)) for name in {**checks[0], **checks[1]}]
    for name in {**limits[0], **limits[1]}:
        row = _row(name, *(side.get(name) for side in limits))
        rows.append(row if NOT_THERE not in (row.base, row.new) else Row(name, row.base, row.new))
    return rows


def question_rows(base: Summary, new: Summary) -> list[Row]:
    """The four answers. They rest on the checks, which are judged, so they are shown only."""
    return [
        Row(after.question, f"{before.verdict}: {before.number.text}", f"{after.verdict}: {after.number.text}")
        for before, after in zip(base.questions, new.questions, strict=True)
    ]


def _row(name: str, base: _Judged | None, new: _Judged | None) -> Row:
    before, (after, sentence) = (base or _WITHOUT)[0], new or _WITHOUT
    change = _change(before, after) if base and new else ""
    shown = before if base else NOT_THERE, after if new else NOT_THERE
    return Row(name, *shown, change, *judged(name, before, after, sentence))


def _change(before: Verdict, after: Verdict) -> str:
    if before is after:
        return "as before"
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
    return "better" if order.index(after) > order.index(before) else "worse"


def judged(name: str, before: Verdict, after: Verdict, sentence: str) -> tuple[Verdict, str]:
    """Whether a verdict is a regression, and why it is not a PASS.

    What failed before cannot have become worse. If either run is undecided, a FAIL or an open verdict in the new one
    shows nothing.
    """
    if after is Verdict.PASS or before is Verdict.FAIL:
        return Verdict.PASS, ""
    if before is Verdict.PASS and after is Verdict.FAIL:
        return Verdict.FAIL, f"{name} passed and fails now: {sentence}"
    if after is Verdict.FAIL:
        return Verdict.INCONCLUSIVE, f"{name} fails, and was undecided in the base run: {sentence}"
    was = "undecided in both runs" if before is after else "undecided now"
    return Verdict.INCONCLUSIVE, f"{name} is {was}: {sentence}"
