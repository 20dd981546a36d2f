"""The four questions: the worst verdict of the checks that an answer rests on, a number, and a sentence."""

from __future__ import annotations

from typing import Final

from loadtest import units
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number, Question, QuestionId, worst
from loadtest.summary.speed import Impact
from loadtest.summary.versions import SAVED_SHARE, Conditional, Consistency

QUESTIONS: Final[dict[QuestionId, tuple[str, tuple[str, ...]]]] = {
    "impact": ("Do writes slow reads down?", ("write-impact", "load-generator")),
    "whole": ("Is every read whole?", ("whole-bodies",)),
    "freshness": (
        "How long do readers see the old version?",
        ("fresh-reads", "monotonic-reads", "atomic-reads", "phantoms", "visible-writes"),
    ),
    "conditional": ("Is ETag honoured, and what does it save?", ("conditional-get",)),
}
"""Each question with the checks that its answer rests on; the sentence of the first one is its answer."""


def answer(
    checks: tuple[CheckResult, ...], impact: Impact, consistency: Consistency, conditional: Conditional
) -> tuple[Question, Question, Question, Question]:
    by_id = {check.id: check for check in checks}
    numbers = {
        "impact": _impact_number(impact),
        "whole": _whole_number(by_id["whole-bodies"]),
        "freshness": _freshness_number(consistency),
        "conditional": _conditional_number(conditional),
    }

    def ask(question: QuestionId) -> Question:
        text, rests_on = QUESTIONS[question]
        results = [by_id[check] for check in rests_on]
        verdict = worst([result.verdict for result in results])
        return Question(question, text, verdict, numbers[question], _sentence(results, verdict), rests_on)

    return ask("impact"), ask("whole"), ask("freshness"), ask("conditional")


def _sentence(results: list[CheckResult], verdict: Verdict) -> str:
    """What the first check says and, if others decide the verdict, what those say."""
    decisive = [result.sentence for result in results if result.verdict is verdict]
    if verdict is Verdict.PASS or results[0].verdict is verdict:
        return decisive[0] if verdict is not Verdict.FAIL else " ".join(dict.fromkeys(decisive))
    return " ".join(dict.fromkeys([*decisive, results[0].sentence]))


def _impact_number(impact: Impact) -> Number:
    headline = impact.at_headline
    label = "A/A control: " if impact.control else ""
    what = "near a publication / just before" if impact.basis == "publications" else "while writing / while quiet"
    return Number(f"response time {what}, {impact.headline}", headline.ratio, "ratio", label + headline.text)


def _whole_number(check: CheckResult) -> Number:
    share = round(check.found / check.looked_at, 9) if check.looked_at else None
    text = units.share(share) if check.found else units.none_found(check.looked_at)
    return Number("share of documents that are not whole", share, "share", text)


def _freshness_number(consistency: Consistency) -> Number:
    longest = consistency.longest_window_ns
    if longest is not None:
        text = units.duration(longest)
        if any(window.censored and window.last_stale_ns == longest for window in consistency.windows):
            text = f"at least {text} (the run ended before it did)"
        return Number("longest consistency window", longest, "ns", text)
    return Number("share of stale reads", consistency.stale_share, "share", units.none_found(consistency.reads))


def _conditional_number(conditional: Conditional) -> Number:
    if not conditional.conditional_reads:
        return Number(SAVED_SHARE, None, "share", units.NOTHING)
    saved, wrongly = conditional.saved_share, conditional.bytes_saved_wrongly
    text = units.share(saved)
    if wrongly:
        times = units.counted(conditional.stale_not_modified, "time")
        text += f" ({units.size(wrongly)} of it wrongly: {times} a 304 for an outdated copy)"
    return Number(SAVED_SHARE, saved, "share", text)
