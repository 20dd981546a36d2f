"""junit.xml: one case for each question, check and threshold, in the shape that CI systems read."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
import report_summaries
from hypothesis import given
from hypothesis import strategies as st

from loadtest.report.junit import junit
from loadtest.summary.summary import Summary

# Elements, with the attributes and the children that the schema shared by Jenkins, GitLab and GitHub's viewers knows.
SHAPE = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"properties", "testcase", "system-out"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname", "time"}, {"failure", "error", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "system-out": (set(), set()),
}


@pytest.mark.parametrize("name", ["passing", "failing", "inconclusive", "empty"])
def test_reads_as_its_golden_file(golden, name: str) -> None:
    golden(f"{name}.xml", junit(report_summaries.ALL[name]()))


def test_has_the_common_shape(any_summary: Summary) -> None:
    root = ET.fromstring(junit(any_summary))
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = SHAPE[element.tag]
        assert set(element.attrib) == attributes
        assert {child.tag for child in element} <= children
    suite = root[0]
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases)
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
    assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))
    assert suite.attrib["skipped"] == "0"


def test_one_case_for_each_question_check_and_threshold() -> None:
    summary = report_summaries.failing()
    cases = ET.fromstring(junit(summary)).findall("testsuite/testcase")
    groups = [case.attrib["classname"].rsplit(".", maxsplit=1)[1] for case in cases]
    assert groups == ["questions"] * 4 + ["checks"] * len(summary.checks) + ["thresholds"]
    named = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
    assert len(set(named)) == len(named)


def test_failure_holds_the_witness_and_passing_cases_no_failure() -> None:
    cases = ET.fromstring(junit(report_summaries.failing())).findall("testsuite/testcase")
    by_name = {case.attrib["name"]: case for case in cases}
    failure = by_name["Fresh reads (fresh-reads)"].find("failure")
    assert failure.attrib == {"type": "FAIL", "message": "1,332 reads of 5,800 were stale."}
    assert "Reader 0/3 was given version 6" in (failure.text or "")
    assert "at -5.00 ms, took 5.00 ms: write of version 7 (acknowledged)" in (failure.text or "")
    passed = by_name["Whole bodies (whole-bodies)"]
    assert [child.tag for child in passed] == ["system-out"]


def test_inconclusive_is_an_error_and_never_skipped() -> None:
    root = ET.fromstring(junit(report_summaries.inconclusive()))
    assert root.findall(".//failure") == []
    assert {error.attrib["type"] for error in root.findall(".//error")} == {"INCONCLUSIVE"}
    assert len(root.findall(".//error")) == len(root.findall(".//testcase"))
    assert any("ValueError: a <b> & c" in (error.text or "") for error in root.findall(".//error"))


@given(st.text())
def test_any_text_gives_well_formed_xml(text: str) -> None:
    summary = report_summaries.failing()
    check = replace(summary.checks[2], title=text, sentence=text, error=text)
    ET.fromstring(junit(replace(summary, checks=(check,))))
