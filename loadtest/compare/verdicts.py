"""Verdicts of both runs side by side: what passed and fails now is a regression."""

from __future__ import annotations

from loadtest.compare.rows import Row
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

NOT_THERE = "not there"


def check_rows(base: Summary, new: Summary) -> list[Row]:
    """One row a check, and one a threshold that both runs have."""
    checks = [{check.title: (check.verdict, check.sentence) for check in summary.checks} for summary in (base, new)]
    limits = [
        {limit.expression: (limit.verdict, limit.sentence) for limit in summary.thresholds} for summary in (base, new)
    ]
    return [
        _row(name, *(side.get(name) for side in sides))
        for sides in (checks, limits)
        for name in dict.fromkeys([*sides[0], *sides[1]])
    ]


def question_rows(base: Summary, new: Summary) -> list[Row]:
    """The four answers. They rest on the checks, which are judged, so they are shown only."""
    return [
        Row(after.question, f"{before.verdict}: {before.number.text}", f"{after.verdict}: {after.number.text}")
        for before, after in zip(base.questions, new.questions, strict=True)
    ]


def _row(name: str, base: tuple[Verdict, str] | None, new: tuple[Verdict, str] | None) -> Row:
    if base is None or new is None:
        return Row(name, base[0] if base else NOT_THERE, new[0] if new else NOT_THERE)
    before, after = base[0], new[0]
    return Row(name, before, after, _change(before, after), *judged(name, before, after, new[1]))


def _change(before: Verdict, after: Verdict) -> str:
    if before is after:
        return "as before"
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
    return "better" if order.index(after) > order.index(before) else "worse"


def judged(name: str, before: Verdict, after: Verdict, sentence: str) -> tuple[Verdict, str]:
    """Whether a verdict is a regression, and why it is not a PASS.

    What failed before cannot have become worse. What is undecided now, or was before and fails now, cannot be told.
    """
    if after is Verdict.PASS or before is Verdict.FAIL:
        return Verdict.PASS, ""
    if before is Verdict.PASS and after is Verdict.FAIL:
        return Verdict.FAIL, f"{name} passed and fails now: {sentence}"
    if after is Verdict.FAIL:
        return Verdict.INCONCLUSIVE, f"{name} fails, and was undecided in the base run: {sentence}"
    was = "undecided in both runs" if before is after else "undecided now"
    return Verdict.INCONCLUSIVE, f"{name} is {was}: {sentence}"
