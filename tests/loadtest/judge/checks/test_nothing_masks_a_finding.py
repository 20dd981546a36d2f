"""What is proved stays FAIL: whoever else was writing, whatever was lost, and whichever check broke off."""

import pytest
from altered import ended
from history_language import history, padding, run_info

from loadtest.judge.analyse import summarise
from loadtest.judge.checks.registry import CHECKS
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import QuestionId

ENOUGH = padding(10_000, 4)
FINDINGS: dict[str, tuple[str, QuestionId]] = {
    "a stale read": ("r1[31 40]", "freshness"),
    "a reader that goes back": ("a:r2[31 32] a:r1[33 34]", "freshness"),
    "a new-old inversion": ("a:r2[25 26] b:r1[27 40]", "freshness"),
    "a stale 304": ("n1[31 40]", "freshness"),
    "a lost write": ("r1[31 40] w3[50 60] r3[61 62]", "freshness"),
    "a phantom": ("r99[31 40]", "freshness"),
    "a torn document": ("torn[31 40]", "whole"),
    "a document cut short": ("truncated[31 40]", "whole"),
    "an error page with 200": ("unrecognised[31 40]", "whole"),
    "a rewritten document": ("rewritten[31 40]", "whole"),
    "more than any document": ("oversized[31 40]", "whole"),
    "the ETag of another version": ("etag-mismatch2[31 40 etag=1]", "conditional"),
    "two ETags by turns": ("r2[31 40 etag=-3]", "conditional"),
    "a 304 without an ETag": ("n2[31 40 etag=none]", "conditional"),
    "a 200 where 304 was due": ("r2[31 40 sent=2]", "conditional"),
}
OBSTACLES = {
    "nothing": ENOUGH,
    "somebody else": f"{ENOUGH} " + " ".join(f"foreign[{50 + n} {60 + n}]" for n in range(7)),
    "too little": "",
    "errors": f"{ENOUGH} " + " ".join(f"error[{5_000 + n} {5_001 + n}]" for n in range(100)),
    "overlaps in a session": f"{ENOUGH} z:r2[100 200] z:r2[150 250]",
    "an end that was cut short, with records lost": ENOUGH,
}
CUT_SHORT = ended(run_info(), recovered=True, lost=True, reason="killed")


@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("finding", FINDINGS)
def test_a_proven_finding_fails_its_question_whatever_stands_beside_it(finding: str, obstacle: str) -> None:
    text, question = FINDINGS[finding]
    third = "" if "w3[" in text else "w3[9_000 9_001]"
    info = CUT_SHORT if "cut short" in obstacle else run_info()
    summary = summarise(history(f"w1[0 10] w2[20 30] {text} {third} {OBSTACLES[obstacle]}", info=info))
    assert summary.verdict is Verdict.FAIL
    assert next(each.verdict for each in summary.questions if each.id == question) is Verdict.FAIL


@pytest.mark.parametrize("broken", [promise.id for promise, _ in CHECKS])
def test_a_check_that_breaks_off_hides_only_itself(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def breaks_off(_: History) -> None:
        raise RuntimeError("broken off")

    checks = [(promise, breaks_off if promise.id == broken else check) for promise, check in CHECKS]
    monkeypatch.setattr("loadtest.judge.analyse.CHECKS", checks)
    run = history(f"w1[0 10] w2[20 30] r1[31 40] torn[41 50] r2[51 60 etag=none] w3[61 62] {ENOUGH}")
    summary = summarise(run)
    failed = {check.id for check in summary.checks if check.verdict is Verdict.FAIL}
    assert {"fresh-reads", "whole-bodies", "conditional-get"} - {broken} <= failed
    assert summary.verdict is Verdict.FAIL
