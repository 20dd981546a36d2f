"""``junit.xml``: one test case for each question, check and threshold, for whatever shows test results in CI.

In a run of several objects there is one for each question of each object, too.

FAIL is a ``failure``. INCONCLUSIVE is an ``error`` and not ``skipped``: viewers count skipped cases as well, and what
was not proved has not passed. The text of either holds the sentence and the witnesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from loadtest.cleaned import clean
from loadtest.report.operations import operation_text, operation_times
from loadtest.report.wording import about, checks_of, notes
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number, Witness
from loadtest.summary.summary import Summary

_SUITE: Final = "read-model"


@dataclass(frozen=True)
class Case:
    """One line of a test view."""

    group: str
    name: str
    verdict: Verdict
    sentence: str
    details: tuple[str, ...]


def junit(summary: Summary) -> str:
    cases = [*_questions(summary), *_objects(summary), *_checks(summary), *_thresholds(summary)]
    about_it = {"run": summary.run.id, "started": summary.run.started, "verdict": summary.verdict.value}
    return suite_of(cases, about_it, [about(summary), *notes(summary)], f"{summary.run.duration_ns / 1e9:.3f}")


def suite_of(cases: Sequence[Case], properties: Mapping[str, str], output: Iterable[str], seconds: str = "0") -> str:
    """A file of cases, with properties and lines of output that belong to all of them."""
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.verdict is Verdict.FAIL for case in cases)),
        "errors": str(sum(case.verdict is Verdict.INCONCLUSIVE for case in cases)),
    }
    suites = ET.Element("testsuites", {"name": _SUITE, **counts, "time": seconds})
    suite = ET.SubElement(suites, "testsuite", {"name": _SUITE, **counts, "skipped": "0", "time": seconds})
    listed = ET.SubElement(suite, "properties")
    for name, value in properties.items():
        ET.SubElement(listed, "property", {"name": name, "value": clean(value)})
    for case in cases:
        _add(suite, case)
    ET.SubElement(suite, "system-out").text = _lines(output)
    ET.indent(suites, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _add(suite: ET.Element, case: Case) -> None:
    attributes = {"classname": f"{_SUITE}.{case.group}", "name": clean(case.name), "time": "0"}
    element = ET.SubElement(suite, "testcase", attributes)
    if case.verdict is Verdict.PASS:
        ET.SubElement(element, "system-out").text = _lines([case.sentence, *case.details])
        return
    tag = "failure" if case.verdict is Verdict.FAIL else "error"
    result = ET.SubElement(element, tag, {"type": case.verdict.value, "message": clean(case.sentence)})
    result.text = _lines([case.sentence, *case.details])


def _questions(summary: Summary) -> Iterable[Case]:
    for question in summary.questions:
        details = [_number(question.number)]
        for check in checks_of(summary, question):
            if check.verdict is not Verdict.PASS:
                details += [f"{check.title}: {check.verdict.value}. {check.sentence}", *_witnesses(check.witnesses)]
        yield Case("questions", question.question, question.verdict, question.sentence, tuple(details))


def _objects(summary: Summary) -> Iterable[Case]:
    for row in summary.objects:
        for answer in row.answers:
            name = f"{row.object_key}: {answer.question}"
            yield Case("objects", name, answer.verdict, answer.sentence, (_number(answer.number),))


def _checks(summary: Summary) -> Iterable[Case]:
    for check in summary.checks:
        yield Case("checks", f"{check.title} ({check.id})", check.verdict, check.sentence, tuple(_details(check)))


def _details(check: CheckResult) -> Iterable[str]:
    yield f"Promised: {check.guarantee}"
    yield f"Looked at {check.looked_at:,}, found {check.found:,}."
    if check.error:
        yield f"The check broke off: {check.error}"
    yield from map(_number, check.numbers)
    yield from _witnesses(check.witnesses)


def _thresholds(summary: Summary) -> Iterable[Case]:
    for threshold in summary.thresholds:
        details = (_number(threshold.number),)
        yield Case("thresholds", threshold.expression, threshold.verdict, threshold.sentence, details)


def _number(number: Number) -> str:
    return f"{number.name}: {number.text}"


def _witnesses(witnesses: Iterable[Witness]) -> Iterable[str]:
    for witness in witnesses:
        yield f"Witness: {witness.sentence} Times are counted from the {witness.relative_to}:"
        for operation in witness.operations:
            yield f"  {operation_times(operation)}: {operation_text(operation)}"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(map(clean, lines))
