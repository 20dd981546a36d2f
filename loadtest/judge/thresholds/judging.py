"""Compares what was measured with what was demanded: PASS, FAIL, or INCONCLUSIVE and why.

- No data: INCONCLUSIVE.
- A metric that is known as an interval (impact, a consistency window, stale reads where clocks differ): PASS when all
  of it satisfies the condition, FAIL when none of it does, INCONCLUSIVE when it spans the limit.
- A share that must stay below a limit does not pass with fewer than 3 / limit observations, or than the metric demands
  (mostly 100), because nothing in n means only "below 3 in n at 95 % confidence". It may FAIL.
- A latency passes only when the load generator kept its rate and its own delay was small, and fails only when its own
  delay was small: reads that were never sent would have made it worse, not better.
- A slowdown is not called small while anything casts doubt on it, as for the answer to the first question.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Final

from loadtest import units
from loadtest.judge.thresholds.grammar import Comparison, Threshold, parse
from loadtest.judge.thresholds.metric import RECORDED_UNITS, Metric, MetricValue, text_of
from loadtest.judge.thresholds.metrics import METRICS
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import Number, ThresholdResult
from loadtest.summary.summary import Summary

_HOLDS: Final[dict[Comparison, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_WORDS: Final[dict[Comparison, str]] = {
    "<": "below",
    "<=": "at most",
    ">": "above",
    ">=": "at least",
    "==": "equal to",
    "!=": "other than",
}


def evaluate(texts: Sequence[str], summary: Summary, history: History) -> tuple[ThresholdResult, ...]:
    """The result of each condition in ``texts``; ``summary`` must be that of ``history``."""
    return tuple(judge(threshold, summary, history) for text in texts for threshold in parse(text))


def judge(threshold: Threshold, summary: Summary, history: History) -> ThresholdResult:
    metric = METRICS[threshold.metric]
    measured = metric.measure(summary, history, metric.chosen(threshold.arguments))
    name = metric.full_name(threshold.arguments)
    verdict, sentence = _judged(threshold, metric, measured, summary, name[0].upper() + name[1:])
    return ThresholdResult(
        expression=threshold.expression,
        verdict=verdict,
        number=Number(name, measured.value, RECORDED_UNITS[metric.dimension], _text(metric, measured)),
        limit=threshold.limit,
        sentence=sentence,
    )


def _text(metric: Metric, measured: MetricValue) -> str:
    if measured.value is None:
        return units.NOTHING
    return measured.text or text_of(metric.dimension, measured.value)


def _judged(
    threshold: Threshold, metric: Metric, measured: MetricValue, summary: Summary, name: str
) -> tuple[Verdict, str]:
    if measured.value is None:
        return Verdict.INCONCLUSIVE, f"{name} was not measured: {measured.missing}."
    value = measured.value
    holds = _HOLDS[threshold.comparison]
    low, high = (value if end is None else end for end in (measured.low, measured.high))
    nearest = min(max(low, threshold.limit), high)  # of == and != the ends alone do not decide
    satisfied = [holds(end, threshold.limit) for end in (low, nearest, high)]
    fact = f"{name} is {_text(metric, measured)}"
    condition = f"{_WORDS[threshold.comparison]} {threshold.limit_text}"
    if any(satisfied) and not all(satisfied):
        return Verdict.INCONCLUSIVE, f"{fact}: that spans {threshold.limit_text}, so it cannot be called {condition}."
    if not any(satisfied):
        if metric.rests_on_generator and summary.generator.fast_enough is not True:
            return Verdict.INCONCLUSIVE, f"{fact}: not {condition}, but {_lower(summary.generator.sentence)}"
        return Verdict.FAIL, f"{fact}: not {condition}."
    doubt = _doubt(threshold, metric, measured, summary)
    if doubt:
        return Verdict.INCONCLUSIVE, f"{fact}: {condition}, but {doubt}"
    return Verdict.PASS, f"{fact}: {condition}."


def _doubt(threshold: Threshold, metric: Metric, measured: MetricValue, summary: Summary) -> str:
    """Why a condition that holds does not PASS, with a full stop at the end; "" if it passes."""
    if metric.rests_on_generator:
        check = next((check for check in summary.checks if check.id == "load-generator"), None)
        if check is None or check.verdict is not Verdict.PASS:
            return _lower(check.sentence if check else summary.generator.sentence)
    if metric.name == "impact" and threshold.comparison in ("<", "<=") and summary.impact.doubts:
        return f"{summary.impact.doubts[0]}."
    if measured.looked_at is None:
        return ""
    needed = metric.minimum
    if metric.dimension == "share" and threshold.comparison in ("<", "<=") and threshold.limit > 0:
        needed = max(needed, math.ceil(3 / threshold.limit))
    if measured.looked_at < needed:
        return f"that is of {units.count(measured.looked_at)}, and at least {units.count(needed)} are needed to tell."
    return ""


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
